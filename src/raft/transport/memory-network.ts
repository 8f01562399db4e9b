import { assert } from '../../base/assert.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { MemoryNodePort, type MemoryNodePortOptions } from './memory-node-port.ts';
import type { MemoryTransport, MemoryTransportLimits } from './memory-transport.ts';
import type { NodeNumber } from './transport.ts';

/** How a {@link MemoryNetwork} behaves. */
export interface MemoryNetworkOptions {
  /** Calls back later, in order: one turn of the event loop, or one step of a test. */
  readonly defer: (callback: () => void) => void;
  /** For the deadlines of calls; the machine's, unless it is told otherwise. */
  readonly clock?: Clock;
}

/**
 * Nodes in one process. What they say to each other passes through the frames of a real network and arrives in order, in a later turn; only a link that was
 * cut loses anything.
 */
export class MemoryNetwork {
  readonly defer: (callback: () => void) => void;
  readonly clock: Clock;
  readonly #ports = new Map<string, MemoryNodePort>();
  /** Between nodes by their numbers, between guests' ports by their addresses. */
  readonly #cut = new Set<string>();

  constructor({ defer, clock = systemClock }: MemoryNetworkOptions) {
    this.defer = defer;
    this.clock = clock;
  }

  /** Puts a port on the network; one that was at this address before must be closed. */
  port(address: string, options: MemoryNodePortOptions = {}): MemoryNodePort {
    assert(!this.#ports.has(address), `${address} is on the network already`);
    const port = new MemoryNodePort(address, this, options);
    this.#ports.set(address, port);
    return port;
  }

  /** A node whose address follows from its number; one that was there before must be closed. */
  transport(node: NodeNumber, limits: MemoryTransportLimits = {}): MemoryTransport {
    const addressOf = (other: NodeNumber): string => `node-${other}:7000`;
    return this.port(addressOf(node), limits).join({ node, cluster: 'a cluster', addressOf });
  }

  /** From now on nothing goes from one node, or address, to another; the other direction is apart. */
  cut(from: NodeNumber | string, to: NodeNumber | string): void {
    this.#cut.add(`${from}>${to}`);
  }

  mend(from: NodeNumber | string, to: NodeNumber | string): void {
    this.#cut.delete(`${from}>${to}`);
  }

  /** Cuts or mends all links of a node, both ways. */
  isolate(node: NodeNumber, isIsolated: boolean): void {
    for (const { member } of this.#ports.values()) {
      if (member === undefined) continue;
      const other = member.node;
      for (const [from, to] of [[node, other] as const, [other, node] as const]) {
        if (isIsolated) this.cut(from, to);
        else this.mend(from, to);
      }
    }
  }

  /** The node's transport where bytes get there now. @internal */
  reach(from: MemoryTransport, to: NodeNumber): MemoryTransport | undefined {
    if (this.#cut.has(`${from.node}>${to}`) || from.hasForgotten(to)) return undefined;
    const member = this.#ports.get(from.addressOf(to) ?? '')?.member;
    return member?.takes(from, to) === true ? member : undefined;
  }

  /** Whether nobody listens where the node should be, as who asks there is told. @internal */
  isVacant(from: MemoryTransport, to: NodeNumber): boolean {
    const address = from.addressOf(to);
    return (
      !this.#cut.has(`${from.node}>${to}`) && address !== undefined && !this.#ports.has(address)
    );
  }

  /** As {@link reach}. @internal @throws {VectorDbError} UNAVAILABLE */
  reachOrThrow(from: MemoryTransport, to: NodeNumber): MemoryTransport {
    const transport = this.reach(from, to);
    if (transport === undefined) {
      throw new VectorDbError('UNAVAILABLE', `node ${to} cannot be reached`);
    }
    return transport;
  }

  /** Whether bytes of a node get here now. @internal */
  isReached(here: MemoryTransport, from: NodeNumber): boolean {
    const sender = this.#ports.get(here.addressOf(from) ?? '')?.member;
    return sender?.node === from && this.reach(sender, here.node) === here;
  }

  /** The port at an address where bytes get there now. @internal */
  reachAddress(from: string, to: string): MemoryNodePort | undefined {
    return this.#cut.has(`${from}>${to}`) ? undefined : this.#ports.get(to);
  }

  /** @internal */
  remove(port: MemoryNodePort): void {
    if (this.#ports.get(port.address) !== port) return;
    this.#ports.delete(port.address);
    const { member } = port;
    if (member === undefined) return;
    const { node } = member;
    for (const { member: other } of this.#ports.values()) {
      const isLinked =
        other?.addressOf(node) === port.address && !this.#cut.has(`${node}>${other.node}`);
      if (isLinked) this.defer(() => other.lost(node));
    }
  }
}
