import type { Configuration, ReplicaId } from '../../raft/core/configuration.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { Move, MoveStep } from '../catalog/cluster-state.ts';
import type { NodeCondition } from '../placement/placement-input.ts';
import type { GuardedChange } from './guarded-change.ts';
import {
  entriesBehind,
  type GroupObservation,
  isCaughtUp,
  openReplica,
} from './shard-observation.ts';

/** What brings a move on. */
export type MoveAction =
  | { readonly kind: 'wait'; readonly for: string }
  | { readonly kind: 'change'; readonly change: GuardedChange }
  | { readonly kind: 'transfer'; readonly to: NodeNumber }
  /** `to` absent: the move ends. */
  | { readonly kind: 'advance'; readonly to?: MoveStep };

/** What a driver knows when it decides. */
export interface MoveConditions {
  /** Of nodes; absent: alive. */
  readonly nodes: ReadonlyMap<NodeNumber, NodeCondition>;
  /** Whether a node has answered a question that was asked when the step had begun. */
  readonly hasAnswered: (node: NodeNumber) => boolean;
  /** Entries that a new replica may be behind when it becomes a voter. */
  readonly lagMax: number;
}

const ANSWERS = 'a majority of the voters that there will be to answer';

const wait = (reason: string): MoveAction => ({ kind: 'wait', for: reason });

/**
 * What to do next for a move: a function of what the nodes report, so that whoever drives it after a crash goes on where it was.
 *
 * @param observation - of the shard's group; undefined: no node speaks of it
 */
export function nextMoveAction(
  move: Move,
  observation: GroupObservation | undefined,
  conditions: MoveConditions,
): MoveAction {
  if (observation === undefined) return wait('any replica of the shard');
  switch (move.step) {
    case 'adding':
      return whileAdding(move, observation, conditions);
    case 'switching':
      return whileSwitching(move, observation, conditions);
    case 'removing':
      return whileRemoving(move, observation, conditions);
    case 'cancelling':
      return whileCancelling(move, observation);
  }
}

function whileAdding(
  move: Move,
  observation: GroupObservation,
  conditions: MoveConditions,
): MoveAction {
  const { add, remove } = move;
  if (add === undefined) return beforeRemoval(move, observation, conditions);
  const { nodes, lagMax } = conditions;
  if (nodes.get(add.node) === 'lost') return { kind: 'advance', to: 'cancelling' };
  const there = observation.reports.get(add.node);
  if (there?.state === 'corrupt' && there.replica === add.replica) {
    return { kind: 'advance', to: 'cancelling' };
  }
  // What was taken for damaged takes part.
  if (there?.state === 'open' && there.replica === remove?.replica) {
    return { kind: 'advance', to: 'cancelling' };
  }
  const target = openReplica(observation, add.replica);
  if (target === undefined) return wait('the new replica to be made');
  const { leader } = observation;
  if (leader === undefined) return wait('a leader of the shard');
  const { configuration } = leader.report;
  if (configuration.voters.includes(add.replica)) return { kind: 'advance', to: 'switching' };
  if (!configuration.learners.includes(add.replica)) {
    return { kind: 'change', change: { kind: 'addLearner', replica: add.replica } };
  }
  if (!isCaughtUp(observation, add.replica, lagMax)) {
    const behind = entriesBehind(observation, add.replica);
    return wait(`the new replica, which is ${behind ?? 'some'} entries behind`);
  }
  if (!target.isIndexed) return wait('the index of the new replica');
  return { kind: 'advance', to: 'switching' };
}

/**
 * A replica that goes while none comes leaves fewer behind, which need each other more. It stays where they cannot do without it: as long as no change was asked for,
 * the move can be given up.
 */
function beforeRemoval(
  { remove }: Move,
  observation: GroupObservation,
  conditions: MoveConditions,
): MoveAction {
  const { leader } = observation;
  if (leader === undefined) return wait('a leader of the shard');
  const { voters } = leader.report.configuration;
  const staying = voters.filter((each) => each !== remove?.replica);
  const { nodes, hasAnswered } = conditions;
  const awaited = staying.filter((each) => {
    const node = nodeOf(each);
    return (nodes.get(node) ?? 'alive') === 'alive' && !hasAnswered(node);
  });
  const answering = answeringOf(staying, observation, conditions);
  if (isMajority(answering, staying)) return { kind: 'advance', to: 'switching' };
  return isMajority([...answering, ...awaited], staying)
    ? wait(ANSWERS)
    : { kind: 'advance', to: 'cancelling' };
}

function whileSwitching(
  { add, remove }: Move,
  observation: GroupObservation,
  conditions: MoveConditions,
): MoveAction {
  const { nodes, lagMax } = conditions;
  const { leader } = observation;
  if (leader === undefined) return wait('a leader of the shard');
  const { configuration } = leader.report;
  if (isJoint(configuration)) return wait('the joint configuration to be left');
  if (isSwitched(configuration, add?.replica, remove?.replica)) {
    if (!isAppliedByMajority(observation, configuration, add?.replica, remove?.replica)) {
      return wait('a majority of the voters to apply the change');
    }
    return remove === undefined ? { kind: 'advance' } : { kind: 'advance', to: 'removing' };
  }
  if (add !== undefined && !knows(configuration, add.replica)) {
    return { kind: 'change', change: { kind: 'addLearner', replica: add.replica } };
  }
  if (add !== undefined && !isCaughtUp(observation, add.replica, lagMax)) {
    if (nodes.get(add.node) === 'lost') return { kind: 'advance', to: 'cancelling' };
    return wait('the new replica to catch up again');
  }
  if (leader.report.replica === remove?.replica) {
    const successor = successorOf(observation, remove.replica, nodes);
    if (successor !== undefined) return { kind: 'transfer', to: successor };
  }
  const after = [...configuration.voters, ...(add === undefined ? [] : [add.replica])].filter(
    (each) => each !== remove?.replica,
  );
  if (!isMajority(answeringOf(after, observation, conditions), after)) return wait(ANSWERS);
  return {
    kind: 'change',
    change: {
      kind: 'switch',
      add: add === undefined ? [] : [add.replica],
      remove: remove === undefined ? [] : [remove.replica],
    },
  };
}

function whileRemoving(
  { remove }: Move,
  { reports }: GroupObservation,
  { nodes }: MoveConditions,
): MoveAction {
  if (remove === undefined) return { kind: 'advance' };
  // It deletes the replica whenever it is back: nobody has to wait for it.
  if ((nodes.get(remove.node) ?? 'alive') !== 'alive') return { kind: 'advance' };
  if (reports.get(remove.node)?.replica !== remove.replica) return { kind: 'advance' };
  return wait('the old replica to be deleted');
}

function whileCancelling({ add }: Move, { leader }: GroupObservation): MoveAction {
  if (add === undefined) return { kind: 'advance' };
  if (leader === undefined) return wait('a leader of the shard');
  const { configuration } = leader.report;
  if (isJoint(configuration)) return wait('the joint configuration to be left');
  if (configuration.voters.includes(add.replica)) return { kind: 'advance', to: 'switching' };
  if (!configuration.learners.includes(add.replica)) return { kind: 'advance' };
  return { kind: 'change', change: { kind: 'removeLearners', replicas: [add.replica] } };
}

/** Voters that have answered since the step began; of one that was lost a moment ago nobody else may know that yet. */
function answeringOf(
  voters: readonly ReplicaId[],
  observation: GroupObservation,
  { hasAnswered }: MoveConditions,
): readonly ReplicaId[] {
  return voters.filter(
    (each) => hasAnswered(nodeOf(each)) && openReplica(observation, each) !== undefined,
  );
}

const isMajority = (some: readonly ReplicaId[], all: readonly ReplicaId[]): boolean =>
  2 * some.length > all.length;

const isJoint = ({ outgoing }: Configuration): boolean => outgoing.length > 0;

const knows = ({ voters, learners }: Configuration, replica: ReplicaId): boolean =>
  voters.includes(replica) || learners.includes(replica);

function isSwitched(
  configuration: Configuration,
  add: ReplicaId | undefined,
  remove: ReplicaId | undefined,
): boolean {
  const isIn = add === undefined || configuration.voters.includes(add);
  return isIn && (remove === undefined || !knows(configuration, remove));
}

/** Whether enough of the voters that stay know of the change never to need the one that goes. */
function isAppliedByMajority(
  observation: GroupObservation,
  { voters }: Configuration,
  add: ReplicaId | undefined,
  remove: ReplicaId | undefined,
): boolean {
  const applied = voters.filter((voter) => {
    const report = openReplica(observation, voter);
    if (report === undefined || isJoint(report.configuration)) return false;
    return isSwitched(report.configuration, add, remove);
  });
  return isMajority(applied, voters);
}

/** The voter that should lead in place of one that goes: the one that is the least behind of those that answer. */
function successorOf(
  observation: GroupObservation,
  leaving: ReplicaId,
  nodes: ReadonlyMap<NodeNumber, NodeCondition>,
): NodeNumber | undefined {
  const voters = observation.leader?.report.configuration.voters ?? [];
  const fit = voters.filter((voter) => {
    const isThere = openReplica(observation, voter)?.isIndexed === true;
    return voter !== leaving && isThere && (nodes.get(nodeOf(voter)) ?? 'alive') === 'alive';
  });
  const behind = (voter: ReplicaId): number =>
    entriesBehind(observation, voter) ?? Number.MAX_SAFE_INTEGER;
  const [best] = fit.toSorted((a, b) => behind(a) - behind(b));
  return best === undefined ? undefined : nodeOf(best);
}
