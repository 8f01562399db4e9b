import type { CollectionIndex } from '../index/segment/collection-index.ts';
import type { ShardStore } from '../storage/shard-store.ts';

/** What of an index the trimmer needs. */
export type TrimmedIndex = Pick<CollectionIndex, 'watermark' | 'advance' | 'flush'>;

/** What of a shard's store the trimmer needs. */
export type TrimmedStore = Pick<ShardStore, 'appliedIndex' | 'journalStart' | 'trimJournal'>;

export interface JournalTrimmerOptions {
  /** By shard. */
  readonly stores: ReadonlyMap<number, TrimmedStore>;
  /** All indexes there are at the time. */
  readonly indexes: () => Iterable<TrimmedIndex>;
  /** Rows of a shard's journal after which it is looked at. */
  readonly rowsMax: number;
  /** Carries an action out between two changes of indexes; it is given, by shard, the log index up to which indexes hold everything. */
  readonly inTurn: (action: (indexed: ReadonlyMap<number, number>) => void) => Promise<void>;
}

/** A journal this many times as long as it should be makes indexes seal what they have: an index with few writes would hold it for ever. */
const OVERLONG_FACTOR = 2;
/** Part of `rowsMax` by which a journal grows before it is looked at again. */
const RETRY_SHARE = 0.25;

/**
 * Keeps the journals of shards short: what all indexes have durably need not be read again after a restart. One shard after another, so that little
 * room and time is taken from writes.
 */
export class JournalTrimmer {
  readonly #options: JournalTrimmerOptions;
  /** By shard, the applied index before which there is no use in trying again. */
  readonly #retryAt = new Map<number, number>();
  #isRunning = false;
  #isClosed = false;

  constructor(options: JournalTrimmerOptions) {
    this.#options = options;
  }

  /** Whether some journal is so long that {@link run} should be called; false while it runs. */
  isDue(): boolean {
    if (this.#isRunning) return false;
    for (const [shard, store] of this.#options.stores) {
      if (this.#isLong(shard, store)) return true;
    }
    return false;
  }

  /** Trims all journals that are too long. @throws {VectorDbError} what a store or a build threw */
  async run(): Promise<void> {
    this.#isRunning = true;
    try {
      const { rowsMax, stores } = this.#options;
      const long = [...stores].filter(([shard, store]) => this.#isLong(shard, store));
      const next = ({ appliedIndex }: TrimmedStore): number =>
        appliedIndex + Math.ceil(rowsMax * RETRY_SHARE);
      // First, so that a failure is not tried again with every write.
      for (const [shard, store] of long) this.#retryAt.set(shard, next(store));
      await this.#advanceIndexes(long);
      for (const [shard, store] of long) {
        if (this.#isClosed) return;
        await this.#trim(shard, store);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** What is begun goes on; nothing more is. */
  close(): void {
    this.#isClosed = true;
  }

  /** Makes durable that indexes without a change have come as far as the others. */
  async #advanceIndexes(long: readonly (readonly [number, TrimmedStore])[]): Promise<void> {
    const { rowsMax, indexes, inTurn } = this.#options;
    for (const index of [...indexes()]) {
      const held = long.map(([shard, store]) => store.appliedIndex - index.watermark(shard));
      if (Math.max(0, ...held) < rowsMax) continue;
      if (this.#isClosed) return;
      await inTurn((indexed) => {
        if ([...indexes()].includes(index)) index.advance(indexed);
      });
      const overlong = long.some(
        ([shard, store]) => store.appliedIndex - index.watermark(shard) > rowsMax * OVERLONG_FACTOR,
      );
      if (overlong) await index.flush();
    }
  }

  async #trim(shard: number, store: TrimmedStore): Promise<void> {
    let upTo = store.appliedIndex;
    for (const index of this.#options.indexes()) upTo = Math.min(upTo, index.watermark(shard));
    if (upTo >= store.journalStart) await store.trimJournal(upTo);
  }

  #isLong(shard: number, { appliedIndex, journalStart }: TrimmedStore): boolean {
    if (appliedIndex < (this.#retryAt.get(shard) ?? 0)) return false;
    return appliedIndex - journalStart + 1 > this.#options.rowsMax;
  }
}
