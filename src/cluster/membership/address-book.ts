import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { MemberNode } from '../catalog/cluster-state.ts';
import type { MemberAddress } from './guest-message.ts';

/**
 * Where the other nodes are: as the catalog says, unless a node answered elsewhere since: all may have moved before any of them could tell the catalog.
 */
export class AddressBook {
  readonly #told = new Map<NodeNumber, string>();
  readonly #met = new Map<NodeNumber, string>();

  constructor(members: readonly MemberAddress[] = []) {
    for (const { node, address } of members) this.#told.set(node, address);
  }

  /** `host:port`; undefined: nobody has told. */
  addressOf(node: NodeNumber): string | undefined {
    return this.#met.get(node) ?? this.#told.get(node);
  }

  /** All addresses that are known, without repeats. */
  get addresses(): readonly string[] {
    return [...new Set([...this.#met.values(), ...this.#told.values()])];
  }

  /** The node itself answered there. */
  meet(node: NodeNumber, address: string): void {
    if (this.addressOf(node) !== address) this.#met.set(node, address);
  }

  /** Someone says so: counts where nothing is known yet. */
  hear(members: readonly MemberAddress[]): void {
    for (const { node, address } of members) {
      if (!this.#told.has(node)) this.#told.set(node, address);
    }
  }

  /** The catalog says so; an address that is new in it replaces where the node was met. */
  follow(nodes: Iterable<MemberNode>): void {
    for (const { number, raftAddress } of nodes) {
      const before = this.#told.get(number);
      if (before === raftAddress) continue;
      this.#told.set(number, raftAddress);
      // The first word of the catalog after a start may be older than the meeting.
      if (before !== undefined) this.#met.delete(number);
    }
  }
}
