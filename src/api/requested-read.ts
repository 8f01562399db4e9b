import type { Consistency, ReadOptions } from '../database/vector-database.ts';

/** What a request says of how it is to be read. */
export interface ReadWish {
  /** Absent: `linearizable`. */
  readonly consistency?: Consistency | undefined;
  /** Whether an answer may lack shards that cannot be read. */
  readonly allowPartial?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** A read that a request asks for, and the shards that its answer lacks. */
export class RequestedRead {
  readonly options: ReadOptions;
  readonly #missing = new Set<number>();

  constructor({ consistency, allowPartial, signal }: ReadWish) {
    this.options =
      allowPartial === true
        ? { signal, consistency, onMissingShards: (shards) => this.#note(shards) }
        : { signal, consistency };
  }

  /** Ascending; undefined: none is missing. */
  get missingShards(): readonly number[] | undefined {
    return this.#missing.size === 0 ? undefined : [...this.#missing].toSorted((a, b) => a - b);
  }

  #note(shards: readonly number[]): void {
    for (const shard of shards) this.#missing.add(shard);
  }
}
