import { type PointKey, pointKeyText, successorOf } from '../../base/point-id.ts';
import type { CollectionIndex } from './collection-index.ts';

/** A point as a shard's store holds it. */
export interface StoredRecord {
  readonly version: number;
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: Uint8Array;
}

/** What is read of a shard's store while an index is filled from it. */
export interface FillSource {
  /** Of the store: below 2^48, another for each that was ever made; absent: 0. */
  readonly lineage?: number;
  readonly appliedIndex: number;
  /** Records of a collection in the order of ids, as they are at the call, from `from` (inclusive) on, at most `limit`. */
  scan(
    collection: number,
    from: PointKey | undefined,
    limit: number,
  ): Promise<readonly { readonly key: PointKey; readonly record: StoredRecord }[]>;
}

export interface ShardFillOptions {
  readonly index: CollectionIndex;
  /** Admitted to the index, with the source's lineage. */
  readonly shard: number;
  readonly source: FillSource;
  /** Records of one step. */
  readonly sliceRows?: number;
}

/** `more`: there are records left; `gone`: the shard was forgotten, admitted anew or its collection dropped, and nothing is done any more. */
export type FillProgress = 'more' | 'filled' | 'gone';

/** Carries an action out between two changes of the index: others wait until it has ended. */
export type InTurn = <T>(action: () => Promise<T>) => Promise<T>;

const SLICE_ROWS = 256;
/** Rows that may wait to be sealed while an index is filled; beyond, the fill waits for the builder. */
export const FILL_FROZEN_ROWS_MAX = 65_536;

/**
 * Brings the points of a shard from its store into an index, a slice at a time, while writes of the shard go on. What a slice reads is what the store has
 * during that step's turn, and a write changes the store before its own turn at the index; so a slice is never older than what the index has, and a write
 * that a slice saw already is only said twice. Points that the index has and the store does not are removed at the end.
 */
export class ShardFill {
  readonly #options: ShardFillOptions;
  readonly #lineage: number;
  #from: PointKey | undefined;
  /** What the index had before, as far as the store has not shown it. */
  #unseen: Map<string, { readonly key: PointKey; readonly version: number }> | undefined;
  #startedAt = 0;
  #changed = 0;

  constructor(options: ShardFillOptions) {
    this.#options = options;
    this.#lineage = options.source.lineage ?? 0;
  }

  get shard(): number {
    return this.#options.shard;
  }

  /** Its number. */
  get collection(): number {
    return this.#options.index.schema.number;
  }

  /** Points that the index had otherwise, so far. */
  get changed(): number {
    return this.#changed;
  }

  /**
   * Steps to the end, each in a turn of its own; between them it waits while too many rows wait to be sealed.
   *
   * @throws what the source threw
   */
  async run(inTurn: InTurn): Promise<Exclude<FillProgress, 'more'>> {
    const { index } = this.#options;
    for (;;) {
      const progress = await inTurn(() => this.step());
      if (progress !== 'more') return progress;
      if (index.pressure() > FILL_FROZEN_ROWS_MAX) await index.relief(FILL_FROZEN_ROWS_MAX);
    }
  }

  /** The next slice; made visible, and after the last one the shard is complete. The index must not be changed by others meanwhile. */
  async step(): Promise<FillProgress> {
    const { index, shard, source, sliceRows = SLICE_ROWS } = this.#options;
    if (!index.isFilling(shard, this.#lineage)) return 'gone';
    const unseen = this.#begin();
    const page = await source.scan(index.schema.number, this.#from, sliceRows);
    for (const { key, record } of page) {
      unseen.delete(pointKeyText(key));
      if (index.isCurrent(key, record.version)) continue;
      const { version, vectors, payload } = record;
      index.upsert({ key, shard, version, vectors, payload });
      this.#changed += 1;
    }
    const last = page.at(-1);
    if (last !== undefined && page.length >= sliceRows) {
      this.#from = successorOf(last.key);
      index.commit([]);
      return 'more';
    }
    for (const { key, version } of unseen.values()) {
      // One that was written meanwhile is the store's.
      if (index.isCurrent(key, version) && index.remove(key)) this.#changed += 1;
    }
    index.commit([]);
    index.completeShard(shard, this.#startedAt);
    index.commit([]);
    return 'filled';
  }

  #begin() {
    if (this.#unseen !== undefined) return this.#unseen;
    const { index, shard, source } = this.#options;
    this.#startedAt = source.appliedIndex;
    this.#unseen = new Map();
    for (const [key, version] of index.pointsOfShard(shard)) {
      this.#unseen.set(pointKeyText(key), { key, version });
    }
    return this.#unseen;
  }
}
