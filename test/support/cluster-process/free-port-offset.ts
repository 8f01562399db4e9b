import { randomInt } from 'node:crypto';
import { localNodes } from '../../../scripts/cluster/local-node.ts';
import { isFree } from './free-port.ts';

/** With these all ports lie below those that systems give to outgoing connections. */
const FIRST = 15_000;
const BEYOND = 22_000;
const TRIES_MAX = 100;

/** What is to be added to the ports of `npm run cluster` with so many nodes, so that nobody listens on any of them. */
export async function freePortOffset(count: number): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const portOffset = randomInt(FIRST, BEYOND);
    const nodes = localNodes({
      count,
      portOffset,
      dataDirectory: '',
      configurations: '',
      extraFlags: [],
    });
    const ports = nodes
      .flatMap(({ rest, grpc, metrics, raft }) => [rest, grpc, metrics, raft])
      .map((address) => Number(address.slice(address.lastIndexOf(':') + 1)));
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return portOffset;
  }
  throw new Error(`no free ports found in ${TRIES_MAX} tries`);
}
