import { systemClock } from '../../../src/base/clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { NodeAddress } from '../../../src/raft/transport/node-address.ts';
import { TcpNodePort, type TcpNodePortOptions } from '../../../src/raft/transport/tcp-node-port.ts';
import type { TcpTransport } from '../../../src/raft/transport/tcp-transport.ts';
import type { TransportEvent } from '../../../src/raft/transport/transport-event.ts';
import type { NodeNumber } from '../../../src/raft/transport/transport.ts';

/** What differs from the other nodes. */
export type TcpNodeOptions = Partial<TcpNodePortOptions> & { readonly cluster?: string };

/** By the machine's own clock, a machine that has other things to do loses no connection. */
const PATIENCE = {
  handshakeMs: 60_000,
  stallMs: 60_000,
  callConnectMs: 60_000,
  guestMs: 60_000,
} as const;

/** Nodes of one cluster over the loopback interface, each on a free port that the others are told. */
export class TcpWorld implements AsyncDisposable {
  readonly addresses = new Map<NodeNumber, NodeAddress>();
  /** What any node logged, in order. */
  readonly events: TransportEvent[] = [];
  readonly #common: TcpNodeOptions;
  readonly #ports: TcpNodePort[] = [];

  /** @param common - of all nodes */
  constructor(common: TcpNodeOptions = {}) {
    this.#common = common;
  }

  /** A port that belongs to no cluster yet. */
  async open(own: TcpNodeOptions = {}): Promise<TcpNodePort> {
    const port = await TcpNodePort.open({
      token: 'a secret of many letters',
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      random: seededRandom(1),
      log: (event) => this.events.push(event),
      ...this.#common,
      ...own,
      limits: {
        backoffMinMs: 1,
        backoffMaxMs: 5,
        ...((own.clock ?? this.#common.clock) === undefined && PATIENCE),
        ...this.#common.limits,
        ...own.limits,
      },
    });
    this.#ports.push(port);
    return port;
  }

  /** @param own - of this node alone */
  async start(node: NodeNumber, own: TcpNodeOptions = {}): Promise<TcpTransport> {
    return this.join(await this.open({ random: seededRandom(node), ...own }), node, own.cluster);
  }

  /** From now on the others reach the node at this port. */
  join(port: TcpNodePort, node: NodeNumber, cluster = 'a cluster'): TcpTransport {
    this.addresses.set(node, { host: '127.0.0.1', port: port.port });
    return port.join({
      node,
      cluster: this.#common.cluster ?? cluster,
      addressOf: (other) => {
        const address = this.addresses.get(other);
        return address === undefined ? undefined : `${address.host}:${address.port}`;
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ports.map((port) => port[Symbol.asyncDispose]()));
  }
}
