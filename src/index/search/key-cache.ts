import type { PointKey } from '../../base/point-id.ts';

/** A length and the longest key that is kept: integers and UUIDs take 9 and 17 bytes. */
const CELL_BYTES = 24;

/**
 * Keys of a sealed segment's rows that this thread has read before: a search names ten rows or so, and reading each of them from the file is a system
 * call. Takes memory for rows that were asked for only, 24 bytes each; longer keys are not kept.
 */
export class KeyCache {
  readonly #cells: Uint8Array;

  constructor(rows: number) {
    // Large arrays are zeros of the system's, which are no memory until they are written.
    this.#cells = new Uint8Array(rows * CELL_BYTES);
  }

  /** The key of a row, where it is kept: a copy, or what `read` gives. */
  get(slot: number, read: (slot: number) => PointKey): PointKey {
    const cell = slot * CELL_BYTES;
    const length = this.#cells[cell] as number;
    if (length > 0) return this.#cells.slice(cell + 1, cell + 1 + length);
    const key = read(slot);
    if (key.length < CELL_BYTES) {
      this.#cells[cell] = key.length;
      this.#cells.set(key, cell + 1);
    }
    return key;
  }
}
