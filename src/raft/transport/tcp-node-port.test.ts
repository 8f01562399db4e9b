import { describeNodePort } from '../../../test/contracts/node-port.contract.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import type { TcpNodePort } from './tcp-node-port.ts';

describeNodePort('a TCP port', () => {
  const world = new TcpWorld();
  const ports = new Map<string, TcpNodePort>();
  return {
    open: async (options) => {
      const port = await world.open(options);
      const address = `127.0.0.1:${port.port}`;
      ports.set(address, port);
      return { port, address };
    },
    join: ({ port, address }, node, cluster) => {
      const own = ports.get(address);
      if (own !== port) throw new Error('it is a port of this world');
      return world.join(own, node, cluster);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});
