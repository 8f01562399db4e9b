import { Bitset } from '../bitset.ts';
import { LruCache } from './lru-cache.ts';
import type { ShardSelection } from './shard-selection.ts';

const CACHED_SELECTIONS = 8;

/** Rows of a sealed segment by shard; remembers the selections used last. */
export class SealedShards {
  readonly #shards: Uint16Array;
  /** By shard, made when first asked for. */
  #counts: Uint32Array | undefined;
  readonly #known = new LruCache<Bitset>(CACHED_SELECTIONS);

  /** @param shards - of each row */
  constructor(shards: Uint16Array) {
    this.#shards = shards;
  }

  /** Rows of these shards, deleted ones too; undefined: all there are. Not to be changed. */
  rows(selection: ShardSelection): Bitset | undefined {
    const known = this.#known.get(selection.text);
    if (known !== undefined) return known;
    if (this.#areAllIn(selection)) return undefined;
    const rows = new Bitset(this.#shards.length);
    for (let slot = 0; slot < this.#shards.length; slot += 1) {
      if (selection.has(this.#shards[slot] as number)) rows.add(slot);
    }
    this.#known.set(selection.text, rows);
    return rows;
  }

  #areAllIn(selection: ShardSelection): boolean {
    this.#counts ??= countsOf(this.#shards);
    return this.#counts.every((rows, shard) => rows === 0 || selection.has(shard));
  }
}

function countsOf(shards: Uint16Array): Uint32Array {
  let most = 0;
  for (const shard of shards) most = Math.max(most, shard);
  const counts = new Uint32Array(most + 1);
  for (const shard of shards) counts[shard] = (counts[shard] as number) + 1;
  return counts;
}
