import { describeTransport } from '../../../test/contracts/transport.contract.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';

describeTransport('a TCP transport', () => {
  const world = new TcpWorld();
  return {
    start: (node, limits) => world.start(node, { limits: { ...limits } }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});
