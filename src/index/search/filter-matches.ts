import { Bitset } from '../bitset.ts';
import type { Random } from '../../base/random.ts';

export interface FilterMatchesOptions {
  /** Rows that there may be. */
  readonly capacity: number;
  /** Rows that may pass; absent: all. */
  readonly superset?: Bitset;
  /** Whether the superset is what passes: no row is looked at. */
  readonly isExact?: boolean;
  /** Looks at the row's record. */
  readonly passes: (slot: number) => boolean;
}

/**
 * Which rows of a segment pass a filter, as far as it is known. Rows never change, so what was found out stays right; records are looked at when they
 * are asked for, and once.
 */
export class FilterMatches {
  /** Rows that are known to pass. */
  readonly #passing: Bitset;
  /** Rows that were looked at; undefined: all of them. */
  #known: Bitset | undefined;
  readonly #superset: Bitset | undefined;
  readonly #passes: (slot: number) => boolean;
  #count: number | undefined;

  constructor(options: FilterMatchesOptions) {
    this.#superset = options.superset;
    this.#passes = options.passes;
    if (options.isExact === true && options.superset !== undefined) {
      this.#passing = options.superset;
      return;
    }
    this.#passing = new Bitset(options.capacity);
    this.#known = new Bitset(options.capacity);
  }

  /** Whether every row is known; {@link bits} is the answer then. */
  get isComplete(): boolean {
    return this.#known === undefined;
  }

  /** Rows that are known to pass. */
  get bits(): Bitset {
    return this.#passing;
  }

  /** How many rows are known to pass; meaningful where all are known. */
  get count(): number {
    this.#count ??= this.#passing.count();
    return this.#count;
  }

  has(slot: number): boolean {
    if (this.#known === undefined) return this.#passing.has(slot);
    if (this.#superset !== undefined && !this.#superset.has(slot)) return false;
    if (!this.#known.has(slot)) this.tell(slot, this.#passes(slot));
    return this.#passing.has(slot);
  }

  /** Whether nothing is known of the row yet. */
  isOpen(slot: number): boolean {
    if (this.#known === undefined || this.#known.has(slot)) return false;
    return this.#superset === undefined || this.#superset.has(slot);
  }

  /** What was found out about a row. */
  tell(slot: number, passes: boolean): void {
    this.#known?.add(slot);
    if (passes) this.#passing.add(slot);
  }

  /** States that nothing is open any more. */
  complete(): void {
    this.#known = undefined;
    this.#count = undefined;
  }

  /** Looks at `size` rows of the superset drawn at random (with repetition). Returns the share of them that pass. */
  sample(size: number, rows: number, random: Random): number {
    const slots = this.#superset === undefined ? undefined : slotsOf(this.#superset);
    const total = slots?.length ?? rows;
    if (total === 0) return 0;
    let passing = 0;
    for (let i = 0; i < size; i += 1) {
      const place = random.below(total);
      if (this.has(slots === undefined ? place : (slots[place] as number))) passing += 1;
    }
    return passing / size;
  }
}

/** The set bits of a bitset, ascending. */
export function slotsOf(bits: Bitset): Uint32Array {
  const slots = new Uint32Array(bits.count());
  let used = 0;
  bits.forEach((slot) => {
    slots[used] = slot;
    used += 1;
  });
  return slots;
}
