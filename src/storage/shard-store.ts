import { assert } from '../base/assert.ts';
import { VectorDbError, toVectorDbError } from '../base/error.ts';
import type { KeyValueStore, StoreOperation } from './key-value-store.ts';
import {
  FORMAT_KEY,
  STATE_KEY,
  countKey,
  journalIndexOf,
  journalKey,
  journalRange,
  recordRange,
} from './keyspace.ts';
import { ShardReader } from './shard-reader.ts';
import {
  type JournalRow,
  type ShardState,
  decodeFormat,
  encodeCount,
  encodeFormat,
  encodeJournalRow,
  encodeState,
} from './shard-rows.ts';

const JOURNAL_SLICE = 1_000;

export interface ShardStoreOptions {
  readonly store: KeyValueStore;
  readonly shard: number;
  readonly shardCount: number;
}

/** What some commands in a row change: written as a whole or not at all. */
export interface ShardBatch {
  /** One row for each log index of the batch, in order. */
  readonly journal: readonly JournalRow[];
  /** Records to put in place or (no row) to delete; keys and rows are those of the store. */
  readonly records: readonly { readonly key: Uint8Array; readonly row: Uint8Array | undefined }[];
  /** By collection: points that came minus points that went. */
  readonly countDeltas: ReadonlyMap<number, number>;
}

/**
 * Writes one shard; there is one of it a shard. Each write is one synced batch that carries data, journal and applied index together. After a failed write
 * nothing more is written until {@link ShardStore.probe} succeeds, because LevelDB's log may end in the middle of a record then.
 */
export class ShardStore extends ShardReader {
  #state: ShardState;
  #failure: VectorDbError | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(options: ShardStoreOptions, state: ShardState) {
    super(options);
    this.#state = state;
  }

  /**
   * Opens the shard, makes it where it is new, and looks for batches that are missing in the middle.
   *
   * @throws {VectorDbError} DATA_CORRUPT: a batch is missing or a row is damaged; FAILED_PRECONDITION: the store belongs to another shard
   */
  static async open(options: ShardStoreOptions): Promise<ShardStore> {
    const { store, shard, shardCount } = options;
    const row = store.get(FORMAT_KEY);
    if (row === undefined) {
      await createShard(options);
    } else {
      const found = decodeFormat(row, shard);
      if (found.shard !== shard || found.shardCount !== shardCount) {
        throw new VectorDbError(
          'FAILED_PRECONDITION',
          `the folder of shard ${shard} of ${shardCount} holds shard ${found.shard} of ${found.shardCount}`,
        );
      }
    }
    const state = new ShardReader(options).state();
    await assertNoHole(store, shard, state);
    return new ShardStore(options, state);
  }

  /** The log index up to which all commands are applied and durable. */
  get appliedIndex(): number {
    return this.#state.appliedIndex;
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
      const appliedIndex = this.#state.appliedIndex + batch.journal.length;
      const operations: StoreOperation[] = [];
      for (const [offset, row] of batch.journal.entries()) {
        assert(
          row.index === this.#state.appliedIndex + 1 + offset,
          `a batch of shard ${this.shard} continues its log`,
        );
        operations.push(put(journalKey(row.index), encodeJournalRow(row)));
      }
      for (const { key, row } of batch.records) {
        operations.push(row === undefined ? { type: 'del', key } : put(key, row));
      }
      for (const [collection, delta] of batch.countDeltas) {
        if (delta !== 0) operations.push(this.#countOperation(collection, delta));
      }
      await this.#commit(operations, { ...this.#state, appliedIndex });
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
      const operations: StoreOperation[] = [];
      const options = { values: false, limit };
      for await (const slice of this.store.slices(recordRange(collection), options)) {
        for (const { key } of slice) operations.push({ type: 'del', key });
      }
      const done = operations.length < limit;
      if (done) operations.push({ type: 'del', key: countKey(collection) });
      else operations.push(this.#countOperation(collection, -operations.length));
      await this.#commit(operations, this.#state);
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
      throw hole(this.shard, state.appliedIndex + 1, this.#state.appliedIndex);
    }
    await assertNoHole(this.store, this.shard, state);
    this.#state = state;
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

async function createShard(options: ShardStoreOptions): Promise<void> {
  const { store, shard, shardCount } = options;
  for await (const slice of store.slices({ from: new Uint8Array(0), to: Uint8Array.of(255) })) {
    throw new VectorDbError(
      'DATA_CORRUPT',
      `shard ${shard} has ${slice.length} or more rows but not the one that says what it is`,
    );
  }
  const state = encodeState({ appliedIndex: 0, journalStart: 1 });
  await store.write([put(FORMAT_KEY, encodeFormat({ shard, shardCount })), put(STATE_KEY, state)], {
    sync: true,
  });
}

/**
 * Every batch holds the journal rows of its log indexes, and rows are trimmed only after LevelDB's log was emptied into tables. So a batch that LevelDB
 * dropped from its log without a word leaves a gap in the journal.
 */
async function assertNoHole(store: KeyValueStore, shard: number, state: ShardState): Promise<void> {
  let expected = state.journalStart;
  const range = journalRange(state.journalStart);
  for await (const slice of store.slices(range, { values: false, sliceEntries: JOURNAL_SLICE })) {
    for (const { key } of slice) {
      const index = journalIndexOf(key);
      if (index !== expected) throw hole(shard, expected, index - 1);
      expected += 1;
    }
  }
  if (expected !== state.appliedIndex + 1) throw hole(shard, expected, state.appliedIndex);
}

function hole(shard: number, from: number, to: number): VectorDbError {
  const what =
    to < from
      ? `the state row of shard ${shard} is older than its journal`
      : `writes ${from} to ${to} of shard ${shard} are missing`;
  return new VectorDbError(
    'DATA_CORRUPT',
    `${what}: its files were damaged; restore the shard from a backup or a replica`,
  );
}
