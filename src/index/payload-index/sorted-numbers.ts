import { assert } from '../../base/assert.ts';
import type { NumberBounds } from '../filter/filter.ts';
import { exactly, type Estimate, type FieldAnswer } from './field-index.ts';
import { bytesOf, float64s, type Sections, uint32s } from './field-file.ts';

/** Gathers numbers with the rows they stand in. Rows are added in ascending order. */
export class SortedNumbersBuilder {
  readonly #numbers: number[] = [];
  readonly #slots: number[] = [];
  readonly #companions: number[] = [];
  #rows = 0;
  #lastSlot = -1;

  /** @param companion - a second number that is stored beside the first */
  add(number: number, slot: number, companion?: number): void {
    if (slot !== this.#lastSlot) this.#rows += 1;
    this.#lastSlot = slot;
    // Minus zero would sort before zero; they are equal.
    this.#numbers.push(number === 0 ? 0 : number);
    this.#slots.push(slot);
    if (companion !== undefined) this.#companions.push(companion);
  }

  finish(): Sections {
    const numbers = this.#numbers;
    const order = Uint32Array.from(numbers.keys());
    order.sort((a, b) => (numbers[a] as number) - (numbers[b] as number) || a - b);
    const pick =
      (from: readonly number[]): ((at: number) => number) =>
      (at) =>
        from[at] as number;
    return {
      facts: bytesOf(Uint32Array.of(this.#rows)),
      numbers: bytesOf(Float64Array.from(order, pick(numbers))),
      numberSlots: bytesOf(Uint32Array.from(order, pick(this.#slots))),
      ...(this.#companions.length === 0
        ? {}
        : { longitudes: bytesOf(Float64Array.from(order, pick(this.#companions))) }),
    };
  }
}

/** Numbers in ascending order with their rows, over the bytes of a file. */
export class SortedNumbers {
  readonly numbers: Float64Array;
  readonly slots: Uint32Array;
  /** Rows that have a number. */
  readonly #rows: number;

  constructor(sections: Sections) {
    this.numbers = float64s(sections.numbers);
    this.slots = uint32s(sections.numberSlots);
    this.#rows = uint32s(sections.facts)[0] ?? 0;
    assert(this.numbers.length === this.slots.length, 'every number has its row');
  }

  /** The positions of the numbers within the bounds: from the first up to but not including the second. */
  between(bounds: NumberBounds): { readonly from: number; readonly to: number } {
    let from = 0;
    let to = this.numbers.length;
    if (bounds.gte !== undefined) from = Math.max(from, this.#firstFrom(bounds.gte, false));
    if (bounds.gt !== undefined) from = Math.max(from, this.#firstFrom(bounds.gt, true));
    if (bounds.lt !== undefined) to = Math.min(to, this.#firstFrom(bounds.lt, false));
    if (bounds.lte !== undefined) to = Math.min(to, this.#firstFrom(bounds.lte, true));
    return { from, to: Math.max(from, to) };
  }

  /** An answer with the rows that have a number within the bounds. */
  range(bounds: NumberBounds): FieldAnswer {
    const { from, to } = this.between(bounds);
    return {
      estimate: this.#estimate(to - from),
      exact: true,
      fill: (into) => {
        const { slots } = this;
        for (let i = from; i < to; i += 1) into.add(slots[i] as number);
      },
    };
  }

  /** Rows that so many entries belong to; a row of an array may have several. */
  #estimate(entries: number): Estimate {
    const total = this.numbers.length;
    if (entries <= 1 || total === this.#rows) return exactly(entries);
    const max = Math.min(entries, this.#rows);
    const expected = Math.min(max, Math.ceil((entries * this.#rows) / total));
    // Entries that are not in the range can belong to all rows but this many.
    const min = Math.max(1, this.#rows - (total - entries));
    return { min, expected: Math.max(min, expected), max };
  }

  /** The position of the first number that is at least (or, `after`: above) the bound. */
  #firstFrom(bound: number, after: boolean): number {
    const { numbers } = this;
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = numbers[middle] as number;
      if (after ? value <= bound : value < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
