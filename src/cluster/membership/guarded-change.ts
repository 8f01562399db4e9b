import type {
  Configuration,
  ConfigurationChange,
  ReplicaId,
} from '../../raft/core/configuration.ts';

/**
 * A change of a shard's group. Each can be asked for again without harm, and one that arrives late does none either: the leader looks whether it still fits.
 */
export type GuardedChange =
  /** A learner comes; never a voter that becomes one. */
  | { readonly kind: 'addLearner'; readonly replica: ReplicaId }
  /** Learners become voters and voters go, in one joint change; who comes is a learner already. */
  | {
      readonly kind: 'switch';
      readonly add: readonly ReplicaId[];
      readonly remove: readonly ReplicaId[];
    }
  /** Learners go; none of them is a voter. */
  | { readonly kind: 'removeLearners'; readonly replicas: readonly ReplicaId[] };

/** The change as it is asked for; its context says what the leader has to look at. */
export function configurationChangeOf(change: GuardedChange): ConfigurationChange {
  const context = new TextEncoder().encode(change.kind);
  switch (change.kind) {
    case 'addLearner':
      return {
        steps: [{ kind: 'addLearner', replica: change.replica }],
        leave: 'auto',
        context,
      };
    case 'switch':
      return {
        steps: [
          ...change.add.map((replica) => ({ kind: 'addVoter', replica }) as const),
          ...change.remove.map((replica) => ({ kind: 'remove', replica }) as const),
        ],
        leave: 'auto',
        context,
      };
    case 'removeLearners':
      return {
        steps: change.replicas.map((replica) => ({ kind: 'remove', replica }) as const),
        leave: 'auto',
        context,
      };
  }
}

/**
 * Why a change of {@link configurationChangeOf} does not fit any more; undefined: it does, or it is of another kind.
 *
 * @param configuration - of the leader that is asked, as of what it has applied
 */
export function objectionTo(
  change: ConfigurationChange,
  configuration: Configuration,
): string | undefined {
  const { voters, outgoing, learners } = configuration;
  const isVoter = (replica: ReplicaId): boolean =>
    voters.includes(replica) || outgoing.includes(replica);
  const named = (kind: 'addVoter' | 'addLearner' | 'remove'): readonly ReplicaId[] =>
    change.steps.filter((step) => step.kind === kind).map(({ replica }) => replica);
  switch (new TextDecoder().decode(change.context)) {
    case 'addLearner':
      return named('addLearner').some(isVoter) ? 'a voter is to be a learner' : undefined;
    case 'switch':
      return named('addVoter').every((each) => isVoter(each) || learners.includes(each))
        ? undefined
        : 'who is to vote is no learner';
    case 'removeLearners':
      return named('remove').some(isVoter) ? 'a voter is to be removed as a learner' : undefined;
    default:
      return undefined;
  }
}
