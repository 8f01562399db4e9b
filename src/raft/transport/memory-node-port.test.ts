import { describeNodePort } from '../../../test/contracts/node-port.contract.ts';
import { MemoryNetwork } from './memory-network.ts';

describeNodePort('a memory port', () => {
  const network = new MemoryNetwork({ defer: setImmediate });
  const addresses = new Map<number, string>();
  let opened = 0;
  return {
    open: ({ token = 'a secret' } = {}) => {
      opened += 1;
      const address = `port-${opened}:7000`;
      return Promise.resolve({ port: network.port(address, { token }), address });
    },
    join: ({ port, address }, node, cluster = 'a cluster') => {
      addresses.set(node, address);
      return port.join({ node, cluster, addressOf: (other) => addresses.get(other) });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
});
