import type { NodeNumber } from '../../raft/transport/transport.ts';

export interface LeaderHintOptions {
  /** As the replica on this node knows it; 0: it does not, or there is none. */
  readonly leader: () => NodeNumber;
  /** Nodes with a replica. */
  readonly replicas: () => readonly NodeNumber[];
}

/** Where the leader of a group is likely to be. */
export class LeaderHint {
  readonly #options: LeaderHintOptions;
  #known: NodeNumber = 0;
  #turn = 0;

  constructor(options: LeaderHintOptions) {
    this.#options = options;
  }

  /**
   * The node to ask; 0 where there is none.
   *
   * @param told - what another node said last; 0: nothing
   * @param avoid - the node that just failed; 0: none
   */
  pick(told: NodeNumber, avoid: NodeNumber): NodeNumber {
    const { leader, replicas } = this.#options;
    for (const node of [told, leader(), this.#known]) {
      if (node !== 0 && node !== avoid) return node;
    }
    const others = replicas().filter((node) => node !== avoid);
    this.#turn += 1;
    return others[this.#turn % others.length] ?? avoid;
  }

  /** The node answered as leader. */
  learn(node: NodeNumber): void {
    this.#known = node;
  }

  /** The node did not. */
  forget(node: NodeNumber): void {
    if (this.#known === node) this.#known = 0;
  }
}
