import { assert } from '../../base/assert.ts';
import type { LogIndex } from './entry.ts';

/** The bounds of a window; it is full when either is reached. */
export interface ByteWindowLimits {
  readonly itemsMax: number;
  readonly bytesMax: number;
}

/**
 * Bytes that are under way, each item up to a log index, freed in order: appends to a follower, proposals that are not committed, entries that are
 * being applied. The item that begins below the limit may exceed it.
 */
export class ByteWindow {
  readonly #limits: ByteWindowLimits;
  #items: { readonly index: LogIndex; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: ByteWindowLimits) {
    assert(limits.itemsMax >= 1 && limits.bytesMax >= 1, 'a window takes at least one item');
    this.#limits = limits;
  }

  /** Items under way. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.size >= this.#limits.itemsMax || this.#bytes >= this.#limits.bytesMax;
  }

  /** Adds an item that ends with `index`; indexes ascend. */
  add(index: LogIndex, bytes: number): void {
    assert(index >= (this.#items.at(-1)?.index ?? 0), 'a window is filled in order');
    this.#items.push({ index, bytes });
    this.#bytes += bytes;
  }

  /** Frees every item that ends at or before `index`. */
  freeTo(index: LogIndex): void {
    for (;;) {
      const first = this.#items[this.#head];
      if (first === undefined || first.index > index) break;
      this.#bytes -= first.bytes;
      this.#head += 1;
    }
    // Moving the rest only when it is the smaller part keeps this linear over all.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
