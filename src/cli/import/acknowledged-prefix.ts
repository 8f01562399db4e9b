import { assert } from '../../base/assert.ts';

/** Batches end in any order; only what lies before the first that has not ended is safely written, and may be counted on. */
export class AcknowledgedPrefix<T> {
  readonly #ended = new Map<number, T>();
  #next = 0;
  #begun = 0;
  #reached: T;

  /** @param start - what is reached before any batch ended */
  constructor(start: T) {
    this.#reached = start;
  }

  /** What the last batch of the unbroken row of ended ones reaches. */
  get reached(): T {
    return this.#reached;
  }

  /** Numbers the next batch. */
  begin(): number {
    this.#begun += 1;
    return this.#begun - 1;
  }

  /** @param reaches - what is reached when this batch and all before it have ended */
  end(batch: number, reaches: T): void {
    assert(batch >= this.#next && batch < this.#begun && !this.#ended.has(batch), 'ended twice');
    this.#ended.set(batch, reaches);
    while (this.#ended.has(this.#next)) {
      this.#reached = this.#ended.get(this.#next) as T;
      this.#ended.delete(this.#next);
      this.#next += 1;
    }
  }
}
