import { systemClock } from '../../../src/base/clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { NodeAddress } from '../../../src/raft/transport/link-context.ts';
import {
  TcpTransport,
  type TcpTransportOptions,
} from '../../../src/raft/transport/tcp-transport.ts';
import type { TransportEvent } from '../../../src/raft/transport/transport-event.ts';
import type { NodeNumber } from '../../../src/raft/transport/transport.ts';

/** Nodes of one cluster over the loopback interface, each on a free port that the others are told. */
export class TcpWorld implements AsyncDisposable {
  readonly addresses = new Map<NodeNumber, NodeAddress>();
  /** What any node logged, in order. */
  readonly events: TransportEvent[] = [];
  readonly #common: Partial<TcpTransportOptions>;
  readonly #started: TcpTransport[] = [];

  /** @param common - of all nodes */
  constructor(common: Partial<TcpTransportOptions> = {}) {
    this.#common = common;
  }

  /** @param own - of this node alone */
  async start(node: NodeNumber, own: Partial<TcpTransportOptions> = {}): Promise<TcpTransport> {
    const transport = await TcpTransport.open({
      node,
      cluster: 'a cluster',
      token: 'a secret of many letters',
      host: '127.0.0.1',
      port: 0,
      addressOf: (other) => this.addresses.get(other),
      clock: systemClock,
      random: seededRandom(node),
      log: (event) => this.events.push(event),
      ...this.#common,
      ...own,
      limits: { backoffMinMs: 1, backoffMaxMs: 5, ...this.#common.limits, ...own.limits },
    });
    this.addresses.set(node, { host: '127.0.0.1', port: transport.port });
    this.#started.push(transport);
    return transport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((transport) => transport[Symbol.asyncDispose]()));
  }
}
