import { assert } from '../base/assert.ts';
import { VectorDbError, toVectorDbError } from '../base/error.ts';
import type { KeyValueStore, StoreOperation } from './key-value-store.ts';
import { assertNoHole, missingWrites } from './journal-check.ts';
import {
  FORMAT_KEY,
  STATE_KEY,
  countKey,
  droppedKey,
  hostKey,
  journalIndexOf,
  journalKey,
  journalRange,
  recordRange,
} from './keyspace.ts';
import { NEW_SHARD, ShardReader } from './shard-reader.ts';
import {
  type JournalRow,
  type ShardFormat,
  type ShardState,
  decodeFormat,
  encodeCount,
  encodeDropped,
  encodeFormat,
  encodeHostRow,
  encodeJournalRow,
  encodeState,
} from './shard-rows.ts';

const JOURNAL_SLICE = 1_000;

export interface ShardStoreOptions {
  readonly store: KeyValueStore;
  readonly shard: number;
  readonly shardCount: number;
  /** What a store that is made here is told from others by: below 2^48; 0 unless told. */
  readonly lineage?: number;
  /** False where the store has to be there as a whole; true unless told. */
  readonly mayBeNew?: boolean;
}

/** What some log entries in a row change: written as a whole or not at all. */
export interface ShardBatch {
  /** The last of the entries. */
  readonly last: { readonly term: number; readonly index: number };
  /** In order; a log index that is left out has touched no point. */
  readonly journal: readonly JournalRow[];
  /** Records to put in place or (no row) to delete; keys and rows are those of the store. */
  readonly records: readonly { readonly key: Uint8Array; readonly row: Uint8Array | undefined }[];
  /** By collection: points that came minus points that went. */
  readonly countDeltas: ReadonlyMap<number, number>;
  /** Rows of the host to put in place or (no value) to delete, by the host's keys. */
  readonly hostRows?: readonly { readonly key: string; readonly value: Uint8Array | undefined }[];
  /** Collections that are dropped: their points count no more, and no point comes after. */
  readonly dropped?: readonly number[];
  /** Absent: as before. */
  readonly epoch?: number;
}

/**
 * Writes one shard; there is one of it a shard. Each write is one synced batch that carries data, journal and applied index together. After a failed write
 * nothing more is written until {@link ShardStore.probe} succeeds, because LevelDB's log may end in the middle of a record then.
 */
export class ShardStore extends ShardReader {
  /** As {@link ShardFormat.lineage} says. */
  readonly lineage: number;
  #state: ShardState;
  /** Whether nothing is left, by dropped collection. */
  #dropped: Map<number, boolean>;
  #failure: VectorDbError | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(
    options: ShardStoreOptions,
    format: ShardFormat,
    state: ShardState,
    dropped: Map<number, boolean>,
  ) {
    super(options);
    this.lineage = format.lineage;
    this.#state = state;
    this.#dropped = dropped;
  }

  /**
   * Opens the shard, makes it where it is new, and looks for batches that are missing in the middle.
   *
   * @throws {VectorDbError} DATA_CORRUPT: a batch is missing or a row is damaged; FAILED_PRECONDITION: the store belongs to another shard
   */
  static async open(options: ShardStoreOptions): Promise<ShardStore> {
    const { store, shard, shardCount } = options;
    const row = store.get(FORMAT_KEY);
    const format = row === undefined ? await createShard(options) : decodeFormat(row, shard);
    if (format.shard !== shard || format.shardCount !== shardCount) {
      throw new VectorDbError(
        'FAILED_PRECONDITION',
        `the folder of shard ${shard} of ${shardCount} holds shard ${format.shard} of ${format.shardCount}`,
      );
    }
    const reader = new ShardReader(options);
    const state = reader.state();
    await assertNoHole(store, shard, state);
    return new ShardStore(options, format, state, await reader.dropped());
  }

  /** The log index up to which all entries are applied and durable. */
  get appliedIndex(): number {
    return this.#state.appliedIndex;
  }

  /** The term of the entry at {@link appliedIndex}. */
  get appliedTerm(): number {
    return this.#state.appliedTerm;
  }

  /** Commands of an epoch below are to be refused. */
  get epoch(): number {
    return this.#state.epoch;
  }

  /** Whether the collection was dropped here. */
  isDropped(collection: number): boolean {
    return this.#dropped.has(collection);
  }

  /** Whether the collection was dropped here, and nothing of it is left. */
  isSwept(collection: number): boolean {
    return this.#dropped.get(collection) === true;
  }

  /** Dropped collections of which something may be left. */
  get unswept(): readonly number[] {
    return [...this.#dropped].filter(([, isSwept]) => !isSwept).map(([collection]) => collection);
  }

  /** The first log index whose journal row is kept. */
  get journalStart(): number {
    return this.#state.journalStart;
  }

  /** Why nothing is written, if so. */
  get failure(): VectorDbError | undefined {
    return this.#failure;
  }

  /**
   * Makes a batch durable. Calls are carried out one after another.
   *
   * @throws {VectorDbError} DISK_FULL, STORAGE_FAILED, DATA_CORRUPT: it was not taken
   */
  write(batch: ShardBatch): Promise<void> {
    return this.#inTurn(async () => {
      const { last, epoch = this.#state.epoch, dropped = [] } = batch;
      const operations = this.#journalOperations(batch);
      for (const { key, row } of batch.records) {
        operations.push(row === undefined ? { type: 'del', key } : put(key, row));
      }
      for (const { key, value } of batch.hostRows ?? []) {
        const rowKey = hostKey(key);
        const row = value && encodeHostRow(rowKey, value);
        operations.push(row === undefined ? { type: 'del', key: rowKey } : put(rowKey, row));
      }
      for (const [collection, delta] of batch.countDeltas) {
        if (delta !== 0) operations.push(this.#countOperation(collection, delta));
      }
      for (const collection of dropped) operations.push(...dropOperations(collection));
      const { term: appliedTerm, index: appliedIndex } = last;
      await this.#commit(operations, { ...this.#state, appliedIndex, appliedTerm, epoch });
      for (const collection of dropped) this.#dropped.set(collection, false);
    });
  }

  /** Marks a collection as dropped, on a node whose log does not say so. */
  drop(collection: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#dropped.has(collection)) return;
      await this.#commit(dropOperations(collection), this.#state);
      this.#dropped.set(collection, false);
    });
  }

  /**
   * Forgets journal rows up to a log index (inclusive); writes go on meanwhile. Everything written before is moved out of LevelDB's log first: only
   * rows that no longer prove anything about that log may go.
   */
  async trimJournal(upTo: number): Promise<void> {
    assert(upTo <= this.#state.appliedIndex, 'only what was applied is trimmed');
    if (upTo < this.#state.journalStart) return;
    await this.store.compact(journalRange(0, this.#state.journalStart));
    const range = journalRange(0, upTo + 1);
    const options = { values: false, sliceEntries: JOURNAL_SLICE };
    for await (const slice of this.store.slices(range, options)) {
      const last = slice.at(-1);
      assert(last !== undefined, 'a slice is not empty');
      const trimmedUpTo = journalIndexOf(last.key);
      await this.#inTurn(() => {
        const journalStart = Math.max(this.#state.journalStart, trimmedUpTo + 1);
        const operations: StoreOperation[] = slice.map(({ key }) => ({ type: 'del', key }));
        return this.#commit(operations, { ...this.#state, journalStart });
      });
    }
  }

  /**
   * Deletes up to `limit` records of a dropped collection. To be called until it returns true: nothing of the collection is left.
   */
  sweep(collection: number, limit: number): Promise<boolean> {
    return this.#inTurn(async () => {
      assert(this.#dropped.has(collection), `collection ${collection} was dropped`);
      const operations: StoreOperation[] = [];
      const options = { values: false, limit };
      for await (const slice of this.store.slices(recordRange(collection), options)) {
        for (const { key } of slice) operations.push({ type: 'del', key });
      }
      const done = operations.length < limit;
      if (done) operations.push(put(droppedKey(collection), encodeDropped(collection, true)));
      await this.#commit(operations, this.#state);
      if (done) this.#dropped.set(collection, true);
      return done;
    });
  }

  /**
   * After a failure: starts a new log file and writes to it, if need be after opening the store again; on success the shard takes writes again.
   *
   * @param reopen - whether the store may be opened again
   * @returns the applied index: larger than before where a write that was reported as failed has survived in LevelDB's log
   * @throws {VectorDbError} DISK_FULL, STORAGE_FAILED, DATA_CORRUPT: it still fails
   */
  probe(reopen = true): Promise<number> {
    const turn = this.#tail.then(async () => {
      if (this.#failure === undefined) return this.#state.appliedIndex;
      try {
        await this.#startNewLog();
      } catch (thrown) {
        if (!reopen) throw thrown;
        await this.store.reopen();
        await this.#startNewLog();
      }
      this.#failure = undefined;
      return this.#state.appliedIndex;
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Waits for writes under way and closes the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail;
    await this.store[Symbol.asyncDispose]();
  }

  /** The failed write may have arrived all the same, so what is stored counts. */
  async #startNewLog(): Promise<void> {
    await this.#readState();
    await this.store.compact(journalRange(0, 1));
    await this.store.write([put(STATE_KEY, encodeState(this.#state))], { sync: true });
  }

  async #readState(): Promise<void> {
    const state = this.state();
    if (state.appliedIndex < this.#state.appliedIndex) {
      throw missingWrites(this.shard, state.appliedIndex + 1, this.#state.appliedIndex);
    }
    await assertNoHole(this.store, this.shard, state);
    this.#state = state;
    this.#dropped = await this.dropped();
  }

  /** One row for each log index, so that a missing one is noticed. */
  #journalOperations({ journal, last }: ShardBatch): StoreOperation[] {
    const operations: StoreOperation[] = [];
    let place = 0;
    for (let index = this.#state.appliedIndex + 1; index <= last.index; index += 1) {
      const touched = journal[place]?.index === index ? journal[place] : undefined;
      if (touched !== undefined) place += 1;
      const row = touched ?? { index, collection: 0, keys: [] };
      operations.push(put(journalKey(index), encodeJournalRow(row)));
    }
    assert(
      operations.length > 0 && place === journal.length,
      `a batch of shard ${this.shard} continues its log`,
    );
    return operations;
  }

  #countOperation(collection: number, delta: number): StoreOperation {
    const points = this.count(collection) + delta;
    assert(
      points >= 0,
      `collection ${collection} of shard ${this.shard} has no fewer points than 0`,
    );
    return points === 0
      ? { type: 'del', key: countKey(collection) }
      : put(countKey(collection), encodeCount(collection, points));
  }

  async #commit(operations: StoreOperation[], state: ShardState): Promise<void> {
    operations.push(put(STATE_KEY, encodeState(state)));
    try {
      await this.store.write(operations, { sync: true });
    } catch (thrown) {
      this.#failure = toVectorDbError(thrown);
      throw this.#failure;
    }
    this.#state = state;
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return action();
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

/** Row and key of a record to put. */
function put(key: Uint8Array, value: Uint8Array): StoreOperation {
  return { type: 'put', key, value };
}

function dropOperations(collection: number): StoreOperation[] {
  return [
    put(droppedKey(collection), encodeDropped(collection, false)),
    { type: 'del', key: countKey(collection) },
  ];
}

async function createShard(options: ShardStoreOptions): Promise<ShardFormat> {
  const { store, shard, shardCount, lineage = 0, mayBeNew = true } = options;
  if (!mayBeNew) {
    throw new VectorDbError('DATA_CORRUPT', `shard ${shard} has no row that says what it is`);
  }
  for await (const slice of store.slices({ from: new Uint8Array(0), to: Uint8Array.of(255) })) {
    throw new VectorDbError(
      'DATA_CORRUPT',
      `shard ${shard} has ${slice.length} or more rows but not the one that says what it is`,
    );
  }
  const format = { shard, shardCount, lineage };
  const rows = [put(FORMAT_KEY, encodeFormat(format)), put(STATE_KEY, encodeState(NEW_SHARD))];
  await store.write(rows, { sync: true });
  return format;
}
