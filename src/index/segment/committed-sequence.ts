/**
 * The sequence that is visible, as one number that the apply thread writes and search threads read.
 *
 * Stored and loaded by Atomics on its bits: an atomic store is ordered behind every plain write before it (rows, tombstones, counts), and an atomic
 * load before every plain read after it. So whoever reads sequence `s` sees everything that was written for `s` (ECMAScript memory model:
 * synchronizes-with). Plain 8-byte reads of `createdAt` and `deletedAt` that race with later writes see the old or the new number, never half of
 * each, because aligned 8-byte accesses are single instructions on the 64-bit machines Node runs on; both answers are right for a search at `s`.
 */
export class CommittedSequence {
  readonly #bits: BigUint64Array<SharedArrayBuffer>;
  readonly #number = new Float64Array(1);
  readonly #numberBits = new BigUint64Array(this.#number.buffer);

  constructor(memory: SharedArrayBuffer) {
    this.#bits = new BigUint64Array(memory);
  }

  /** A new one, standing at `sequence`. */
  static create(sequence: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(8);
    new CommittedSequence(memory).store(sequence);
    return memory;
  }

  load(): number {
    this.#numberBits[0] = Atomics.load(this.#bits, 0);
    return this.#number[0] as number;
  }

  store(sequence: number): void {
    this.#number[0] = sequence;
    Atomics.store(this.#bits, 0, this.#numberBits[0] as bigint);
  }
}
