import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { MemoryTransport } from './memory-transport.ts';
import type { NodeNumber } from './transport.ts';

/** How a {@link MemoryNetwork} behaves. */
export interface MemoryNetworkOptions {
  /** Calls back later, in order: one turn of the event loop, or one step of a test. */
  readonly defer: (callback: () => void) => void;
}

/** Messages that may wait for one node, unless it is told otherwise. */
const QUEUE_MESSAGES_MAX = 10_000;

/**
 * Nodes in one process. What they say to each other passes through the frames of a real network and arrives in order, in a later turn; only a link that was
 * cut loses anything.
 */
export class MemoryNetwork {
  readonly defer: (callback: () => void) => void;
  readonly #transports = new Map<NodeNumber, MemoryTransport>();
  readonly #cut = new Set<string>();

  constructor({ defer }: MemoryNetworkOptions) {
    this.defer = defer;
  }

  /** Puts a node on the network, for which at most so many messages to another one may wait; one that was there before must be closed. */
  transport(
    node: NodeNumber,
    { queueMessagesMax = QUEUE_MESSAGES_MAX }: { readonly queueMessagesMax?: number } = {},
  ): MemoryTransport {
    assert(!this.#transports.has(node), `node ${node} is on the network already`);
    const transport = new MemoryTransport(node, this, queueMessagesMax);
    this.#transports.set(node, transport);
    return transport;
  }

  /** From now on nothing goes from one node to another; the other direction is apart. */
  cut(from: NodeNumber, to: NodeNumber): void {
    this.#cut.add(`${from}>${to}`);
  }

  mend(from: NodeNumber, to: NodeNumber): void {
    this.#cut.delete(`${from}>${to}`);
  }

  /** Cuts or mends all links of a node, both ways. */
  isolate(node: NodeNumber, isIsolated: boolean): void {
    for (const other of this.#transports.keys()) {
      for (const [from, to] of [[node, other] as const, [other, node] as const]) {
        if (isIsolated) this.cut(from, to);
        else this.mend(from, to);
      }
    }
  }

  /** The node's transport where bytes get there now. @internal */
  reach(from: NodeNumber, to: NodeNumber): MemoryTransport | undefined {
    return this.#cut.has(`${from}>${to}`) ? undefined : this.#transports.get(to);
  }

  /** As {@link reach}. @internal @throws {VectorDbError} UNAVAILABLE */
  reachOrThrow(from: NodeNumber, to: NodeNumber): MemoryTransport {
    const transport = this.reach(from, to);
    if (transport === undefined) {
      throw new VectorDbError('UNAVAILABLE', `node ${to} cannot be reached`);
    }
    return transport;
  }

  /** @internal */
  remove(node: NodeNumber): void {
    this.#transports.delete(node);
  }
}
