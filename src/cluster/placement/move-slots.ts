import type { NodeNumber } from '../../raft/transport/transport.ts';
import {
  conditionOf,
  DEFAULT_PLACEMENT_LIMITS,
  type PlacementInput,
  type PlacementLimits,
} from './placement-input.ts';
import type { ShardSurvey } from './shard-survey.ts';
import type { WantedMove } from './wanted-move.ts';

/** How many more moves may begin. Those that cannot go on, as a node they need does not answer, take no room. */
export class MoveSlots {
  readonly #input: PlacementInput;
  readonly #limits: PlacementLimits;
  #moves = 0;
  readonly #arrivals = new Map<NodeNumber, number>();
  readonly #departures = new Map<NodeNumber, number>();

  /** With the moves that are under way. */
  constructor(input: PlacementInput, surveys: readonly ShardSurvey[]) {
    this.#input = input;
    this.#limits = input.limits ?? DEFAULT_PLACEMENT_LIMITS;
    for (const { move, hasQuorum } of surveys) {
      if (move === undefined || !hasQuorum) continue;
      const add = move.step === 'removing' ? undefined : move.add?.node;
      if (add !== undefined && conditionOf(input, add) !== 'alive') continue;
      this.#count({
        ...(add === undefined ? {} : { add }),
        ...(move.remove === undefined ? {} : { remove: move.remove.node }),
      });
    }
  }

  /** Takes room for a move; false where there is none. */
  take(move: Pick<WantedMove, 'add' | 'remove'>): boolean {
    const { movesMax, arrivalsMax, departuresMax } = this.#limits;
    const { add, remove } = move;
    const fits =
      this.#moves < movesMax &&
      (add === undefined || (this.#arrivals.get(add) ?? 0) < arrivalsMax) &&
      (remove === undefined || (this.#departures.get(remove) ?? 0) < departuresMax);
    if (fits) this.#count(move);
    return fits;
  }

  #count({ add, remove }: Pick<WantedMove, 'add' | 'remove'>): void {
    this.#moves += 1;
    if (add !== undefined) this.#arrivals.set(add, (this.#arrivals.get(add) ?? 0) + 1);
    // A node that does not answer gives nothing up that would cost it something.
    if (remove === undefined || this.#isAway(remove)) return;
    this.#departures.set(remove, (this.#departures.get(remove) ?? 0) + 1);
  }

  #isAway(node: NodeNumber): boolean {
    const state = this.#input.state.nodes.get(node)?.state ?? 'gone';
    return state === 'gone' || conditionOf(this.#input, node) !== 'alive';
  }
}
