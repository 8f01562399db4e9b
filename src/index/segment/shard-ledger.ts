import { assert } from '../../base/assert.ts';
import type { ShardOfView } from './index-view.ts';
import type { ShardMark } from './shard-mark.ts';

/** A shard as an index knows it. */
export interface IndexedShard {
  readonly shard: number;
  readonly lineage: number;
  /** Points of it that are not deleted, staged changes included. */
  readonly rows: number;
  /** Whether everything of its store is in: false while it is read. */
  readonly isIndexed: boolean;
}

interface Entry {
  readonly lineage: number;
  /**
   * `listed`: on disk there are rows of it, and its store was not seen yet. `filling`: its store is here, and not all of it is in. `indexed`: everything up to
   * `index` is.
   */
  state: 'listed' | 'filling' | 'indexed';
  /** Log index up to which everything is in; stands still until the shard is `indexed`. */
  index: number;
}

/** Which shards' points an index takes, from which stores, and how far it has come with each. */
export class ShardLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #rows = new Map<number, number>();

  /** @param marks - what is durable */
  constructor(marks: ReadonlyMap<number, ShardMark>) {
    for (const [shard, { index, lineage }] of marks) {
      this.#entries.set(shard, { lineage, index, state: 'listed' });
    }
  }

  /** A row came or went. */
  count(shard: number, change: 1 | -1): void {
    this.#rows.set(shard, this.rows(shard) + change);
  }

  rows(shard: number): number {
    return this.#rows.get(shard) ?? 0;
  }

  /** Whether rows of the shard may come. */
  takes(shard: number): boolean {
    const state = this.#entries.get(shard)?.state;
    return state === 'filling' || state === 'indexed';
  }

  /** The shard's rows are all gone. */
  clear(shard: number): void {
    this.#rows.delete(shard);
  }

  /** Of the store that the shard's rows are of; 0 for a shard that is not known. */
  lineage(shard: number): number {
    return this.#entries.get(shard)?.lineage ?? 0;
  }

  isFilling(shard: number, lineage: number): boolean {
    const entry = this.#entries.get(shard);
    return entry?.state === 'filling' && entry.lineage === lineage;
  }

  /** The shard's store is here; where it is of the lineage that is known, what is known of it goes on being so. */
  admit(shard: number, lineage: number): number {
    const known = this.#entries.get(shard);
    if (known?.lineage === lineage) {
      if (known.state === 'listed') known.state = 'filling';
      return known.index;
    }
    this.#entries.set(shard, { lineage, index: 0, state: 'filling' });
    return 0;
  }

  /** Everything up to `index` is in. */
  complete(shard: number, index: number): void {
    const entry = this.#entries.get(shard);
    assert(entry !== undefined, 'a shard is admitted before it is complete');
    entry.state = 'indexed';
    entry.index = index;
  }

  /** The shard, whose rows are all gone, is not here any more. */
  forget(shard: number): void {
    this.#entries.delete(shard);
  }

  /** Whether everything of a shard up to a log index is in. */
  holds(shard: number, index: number): boolean {
    const entry = this.#entries.get(shard);
    return entry?.state === 'indexed' && entry.index >= index;
  }

  /** Shards have come so far; those that are not here or not all in are passed over, and so are those that have come further. */
  advance(applied: Iterable<readonly [number, number]>): void {
    for (const [shard, index] of applied) {
      const entry = this.#entries.get(shard);
      if (entry?.state === 'indexed' && entry.index < index) entry.index = index;
    }
  }

  /** By shard, the log index up to which everything is in. */
  indexes(): ReadonlyMap<number, number> {
    return new Map([...this.#entries].map(([shard, { index }]) => [shard, index]));
  }

  /**
   * What can be said durably.
   *
   * @param held - by shard, the log index up to which durable segments hold everything; a shard that is not in it: nothing is known
   */
  marks(held: ReadonlyMap<number, number>): ReadonlyMap<number, ShardMark> {
    return new Map(
      [...this.#entries].map(([shard, { lineage }]) => [
        shard,
        { lineage, index: held.get(shard) ?? 0 },
      ]),
    );
  }

  /** Every shard that is listed or has rows, ascending. */
  known(): number[] {
    return [...new Set([...this.#entries.keys(), ...this.#rows.keys()])].toSorted((a, b) => a - b);
  }

  /** What a view says of shards, ascending. */
  ofView(): readonly ShardOfView[] {
    return this.known()
      .filter((shard) => this.#entries.has(shard))
      .map((shard) => ({ shard, isIndexed: this.#entries.get(shard)?.state === 'indexed' }));
  }

  /** All that is known, ascending by shard. */
  describe(): IndexedShard[] {
    return this.known().map((shard) => ({
      shard,
      lineage: this.lineage(shard),
      rows: this.rows(shard),
      isIndexed: this.#entries.get(shard)?.state === 'indexed',
    }));
  }
}
