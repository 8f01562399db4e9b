import { VectorDbError } from '../../base/error.ts';
import { unreachable } from '../../base/unreachable.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import { applyCatalogCommand } from '../../sharding/catalog-state.ts';
import type { ClusterChange } from './cluster-change.ts';
import type { ClusterCommand, ClusterCommandResult } from './cluster-command.ts';
import type { ClusterState } from './cluster-state.ts';
import { refusal } from './command-refusal.ts';
import { forgetNode, leaveNode, registerNode } from './node-changes.ts';
import { advanceMove, beginMove } from './move-changes.ts';

/** What a command did. */
export interface ClusterEffect {
  /** The very state that was given where nothing changed. */
  readonly state: ClusterState;
  readonly result: ClusterCommandResult;
}

const FIRST_NODE = 1;

/**
 * What the nodes agree on after a command: a function of both, the same on every node. It never throws: what does not fit the state is `refused` and
 * changes nothing. Codes: INVALID_ARGUMENT, FAILED_PRECONDITION, NOT_FOUND, ALREADY_EXISTS, COLLECTION_NOT_FOUND.
 */
export function applyClusterCommand(state: ClusterState, command: ClusterCommand): ClusterEffect {
  try {
    const change = changeOf(state, command);
    const changed = change.state !== state;
    const version = changed ? state.version + 1 : state.version;
    return {
      state: changed ? { ...change.state, version } : state,
      result: resultOf(change, version, changed),
    };
  } catch (thrown) {
    return { state, result: refusedResult(thrown) };
  }
}

/** An error as the result of a command that changed nothing. */
export function refusedResult(thrown: unknown): ClusterCommandResult {
  if (!(thrown instanceof VectorDbError)) {
    // The words of other errors differ between versions of Node.js; results are replicated and have to be the same everywhere.
    return { kind: 'refused', code: 'INTERNAL', message: 'the command met a bug' };
  }
  const { code, message, field } = thrown;
  return { kind: 'refused', code, message, ...(field === undefined ? {} : { field }) };
}

function resultOf(
  { registered, begun }: ClusterChange,
  version: number,
  changed: boolean,
): ClusterCommandResult {
  if (registered !== undefined) return { kind: 'registered', version, node: registered };
  if (begun !== undefined) return { kind: 'moveBegun', version, move: begun };
  return { kind: 'done', version, changed };
}

function changeOf(state: ClusterState, command: ClusterCommand): ClusterChange {
  if (command.kind === 'foundCluster') return foundCluster(state, command);
  if (state.clusterId === '') throw refusal('FAILED_PRECONDITION', 'no cluster is founded yet');
  switch (command.kind) {
    case 'registerNode':
      return registerNode(state, command.node);
    case 'leaveNode':
      return leaveNode(state, command.node, command.cancel === true);
    case 'forgetNode':
      return forgetNode(state, command.node, command.replace === true);
    case 'setRebalancing':
      return command.on === state.rebalancing
        ? { state }
        : { state: { ...state, rebalancing: command.on } };
    case 'setReplicaCount':
      return setReplicaCount(state, command.count);
    case 'beginMove':
      return beginMove(state, command);
    case 'advanceMove':
      return advanceMove(state, command);
    case 'collections': {
      const { state: collections, changed } = applyCatalogCommand(
        state.collections,
        command.command,
      );
      return { state: changed ? { ...state, collections } : state };
    }
    default:
      return unreachable(command);
  }
}

function foundCluster(
  state: ClusterState,
  { clusterId, settings, founder }: ClusterCommand & { readonly kind: 'foundCluster' },
): ClusterChange {
  if (state.clusterId !== '') {
    const isAgain =
      state.clusterId === clusterId &&
      state.nodes.get(FIRST_NODE)?.incarnation === founder.incarnation;
    if (isAgain) return { state, registered: FIRST_NODE };
    throw refusal('FAILED_PRECONDITION', `cluster ${state.clusterId} is founded already`);
  }
  if (clusterId === '') throw refusal('INVALID_ARGUMENT', 'a cluster has an id', 'cluster_id');
  const { shardCount, replicaCount } = settings;
  assertCount(shardCount, 'shard_count');
  assertCount(replicaCount, 'replica_count');
  const begun = { ...state, clusterId, settings: { shardCount, replicaCount } };
  const registered = registerNode(begun, founder);
  const replicas = [{ node: FIRST_NODE, replica: replicaId(FIRST_NODE, 0) }];
  const placement = { epoch: 1, replicas, generations: new Map([[FIRST_NODE, 1]]) };
  return {
    ...registered,
    state: { ...registered.state, shards: Array.from({ length: shardCount }, () => placement) },
  };
}

function setReplicaCount(state: ClusterState, count: number): ClusterChange {
  assertCount(count, 'replica_count');
  if (count === state.settings.replicaCount) return { state };
  return { state: { ...state, settings: { ...state.settings, replicaCount: count } } };
}

function assertCount(count: number, field: string): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= COUNT_MAX) return;
  throw refusal('INVALID_ARGUMENT', `${field} is between 1 and ${COUNT_MAX}, not ${count}`, field);
}

/** Above any setting: a command with more would ask for more memory than there is. */
const COUNT_MAX = 65_536;
