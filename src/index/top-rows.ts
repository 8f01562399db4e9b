/** Rows found, nearest first; the first `count` of both arrays are meant. */
export interface RankedSlots {
  readonly slots: Uint32Array;
  readonly scores: Float32Array;
  readonly count: number;
}

/** The best rows seen so far, at most `limit`: a heap with the worst of them on top, in two arrays so that nothing is allocated for a row. Of equal scores the lower slot is better. */
export class TopRows {
  readonly #slots: Uint32Array;
  readonly #scores: Float32Array;
  readonly #sign: 1 | -1;
  #count = 0;

  constructor(limit: number, largerIsNearer: boolean) {
    this.#slots = new Uint32Array(limit);
    this.#scores = new Float32Array(limit);
    this.#sign = largerIsNearer ? 1 : -1;
  }

  get full(): boolean {
    return this.#count === this.#slots.length;
  }

  /** Score of the worst row kept; meaningful where {@link full}. */
  get worst(): number {
    return (this.#scores[0] as number) * this.#sign;
  }

  /** Takes the row where it is among the best so far. */
  offer(slot: number, score: number): void {
    const value = score * this.#sign;
    if (this.#count < this.#slots.length) {
      this.#count += 1;
      this.#rise(this.#count - 1, slot, value);
    } else if (this.#slots.length > 0 && this.#worse(0, slot, value)) {
      this.#sink(0, this.#count, slot, value);
    }
  }

  /** Ends the collecting: the rows, best first. The object is used up. */
  ranked(): RankedSlots {
    const count = this.#count;
    for (let end = count - 1; end > 0; end -= 1) {
      const slot = this.#slots[end] as number;
      const value = this.#scores[end] as number;
      this.#slots[end] = this.#slots[0] as number;
      this.#scores[end] = this.#scores[0] as number;
      this.#sink(0, end, slot, value);
    }
    if (this.#sign < 0) for (let i = 0; i < count; i += 1) this.#scores[i] = -this.#at(i);
    return { slots: this.#slots, scores: this.#scores, count };
  }

  #at(index: number): number {
    return this.#scores[index] as number;
  }

  /** Whether the row kept at `index` is worse than the one given. */
  #worse(index: number, slot: number, value: number): boolean {
    const kept = this.#at(index);
    return kept < value || (kept === value && (this.#slots[index] as number) > slot);
  }

  #rise(start: number, slot: number, value: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#worse(parent, slot, value)) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#slots[index] = slot;
    this.#scores[index] = value;
  }

  #sink(start: number, end: number, slot: number, value: number): void {
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= end) break;
      if (
        child + 1 < end &&
        this.#worse(child + 1, this.#slots[child] as number, this.#at(child))
      ) {
        child += 1;
      }
      if (!this.#worse(child, slot, value)) break;
      this.#move(child, index);
      index = child;
    }
    this.#slots[index] = slot;
    this.#scores[index] = value;
  }

  #move(from: number, to: number): void {
    this.#slots[to] = this.#slots[from] as number;
    this.#scores[to] = this.#scores[from] as number;
  }
}
