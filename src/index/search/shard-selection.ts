import type { IndexView } from '../segment/index-view.ts';

/** Some of the shards that a view holds. */
export class ShardSelection {
  /** The same for the same shards: what caches know them by. */
  readonly text: string;
  readonly #isAsked: Uint8Array;

  /** @param shards - ascending */
  constructor(shards: Uint16Array) {
    this.text = shards.join();
    this.#isAsked = new Uint8Array((shards.at(-1) ?? -1) + 1);
    for (const shard of shards) this.#isAsked[shard] = 1;
  }

  /**
   * What a read has to leave out of a view; undefined: nothing.
   *
   * @param shards - asked for, ascending; absent: all that are here
   */
  static within(view: IndexView, shards: Uint16Array | undefined): ShardSelection | undefined {
    if (shards === undefined) return undefined;
    let place = 0;
    for (const { shard } of view.shards) {
      while (place < shards.length && (shards[place] as number) < shard) place += 1;
      if (shards[place] !== shard) return new ShardSelection(shards);
    }
    return undefined;
  }

  has(shard: number): boolean {
    return this.#isAsked[shard] === 1;
  }
}
