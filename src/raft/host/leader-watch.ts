import type { ReplicaId } from '../core/configuration.ts';
import { quorumVote } from '../core/quorum.ts';
import type { RaftNode } from '../core/raft-node.ts';
import type { NodeContact } from './node-contact.ts';
import { nodeOf } from './replica-id.ts';

export interface LeaderWatchOptions {
  readonly core: Pick<RaftNode, 'replica' | 'leader' | 'configuration'>;
  readonly electionTicks: number;
  readonly contact: Pick<NodeContact, 'hasHeard'>;
  /** Another replica leads, or none that is known, or whether the replica is cut off has changed. */
  readonly onChange: () => void;
}

/**
 * What a replica knows of its group's leadership. It is cut off where it has known no leader for half an election timeout, and has heard nothing of late from
 * the nodes of a quorum: who stands asks all voters several times meanwhile, and those that are there answer, or have a leader and are heard for another group.
 */
export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  #leader: ReplicaId = 0;
  #leaderlessTicks = 0;
  #isCutOff = false;

  constructor(options: LeaderWatchOptions) {
    this.#options = options;
  }

  /** Whether nobody can lead that this replica could reach, as far as it can tell. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  tick(): void {
    if (this.#options.core.leader === 0) this.#leaderlessTicks += 1;
  }

  /** Looks after a turn what has changed. */
  poll(): void {
    const { core, electionTicks, onChange } = this.#options;
    const { leader } = core;
    if (leader !== 0) this.#leaderlessTicks = 0;
    const isCutOff = this.#leaderlessTicks >= electionTicks / 2 && !this.#hearsQuorum;
    if (leader === this.#leader && isCutOff === this.#isCutOff) return;
    this.#leader = leader;
    this.#isCutOff = isCutOff;
    onChange();
  }

  get #hearsQuorum(): boolean {
    const { core, contact } = this.#options;
    const { voters, outgoing } = core.configuration;
    const heard = [...voters, ...outgoing].filter(
      (voter) => voter === core.replica || contact.hasHeard(nodeOf(voter)),
    );
    return quorumVote(core.configuration, new Map(heard.map((voter) => [voter, true]))) === 'won';
  }
}
