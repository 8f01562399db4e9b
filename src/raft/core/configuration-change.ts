import { assert } from '../../base/assert.ts';
import type { Configuration, ConfigurationChange, ReplicaId } from './configuration.ts';

/** Steps of one change; an entry could hold more. */
const STEPS_MAX = 1024;

/** Why a change does not fit a configuration. */
export interface InvalidChange {
  readonly invalid: string;
}

/** Whether decisions need two majorities. */
export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** Whether a replica's vote counts, in either half. */
export function isVoter({ voters, outgoing }: Configuration, replica: ReplicaId): boolean {
  return voters.includes(replica) || outgoing.includes(replica);
}

/** Everyone that entries are sent to, ascending: voters of both halves and learners. */
export function membersOf({ voters, outgoing, learners }: Configuration): readonly ReplicaId[] {
  return ascending(new Set([...voters, ...outgoing, ...learners]));
}

/**
 * The configuration after a change (thesis 4.1, 4.3): directly where at most one voter comes or goes, since any two such majorities overlap; otherwise the
 * joint one, in which a voter that becomes a learner still decides in the outgoing half. Steps that change nothing are fine.
 */
export function changedConfiguration(
  current: Configuration,
  change: ConfigurationChange,
): Configuration | InvalidChange {
  assertConfiguration(current);
  if (change.steps.length === 0) return left(current);
  if (isJoint(current)) return { invalid: 'a joint configuration has to be left first' };
  if (change.steps.length > STEPS_MAX) return { invalid: `more than ${STEPS_MAX} steps` };
  const named = new Set(change.steps.map(({ replica }) => replica));
  if (named.size < change.steps.length) return { invalid: 'a replica is named twice' };
  for (const replica of named) {
    if (!Number.isSafeInteger(replica) || replica <= 0) {
      return { invalid: `${replica} is no replica id` };
    }
  }
  return moved(current, change);
}

function left(current: Configuration): Configuration | InvalidChange {
  if (!isJoint(current)) return { invalid: 'no joint configuration is to be left' };
  const learners = ascending(new Set([...current.learners, ...current.learnersNext]));
  const next = {
    ...current,
    outgoing: [],
    learners,
    learnersNext: [],
    autoLeave: false,
  };
  assertConfiguration(next);
  return next;
}

function moved(
  current: Configuration,
  { steps, leave }: ConfigurationChange,
): Configuration | InvalidChange {
  const voters = new Set(current.voters);
  const learners = new Set(current.learners);
  for (const { kind, replica } of steps) {
    voters.delete(replica);
    learners.delete(replica);
    if (kind === 'addVoter') voters.add(replica);
    if (kind === 'addLearner') learners.add(replica);
  }
  if (voters.size === 0) return { invalid: 'no voter would be left' };
  const outgoing = new Set(current.voters);
  const gone = current.voters.filter((replica) => !voters.has(replica));
  const come = [...voters].filter((replica) => !outgoing.has(replica));
  const joint = come.length + gone.length > 1;
  const decides = (replica: ReplicaId): boolean => joint && outgoing.has(replica);
  const next: Configuration = {
    voters: ascending(voters),
    outgoing: joint ? current.voters : [],
    learners: ascending([...learners].filter((replica) => !decides(replica))),
    learnersNext: ascending([...learners].filter(decides)),
    autoLeave: joint && leave === 'auto',
  };
  assertConfiguration(next);
  return next;
}

/** What holds of every configuration; an empty one is that of a replica which waits for its first snapshot. */
export function assertConfiguration(configuration: Configuration): void {
  const { voters, outgoing, learners, learnersNext, autoLeave } = configuration;
  for (const list of [voters, outgoing, learners, learnersNext]) {
    const ascends = list.every((id, place) => id > (list[place - 1] ?? 0));
    assert(ascends, 'replica ids of a configuration ascend from 1');
  }
  const decides = (replica: ReplicaId): boolean => isVoter(configuration, replica);
  assert(!learners.some(decides), 'a learner is no voter of either half');
  for (const replica of learnersNext) {
    assert(outgoing.includes(replica), 'who becomes a learner was a voter');
    assert(!voters.includes(replica), 'who becomes a learner is no voter any more');
  }
  assert(isJoint(configuration) || !autoLeave, 'only a joint configuration is left');
  const isEmpty = outgoing.length + learners.length === 0;
  assert(voters.length > 0 || isEmpty, 'someone decides');
}

function ascending(replicas: Iterable<ReplicaId>): readonly ReplicaId[] {
  return [...replicas].sort((a, b) => a - b);
}
