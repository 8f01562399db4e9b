import type { NodeNumber } from '../../raft/transport/transport.ts';
import {
  conditionOf,
  DEFAULT_PLACEMENT_LIMITS,
  type PlacementInput,
  type PlacementLimits,
} from './placement-input.ts';
import type { ShardSurvey } from './shard-survey.ts';
import type { WantedMove } from './wanted-move.ts';

/** Moves in the cluster of shards that are empty: they cost next to nothing, and take no room from others. */
const EMPTY_MOVES_MAX = 64;

/** What of a move takes room. */
type Passage = Pick<WantedMove, 'shard' | 'add' | 'remove'>;

/** How many more moves may begin. Those that cannot go on, as a node they need does not answer, take no room. */
export class MoveSlots {
  readonly #input: PlacementInput;
  readonly #limits: PlacementLimits;
  #moves = 0;
  #emptyMoves = 0;
  readonly #arrivals = new Map<NodeNumber, number>();
  readonly #departures = new Map<NodeNumber, number>();

  /** With the moves that are under way. */
  constructor(input: PlacementInput, surveys: readonly ShardSurvey[]) {
    this.#input = input;
    this.#limits = input.limits ?? DEFAULT_PLACEMENT_LIMITS;
    for (const { shard, move, hasQuorum } of surveys) {
      if (move === undefined || !hasQuorum) continue;
      const add = move.step === 'removing' ? undefined : move.add?.node;
      if (add !== undefined && conditionOf(input, add) !== 'alive') continue;
      this.#count({
        shard,
        ...(add === undefined ? {} : { add }),
        ...(move.remove === undefined ? {} : { remove: move.remove.node }),
      });
    }
  }

  /** Takes room for a move; false where there is none. */
  take(move: Passage): boolean {
    const fits = this.#isEmpty(move) ? this.#emptyMoves < EMPTY_MOVES_MAX : this.#fits(move);
    if (fits) this.#count(move);
    return fits;
  }

  #fits({ add, remove }: Passage): boolean {
    const { movesMax, arrivalsMax, departuresMax } = this.#limits;
    return (
      this.#moves < movesMax &&
      (add === undefined || (this.#arrivals.get(add) ?? 0) < arrivalsMax) &&
      (remove === undefined || (this.#departures.get(remove) ?? 0) < departuresMax)
    );
  }

  #count({ shard, add, remove }: Passage): void {
    if (this.#isEmpty({ shard })) {
      this.#emptyMoves += 1;
      return;
    }
    this.#moves += 1;
    if (add !== undefined) this.#arrivals.set(add, (this.#arrivals.get(add) ?? 0) + 1);
    // A node that does not answer gives nothing up that would cost it something.
    if (remove === undefined || this.#isAway(remove)) return;
    this.#departures.set(remove, (this.#departures.get(remove) ?? 0) + 1);
  }

  #isEmpty({ shard }: Pick<Passage, 'shard'>): boolean {
    return this.#input.empty?.has(shard) ?? false;
  }

  #isAway(node: NodeNumber): boolean {
    const state = this.#input.state.nodes.get(node)?.state ?? 'gone';
    return state === 'gone' || conditionOf(this.#input, node) !== 'alive';
  }
}
