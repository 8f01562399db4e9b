import { Bitset } from '../bitset.ts';
import { isEmptyField, isNullField, valueCount, withinBounds } from '../filter/field-test.ts';
import type { NumberBounds } from '../filter/filter.ts';
import type { PayloadValue } from '../payload/payload-value.ts';
import { bytesOf, type Sections, uint32s } from './field-file.ts';
import { exactly, type FieldAnswer } from './field-index.ts';

/** A count that says: this row has several values at the path, and so several counts. */
const SEVERAL = 0xffff_ffff;

/** Gathers which rows have something at a field, a null there, and how many values. */
export class PresenceBuilder {
  readonly #nonEmpty: Bitset;
  readonly #nullSlots: number[] = [];
  readonly #countSlots: number[] = [];
  readonly #countValues: number[] = [];

  constructor(rowCount: number) {
    this.#nonEmpty = new Bitset(rowCount);
  }

  add(slot: number, values: readonly PayloadValue[]): void {
    const empty = isEmptyField(values);
    if (!empty) this.#nonEmpty.add(slot);
    if (isNullField(values)) this.#nullSlots.push(slot);
    const count = values.length > 1 ? SEVERAL : valueCount(values[0] ?? null);
    if (count === (empty ? 0 : 1)) return;
    this.#countSlots.push(slot);
    this.#countValues.push(count);
  }

  finish(): Sections {
    return {
      nonEmptyBits: bytesOf(this.#nonEmpty.words),
      nullSlots: bytesOf(Uint32Array.from(this.#nullSlots)),
      countSlots: bytesOf(Uint32Array.from(this.#countSlots)),
      countValues: bytesOf(Uint32Array.from(this.#countValues)),
    };
  }
}

/** Which rows have something at a field, over the bytes of a file. */
export class Presence {
  readonly #nonEmpty: Bitset;
  readonly #nonEmptyCount: number;
  readonly #nullSlots: Uint32Array;
  readonly #countSlots: Uint32Array;
  readonly #countValues: Uint32Array;

  constructor(sections: Sections, rowCount: number) {
    this.#nonEmpty = new Bitset(rowCount, uint32s(sections.nonEmptyBits));
    this.#nonEmptyCount = this.#nonEmpty.count();
    this.#nullSlots = uint32s(sections.nullSlots);
    this.#countSlots = uint32s(sections.countSlots);
    this.#countValues = uint32s(sections.countValues);
  }

  isEmpty(): FieldAnswer {
    return {
      estimate: exactly(this.#nonEmpty.length - this.#nonEmptyCount),
      exact: true,
      fill: (into) => into.or(this.#nonEmpty.clone().not()),
    };
  }

  isNull(): FieldAnswer {
    return {
      estimate: exactly(this.#nullSlots.length),
      exact: true,
      fill: (into) => {
        for (const slot of this.#nullSlots) into.add(slot);
      },
    };
  }

  /** Undefined where a row has several values at the path, as `a[].b` may find. */
  valuesCount(bounds: NumberBounds): FieldAnswer | undefined {
    if (this.#countValues.includes(SEVERAL)) return undefined;
    const rows = this.#rowsWithin(bounds);
    return { estimate: exactly(rows.count()), exact: true, fill: (into) => into.or(rows) };
  }

  #rowsWithin(bounds: NumberBounds): Bitset {
    const rows = new Bitset(this.#nonEmpty.length);
    if (withinBounds(bounds, 1)) rows.or(this.#nonEmpty);
    if (withinBounds(bounds, 0)) rows.or(this.#nonEmpty.clone().not());
    this.#countSlots.forEach((slot, i) => {
      if (withinBounds(bounds, this.#countValues[i] as number)) rows.add(slot);
      else rows.delete(slot);
    });
    return rows;
  }
}
