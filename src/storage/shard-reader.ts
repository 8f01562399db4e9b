import type { PointKey } from '../base/point-id.ts';
import type { KeyValueStore, ReadOptions, StoreEntry, StoreSnapshot } from './key-value-store.ts';
import {
  FORMAT_KEY,
  STATE_KEY,
  allRecordsRange,
  collectionOf,
  countKey,
  countRange,
  droppedRange,
  hostKeyText,
  hostRange,
  journalIndexOf,
  journalRange,
  pointKeyOf,
  recordKey,
  recordRange,
} from './keyspace.ts';
import type { PointRecord } from './point-record.ts';
import { type RecordSelection, decodeRecord } from './record-codec.ts';
import { replicatedRows } from './replicated-rows.ts';
import { corruptRow } from './row-frame.ts';
import {
  type JournalRow,
  type ShardFormat,
  type ShardState,
  decodeCount,
  decodeDropped,
  decodeFormat,
  decodeHostRow,
  decodeJournalRow,
  decodeState,
} from './shard-rows.ts';

export interface ShardReaderOptions {
  readonly store: KeyValueStore;
  readonly shard: number;
}

/** The state of a shard to which nothing was applied. */
export const NEW_SHARD: ShardState = {
  appliedIndex: 0,
  appliedTerm: 0,
  journalStart: 1,
  epoch: 0,
};

/** A record and its id. */
export interface KeyedRecord {
  readonly key: PointKey;
  readonly record: PointRecord;
}

export interface ScanOptions extends ReadOptions {
  /** The first key wanted; absent: from the start. */
  readonly from?: PointKey;
  /** Records in all; no bound unless told. */
  readonly limit?: number;
  /** Records of one slice at most; 256 unless told. */
  readonly sliceEntries?: number;
  readonly selection?: RecordSelection;
}

/**
 * Reads one shard. It keeps nothing in memory, so every thread may have its own over the same store. All reads may throw a VectorDbError: DATA_CORRUPT,
 * STORAGE_FAILED, SHUTTING_DOWN.
 */
export class ShardReader {
  readonly shard: number;
  protected readonly store: KeyValueStore;

  constructor(options: ShardReaderOptions) {
    this.shard = options.shard;
    this.store = options.store;
  }

  /** What the store says of itself. @throws {VectorDbError} DATA_CORRUPT where it says nothing */
  format(): ShardFormat {
    const row = this.store.get(FORMAT_KEY);
    if (row === undefined) throw corruptRow(`shard ${this.shard}`, 'it has no format row');
    return decodeFormat(row, this.shard);
  }

  /** How far the shard has come; {@link NEW_SHARD} for one that was never written. */
  state(options?: ReadOptions): ShardState {
    const row = this.store.get(STATE_KEY, options);
    return row === undefined ? NEW_SHARD : decodeState(row, this.shard);
  }

  has(collection: number, key: PointKey, options?: ReadOptions): boolean {
    return this.store.get(recordKey(collection, key), options) !== undefined;
  }

  get(
    collection: number,
    key: PointKey,
    selection?: RecordSelection,
    options?: ReadOptions,
  ): PointRecord | undefined {
    const rowKey = recordKey(collection, key);
    const row = this.store.get(rowKey, options);
    return row === undefined ? undefined : decodeRecord(this.shard, rowKey, row, selection);
  }

  /** One record, or none, for each key. Blocks the thread: about 5 microseconds a key. */
  getMany(
    collection: number,
    keys: readonly PointKey[],
    selection?: RecordSelection,
  ): (PointRecord | undefined)[] {
    return keys.map((key) => this.get(collection, key, selection));
  }

  /** One page of a collection in the order of ids. */
  async scan(
    collection: number,
    from: PointKey | undefined,
    limit: number,
    selection?: RecordSelection,
  ): Promise<KeyedRecord[]> {
    const page: KeyedRecord[] = [];
    const options = {
      limit,
      ...(from === undefined ? {} : { from }),
      ...(selection === undefined ? {} : { selection }),
    };
    for await (const slice of this.records(collection, options)) page.push(...slice);
    return page;
  }

  /** A collection's records in the order of ids, as one moment saw them, a slice at a time. */
  async *records(
    collection: number,
    options: ScanOptions = {},
  ): AsyncGenerator<readonly KeyedRecord[], void, void> {
    for await (const slice of this.store.slices(recordRange(collection, options.from), options)) {
      yield slice.map(({ key, value }) => ({
        key: pointKeyOf(key),
        record: decodeRecord(this.shard, key, value, options.selection),
      }));
    }
  }

  /** All that replicas of the shard have in common, as stored (`replicated-rows.ts`), a slice at a time, as one moment saw it. */
  async *replicated(options: ReadOptions = {}): AsyncGenerator<readonly StoreEntry[], void, void> {
    const { snapshot = this.store.snapshot() } = options;
    try {
      const dropped = await this.dropped({ snapshot });
      yield* replicatedRows(this.store, { snapshot, dropped });
    } finally {
      if (options.snapshot === undefined) await snapshot[Symbol.asyncDispose]();
    }
  }

  /** Points of a collection in this shard; costs one read. */
  count(collection: number): number {
    const row = this.store.get(countKey(collection));
    return row === undefined ? 0 : decodeCount(row, this.shard, collection);
  }

  /** Collections that have points in this shard, with how many. */
  async collections(options: ReadOptions = {}): Promise<Map<number, number>> {
    const counts = new Map<number, number>();
    for await (const slice of this.store.slices(countRange(), options)) {
      for (const { key, value } of slice) {
        const collection = collectionOf(key);
        counts.set(collection, decodeCount(value, this.shard, collection));
      }
    }
    return counts;
  }

  /** Rows of the host, by their keys. */
  async hostRows(options: ReadOptions = {}): Promise<Map<string, Uint8Array>> {
    const rows = new Map<string, Uint8Array>();
    for await (const slice of this.store.slices(hostRange(), options)) {
      for (const { key, value } of slice) {
        rows.set(hostKeyText(key), decodeHostRow(value, this.shard, key));
      }
    }
    return rows;
  }

  /** Collections that were dropped, and whether nothing of them is left. */
  async dropped(options: ReadOptions = {}): Promise<Map<number, boolean>> {
    const marks = new Map<number, boolean>();
    for await (const slice of this.store.slices(droppedRange(), options)) {
      for (const { key, value } of slice) {
        const collection = collectionOf(key);
        marks.set(collection, decodeDropped(value, this.shard, collection));
      }
    }
    return marks;
  }

  /**
   * Which points each log index touched, from `from` (inclusive) to the applied index, a slice at a time, without a gap, as one moment saw it; to be read at once.
   * Undefined: what was touched is not known any more, since the journal was trimmed behind `from`.
   */
  async journal(from: number): Promise<AsyncIterable<readonly JournalRow[]> | undefined> {
    const snapshot = this.store.snapshot();
    if (from >= this.state({ snapshot }).journalStart) return this.#journalRows(from, snapshot);
    await snapshot[Symbol.asyncDispose]();
    return undefined;
  }

  /** Bytes of the shard on disk, roughly. */
  approximateBytes(): Promise<number> {
    return this.store.approximateSize(allRecordsRange());
  }

  async *#journalRows(
    from: number,
    snapshot: StoreSnapshot,
  ): AsyncGenerator<readonly JournalRow[], void, void> {
    try {
      for await (const slice of this.store.slices(journalRange(from), { snapshot })) {
        yield slice.map(({ key, value }) =>
          decodeJournalRow(value, this.shard, journalIndexOf(key)),
        );
      }
    } finally {
      await snapshot[Symbol.asyncDispose]();
    }
  }
}
