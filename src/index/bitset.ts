/** A fixed number of bits, one for each slot of a segment. */
export class Bitset {
  readonly length: number;
  readonly words: Uint32Array;

  constructor(length: number, words: Uint32Array = new Uint32Array((length + 31) >>> 5)) {
    this.length = length;
    this.words = words;
  }

  /** All bits set. */
  static full(length: number): Bitset {
    const bits = new Bitset(length);
    bits.words.fill(0xffff_ffff);
    bits.#clearTail();
    return bits;
  }

  has(slot: number): boolean {
    return ((this.words[slot >>> 5] as number) & (1 << (slot & 31))) !== 0;
  }

  add(slot: number): void {
    this.words[slot >>> 5] = (this.words[slot >>> 5] as number) | (1 << (slot & 31));
  }

  delete(slot: number): void {
    this.words[slot >>> 5] = (this.words[slot >>> 5] as number) & ~(1 << (slot & 31));
  }

  and(other: Bitset): this {
    for (let i = 0; i < this.words.length; i += 1) {
      this.words[i] = (this.words[i] as number) & (other.words[i] as number);
    }
    return this;
  }

  or(other: Bitset): this {
    for (let i = 0; i < this.words.length; i += 1) {
      this.words[i] = (this.words[i] as number) | (other.words[i] as number);
    }
    return this;
  }

  andNot(other: Bitset): this {
    for (let i = 0; i < this.words.length; i += 1) {
      this.words[i] = (this.words[i] as number) & ~(other.words[i] as number);
    }
    return this;
  }

  not(): this {
    for (let i = 0; i < this.words.length; i += 1) this.words[i] = ~(this.words[i] as number);
    this.#clearTail();
    return this;
  }

  clone(): Bitset {
    return new Bitset(this.length, this.words.slice());
  }

  count(): number {
    let total = 0;
    for (const word of this.words) {
      let bits = word - ((word >>> 1) & 0x5555_5555);
      bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
      total += (((bits + (bits >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
    }
    return total;
  }

  /** Calls `visit` with each set bit, lowest first. */
  forEach(visit: (slot: number) => void): void {
    for (let i = 0; i < this.words.length; i += 1) {
      let word = this.words[i] as number;
      while (word !== 0) {
        visit((i << 5) + 31 - Math.clz32(word & -word));
        word &= word - 1;
      }
    }
  }

  #clearTail(): void {
    const used = this.length & 31;
    if (used !== 0) {
      const last = this.words.length - 1;
      this.words[last] = (this.words[last] as number) & ((1 << used) - 1);
    }
  }
}
