import type { ClusterCommand } from '../catalog/cluster-command.ts';
import type { Move, MoveReason } from '../catalog/cluster-state.ts';
import { replicasWanted } from '../catalog/move-changes.ts';
import { MoveSlots } from './move-slots.ts';
import { conditionOf, type PlacementInput, replicaKey } from './placement-input.ts';
import { planRebalancing } from './rebalancing-plan.ts';
import { planRepairs } from './repair-plan.ts';
import { majorityOf, type ShardSurvey, surveyShards } from './shard-survey.ts';
import type { WantedMove } from './wanted-move.ts';

/** A command that begins a move. */
export type BeginMove = ClusterCommand & { readonly kind: 'beginMove' };

/** What is to be done about replicas, now and later. */
export interface MovePlan {
  /** To be proposed now, all of them; the most urgent first. */
  readonly begin: readonly BeginMove[];
  /** Ids of moves in the step `adding` that make no sense any more. */
  readonly cancel: readonly number[];
  /** Moves that are wanted and not begun, those in `begin` included. */
  readonly left: Readonly<Record<MoveReason, number>>;
  /** Replicas that no node can take: there are fewer nodes that are alive than replicas wanted. */
  readonly unplaced: number;
  /** Shards of which no majority is alive: nothing about them can change. */
  readonly withoutQuorum: readonly number[];
  /** Nothing is under way or left, and no member is silent: what `rebalancing` was switched on for is done. */
  readonly isSettled: boolean;
}

/**
 * What to move next, decided by what is: the same input gives the same plan, and a plan that was carried out in part goes on where it was. Replicas that are
 * missing, lost, damaged or on leaving nodes come first, the most endangered shard at the head; then those that are too many; then, if `rebalancing` is on,
 * those of nodes that have too many. What moves for balance makes zones or counts strictly better, so that nothing goes to and fro.
 */
export function planMoves(input: PlacementInput): MovePlan {
  const surveys = surveyShards(input);
  const repairs = planRepairs(input, surveys);
  const slots = new MoveSlots(input, surveys);
  const begin: WantedMove[] = [];
  const canBegin = (move: WantedMove): boolean => isSafe(input, surveys[move.shard], move);
  const possible = repairs.wanted.filter(canBegin);
  for (const move of possible) if (slots.take(move)) begin.push(move);
  const balance = planRebalancing(input, surveys, repairs.targets);
  if (begin.length === possible.length) {
    for (const move of balance) {
      if (begin.some(({ shard }) => shard === move.shard)) continue;
      if (canBegin(move) && slots.take(move)) begin.push(move);
    }
  }
  const left = countByReason([...repairs.all, ...balance]);
  const isCalm = [...input.state.nodes.values()].every(
    ({ number, state }) => state === 'gone' || conditionOf(input, number) !== 'silent',
  );
  return {
    begin: begin.map((move) => ({
      kind: 'beginMove',
      epoch: surveys[move.shard]?.epoch ?? 0,
      ...move,
    })),
    cancel: movesToCancel(input),
    left,
    unplaced: repairs.unplaced,
    withoutQuorum: surveys.filter(({ hasQuorum }) => !hasQuorum).map(({ shard }) => shard),
    isSettled:
      input.state.moves.size === 0 && Object.values(left).every((count) => count === 0) && isCalm,
  };
}

/**
 * Whether the shard is idle and a majority is alive before the move and after it; and whether what is alive is enough without a replica that goes while none comes: a silent one
 * may not be counted on.
 */
function isSafe(
  input: PlacementInput,
  survey: ShardSurvey | undefined,
  { add, remove }: WantedMove,
): boolean {
  if (survey === undefined || survey.move !== undefined || !survey.hasQuorum) return false;
  const live = new Set(survey.live);
  const loses = remove !== undefined && live.delete(remove);
  if (loses && add === undefined && live.size < replicasWanted(input.state)) return false;
  if (add !== undefined && conditionOf(input, add) === 'alive') live.add(add);
  const size = survey.size + (add === undefined ? 0 : 1) - (remove === undefined ? 0 : 1);
  return live.size >= majorityOf(size);
}

function movesToCancel(input: PlacementInput): readonly number[] {
  const isFutile = ({ shard, reason, add }: Move): boolean =>
    add !== undefined &&
    (input.state.nodes.get(add.node)?.state !== 'member' ||
      conditionOf(input, add.node) === 'lost' ||
      input.corrupt.has(replicaKey(shard, add.replica)) ||
      (reason === 'rebalance' && !input.state.rebalancing));
  return [...input.state.moves.values()]
    .filter((move) => move.step === 'adding' && isFutile(move))
    .map(({ id }) => id);
}

function countByReason(moves: readonly WantedMove[]): Readonly<Record<MoveReason, number>> {
  const left = { repair: 0, replace: 0, drain: 0, rebalance: 0, trim: 0 };
  for (const { reason } of moves) left[reason] += 1;
  return left;
}
