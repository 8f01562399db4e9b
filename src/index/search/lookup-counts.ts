/** How often something was asked for. */
export interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

const HITS = 0;
const MISSES = 1;

/** Counts lookups in caches of one thread, in memory that other threads read. */
export class LookupCounts {
  readonly #counts: Float64Array;

  /** @param memory - of {@link create}; one thread counts in it */
  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Float64Array(memory);
  }

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
  }

  /** What several threads have counted. */
  static total(memories: readonly SharedArrayBuffer[]): Lookups {
    const each = memories.map((memory) => new LookupCounts(memory).read());
    return {
      hits: each.reduce((sum, { hits }) => sum + hits, 0),
      misses: each.reduce((sum, { misses }) => sum + misses, 0),
    };
  }

  hit(): void {
    this.#counts[HITS] = (this.#counts[HITS] as number) + 1;
  }

  miss(): void {
    this.#counts[MISSES] = (this.#counts[MISSES] as number) + 1;
  }

  read(): Lookups {
    return { hits: this.#counts[HITS] as number, misses: this.#counts[MISSES] as number };
  }
}
