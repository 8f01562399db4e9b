/** A replica of a group: never used again for another one, not even on the same node after its data was lost. 0: none. */
export type ReplicaId = number;

/**
 * Who decides in a group. `outgoing` is empty but while a joint change is under way (thesis 4.3): then decisions need a majority of `voters` and one of
 * `outgoing`. All lists ascend. A replica is in `learners` or in a list of voters, never in both; `learnersNext` are voters of `outgoing` that become
 * learners when the joint configuration is left.
 */
export interface Configuration {
  readonly voters: readonly ReplicaId[];
  readonly outgoing: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
  readonly learnersNext: readonly ReplicaId[];
  /** Whether the leader leaves the joint configuration by itself once it is applied. */
  readonly autoLeave: boolean;
}

/** One step of a change. Voters should be added as learners first (thesis 4.2.1). */
export interface ConfigurationStep {
  readonly kind: 'addVoter' | 'addLearner' | 'remove';
  readonly replica: ReplicaId;
}

/**
 * A change of the configuration, always through a joint one unless it moves at most one voter; without steps it leaves the joint configuration. `context`
 * is the host's own.
 */
export interface ConfigurationChange {
  readonly steps: readonly ConfigurationStep[];
  readonly leave: 'auto' | 'explicit';
  readonly context: Uint8Array;
}

/** A configuration of voters alone. */
export function configurationOf(
  voters: readonly ReplicaId[],
  learners: readonly ReplicaId[] = [],
): Configuration {
  return {
    voters: voters.toSorted((a, b) => a - b),
    outgoing: [],
    learners: learners.toSorted((a, b) => a - b),
    learnersNext: [],
    autoLeave: false,
  };
}

/** Whether a group has this replica and no other one, not even a learner. */
export function isOnlyReplica(
  { voters, outgoing, learners }: Configuration,
  replica: ReplicaId,
): boolean {
  return voters[0] === replica && voters.length + outgoing.length + learners.length === 1;
}
