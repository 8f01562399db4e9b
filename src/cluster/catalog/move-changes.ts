import { replicaId } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterChange } from './cluster-change.ts';
import type { ClusterCommand } from './cluster-command.ts';
import type {
  ClusterState,
  Move,
  MoveStep,
  ReplicaPlacement,
  ShardPlacement,
} from './cluster-state.ts';
import { refusal } from './command-refusal.ts';

/** Replicas that a node may have of one shard, one after the other: what a replica's id has room for. */
const GENERATIONS_MAX = 2 ** 20;

type BeginMove = ClusterCommand & { readonly kind: 'beginMove' };
type AdvanceMove = ClusterCommand & { readonly kind: 'advanceMove' };

/** Replicas that a shard should have: as many as the settings say, or as there are members. */
export function replicasWanted({ settings, nodes }: ClusterState): number {
  const members = [...nodes.values()].filter(({ state }) => state === 'member').length;
  return Math.min(settings.replicaCount, members);
}

/** A shard's replicas begin to change: see `beginMove` of `ClusterCommand`. */
export function beginMove(state: ClusterState, command: BeginMove): ClusterChange {
  const { shard, reason } = command;
  const placement = idleShard(state, command);
  assertCounts(state, placement, command);
  const remove = command.remove === undefined ? undefined : replicaOn(placement, command.remove);
  const add = command.add === undefined ? undefined : newReplica(state, placement, command);
  const id = state.nextMove;
  const move: Move = {
    id,
    shard,
    reason,
    step: 'adding',
    ...(add === undefined ? {} : { add }),
    ...(remove === undefined ? {} : { remove }),
  };
  const next = { ...state, nextMove: id + 1, moves: new Map(state.moves).set(id, move) };
  if (add === undefined) return { state: next, begun: id };
  const generations = new Map(placement.generations).set(
    add.node,
    (placement.generations.get(add.node) ?? 0) + 1,
  );
  return { state: withShard(next, shard, { ...placement, generations }), begun: id };
}

/** A move goes on: see `advanceMove` of `ClusterCommand`. */
export function advanceMove(
  state: ClusterState,
  { move: id, from, to }: AdvanceMove,
): ClusterChange {
  const move = state.moves.get(id);
  if (move === undefined) throw refusal('NOT_FOUND', `there is no move ${id}`);
  if (move.step !== from) {
    throw refusal('FAILED_PRECONDITION', `move ${id} is ${move.step}, not ${from}`);
  }
  if (!followers(move).includes(to)) {
    throw refusal('FAILED_PRECONDITION', `move ${id} does not go from ${from} to ${to ?? 'end'}`);
  }
  const moves = new Map(state.moves);
  if (to === undefined) moves.delete(id);
  else moves.set(id, { ...move, step: to });
  const next = { ...state, moves };
  const isForward = from === 'switching' && to !== 'cancelling';
  return { state: isForward ? withPlacement(next, move) : next };
}

/** The steps that a move may take next; undefined: its end. */
function followers({ step, remove }: Move): readonly (MoveStep | undefined)[] {
  switch (step) {
    case 'adding':
      return ['switching', 'cancelling'];
    case 'switching':
      return [remove === undefined ? undefined : 'removing', 'cancelling'];
    case 'removing':
      return [undefined];
    case 'cancelling':
      return [undefined, 'switching'];
  }
}

function idleShard({ shards, moves }: ClusterState, { shard, epoch }: BeginMove): ShardPlacement {
  const placement = shards[shard];
  if (placement === undefined) throw refusal('NOT_FOUND', `there is no shard ${shard}`);
  if (placement.epoch !== epoch) {
    const why = `shard ${shard} is in epoch ${placement.epoch}, not ${epoch}`;
    throw refusal('FAILED_PRECONDITION', why);
  }
  if ([...moves.values()].some((move) => move.shard === shard)) {
    throw refusal('FAILED_PRECONDITION', `shard ${shard} moves already`);
  }
  return placement;
}

function assertCounts(
  state: ClusterState,
  { replicas }: ShardPlacement,
  { shard, add, remove }: BeginMove,
): void {
  if (add === undefined && remove === undefined) {
    throw refusal('INVALID_ARGUMENT', 'a move adds a replica or removes one');
  }
  const after = replicas.length + (add === undefined ? 0 : 1) - (remove === undefined ? 0 : 1);
  if (after > replicas.length && after > state.settings.replicaCount) {
    throw refusal('FAILED_PRECONDITION', `shard ${shard} has all its replicas`);
  }
  if (after < replicas.length && after < replicasWanted(state)) {
    throw refusal('FAILED_PRECONDITION', `shard ${shard} would have too few replicas`);
  }
}

function replicaOn({ replicas }: ShardPlacement, node: NodeNumber): ReplicaPlacement {
  const replica = replicas.find((each) => each.node === node);
  if (replica !== undefined) return replica;
  throw refusal('FAILED_PRECONDITION', `node ${node} has no replica of the shard`);
}

function newReplica(
  { nodes }: ClusterState,
  { replicas, generations }: ShardPlacement,
  { add: node = 0, remove, reason }: BeginMove,
): ReplicaPlacement {
  if (nodes.get(node)?.state !== 'member') {
    throw refusal('FAILED_PRECONDITION', `node ${node} takes no replicas`);
  }
  const isRenewal = node === remove && reason === 'replace';
  if (!isRenewal && replicas.some((each) => each.node === node)) {
    throw refusal('FAILED_PRECONDITION', `node ${node} has a replica of the shard`);
  }
  const generation = generations.get(node) ?? 0;
  if (generation >= GENERATIONS_MAX) {
    throw refusal('FAILED_PRECONDITION', `node ${node} had too many replicas of the shard`);
  }
  return { node, replica: replicaId(node, generation) };
}

/** What the move was for has happened. */
function withPlacement(state: ClusterState, { shard, add, remove }: Move): ClusterState {
  const placement = state.shards[shard];
  if (placement === undefined) return state;
  const kept = placement.replicas.filter(({ replica }) => replica !== remove?.replica);
  const replicas = [...kept, ...(add === undefined ? [] : [add])];
  replicas.sort((a, b) => a.node - b.node);
  return withShard(state, shard, { ...placement, epoch: placement.epoch + 1, replicas });
}

function withShard(state: ClusterState, shard: number, placement: ShardPlacement): ClusterState {
  return { ...state, shards: state.shards.with(shard, placement) };
}
