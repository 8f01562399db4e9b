import { type Clock, pause } from '../base/clock.ts';
import { type SerializedError, VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { CollectionIndex } from '../index/segment/collection-index.ts';
import type { PointMutation } from '../sharding/point-mutation.ts';
import type { RecordEdits } from '../sharding/record-edits.ts';
import { type BatchOutcome, ShardApplier, type ShardEntry } from '../sharding/shard-applier.ts';
import type { ShardStore } from '../storage/shard-store.ts';
import type { CollectionState } from './apply-messages.ts';
import { JournalTrimmer } from './journal-trimmer.ts';

export interface ApplyEngineOptions {
  /** By shard. */
  readonly stores: ReadonlyMap<number, ShardStore>;
  readonly edits: RecordEdits;
  /** Called before a batch is written. @throws {VectorDbError} DISK_FULL: nothing of the batch is written */
  readonly assertRoom: () => void;
  /** Opens a collection's index and brings it to what the stores hold. */
  readonly openIndex: (schema: CollectionSchema) => Promise<CollectionIndex>;
  /** Told of commands that cannot be applied. */
  readonly onRefused: (shard: number, index: number, error: SerializedError) => void;
  readonly onDropped: (collection: number) => void;
  readonly onSwept: (collection: number) => void;
  readonly onFailure: (event: string, error: unknown) => void;
  readonly clock: Clock;
  /** Rows of a collection that may wait to be sealed before its writers wait too. */
  readonly frozenRowsMax: number;
  /** Rows of a shard's journal after which those that no index needs any more are forgotten. */
  readonly journalRowsMax: number;
}

const SWEEP_RECORDS = 1_000;
const PRESSURE_POLL_MS = 5;
/** Share of the bound on rows that wait to be sealed from which writers are slowed down, and to which rates. */
const SLOW_FROM = 0.5;
const SLOWED_ROWS_PER_SECOND = 20_000;
const SLOWEST_ROWS_PER_SECOND = 250;

/**
 * Carries out what the log says: stores first, then indexes, then the answer. One call at a time changes an index; batches overlap only in the
 * stores.
 */
export class ApplyEngine {
  readonly #options: ApplyEngineOptions;
  readonly #applier: ShardApplier;
  readonly #trimmer: JournalTrimmer;
  readonly #indexes = new Map<number, CollectionIndex>();
  #tail: Promise<unknown> = Promise.resolve();
  readonly #background = new Set<Promise<void>>();
  /** By shard, the log index up to which indexes hold everything: a batch may be durable before it is indexed. */
  readonly #indexedUpTo: Map<number, number>;
  #closing = false;

  constructor(options: ApplyEngineOptions) {
    this.#options = options;
    const { stores, edits, onRefused, assertRoom } = options;
    const onSurvived = (
      mutations: readonly PointMutation[],
      applied: ReadonlyMap<number, number>,
    ): Promise<void> => this.#inTurn(() => this.#index(mutations, applied));
    this.#trimmer = new JournalTrimmer({
      stores,
      indexes: () => this.#indexes.values(),
      rowsMax: options.journalRowsMax,
      inTurn: (action) => this.#inTurn(async () => action(this.#indexedUpTo)),
    });
    this.#applier = new ShardApplier({ stores, edits, onRefused, assertRoom, onSurvived });
    this.#indexedUpTo = new Map(
      [...options.stores].map(([shard, store]) => [shard, store.appliedIndex]),
    );
  }

  /** A batch is durable and visible when this resolves. */
  apply(entries: readonly ShardEntry[]): Promise<BatchOutcome> {
    const applied = this.#applier.apply(entries);
    return this.#inTurn(async () => {
      const { mutations, outcomes, appliedIndexes } = await applied;
      await this.#index(mutations, appliedIndexes);
      return { outcomes, appliedIndexes };
    });
  }

  /** @param reopen - whether stores may be closed and opened again: no other thread has them open */
  probe(reopen: boolean): Promise<ReadonlyMap<number, number>> {
    return this.#applier.probe(reopen);
  }

  /** Opens a new collection's index or gives an open one its changed schema. */
  async adopt(schema: CollectionSchema): Promise<void> {
    // Payload indexes of sealed segments take their time; writes go on meanwhile.
    const building = await this.#inTurn(
      async (): Promise<{ readonly done: Promise<void> } | undefined> => {
        const open = this.#indexes.get(schema.number);
        if (open !== undefined) return { done: open.updateSchema(schema) };
        this.#indexes.set(schema.number, await this.#options.openIndex(schema));
        return undefined;
      },
    );
    await building?.done;
  }

  /** Forgets a collection's index at once and sweeps its records in the background. */
  async drop(collection: number): Promise<void> {
    await this.#inTurn(async () => {
      const index = this.#indexes.get(collection);
      this.#indexes.delete(collection);
      this.#options.onDropped(collection);
      await index?.drop();
    });
    this.#inBackground('sweep', this.#sweep(collection));
  }

  async optimize(collection: number): Promise<void> {
    await this.#indexes.get(collection)?.optimize();
  }

  describe(collection: number): CollectionState {
    let points = 0;
    for (const store of this.#options.stores.values()) points += store.count(collection);
    const index = this.#indexes.get(collection);
    return { points, segments: index?.describe() ?? [], building: index?.isBuilding ?? false };
  }

  /**
   * Removes points of collections that were dropped while a write was under way.
   *
   * @param nextCollection - the number that the next collection gets
   * @throws {VectorDbError} DATA_CORRUPT: there are points of collections that were never made, so the catalog has lost some
   */
  async sweepForgotten(nextCollection: number): Promise<void> {
    const forgotten = new Set<number>();
    for (const store of this.#options.stores.values()) {
      for (const collection of (await store.collections()).keys()) {
        if (this.#indexes.has(collection)) continue;
        if (collection >= nextCollection) {
          throw new VectorDbError(
            'DATA_CORRUPT',
            `shard ${store.shard} has points of collection ${collection}, which the catalog does not know: restore the folder from a backup`,
          );
        }
        forgotten.add(collection);
      }
    }
    for (const collection of forgotten) this.#inBackground('sweep', this.#sweep(collection));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#inTurn(async () => {
      for (const index of this.#indexes.values()) await index[Symbol.asyncDispose]();
    });
    this.#trimmer.close();
    await Promise.all(this.#background);
    for (const store of this.#options.stores.values()) await store[Symbol.asyncDispose]();
  }

  async #index(
    mutations: readonly PointMutation[],
    applied: ReadonlyMap<number, number>,
  ): Promise<void> {
    for (const [shard, index] of applied) this.#indexedUpTo.set(shard, index);
    const touched = new Set<CollectionIndex>();
    for (const { collection, shard, key, record } of mutations) {
      const index = this.#indexes.get(collection);
      // A collection that was dropped, or whose index is opened later from the stores.
      if (index === undefined) continue;
      if (record === undefined) index.remove(key);
      else
        index.upsert({
          key,
          shard,
          version: record.version,
          vectors: record.vectors,
          payload: record.payload,
        });
      touched.add(index);
    }
    for (const index of touched) {
      index.commit(this.#indexedUpTo);
      await this.#slowDown(index, mutations.length);
    }
    if (!this.#closing && this.#trimmer.isDue()) {
      this.#inBackground('journal_trim_failed', this.#trimmer.run());
    }
  }

  /**
   * Writers that are faster than the builder are slowed down, the more the more rows wait to be sealed, so that what is scanned exactly stays bounded and no
   * request waits for a whole build. At twice the bound they wait.
   */
  async #slowDown(index: CollectionIndex, rows: number): Promise<void> {
    const { clock, frozenRowsMax } = this.#options;
    const fill = index.pressure() / frozenRowsMax;
    if (fill <= SLOW_FROM) return;
    const rowsPerSecond = Math.max(
      SLOWEST_ROWS_PER_SECOND,
      SLOWED_ROWS_PER_SECOND * (1 - fill) ** 2,
    );
    await pause(clock, (rows / rowsPerSecond) * 1_000);
    while (index.pressure() > 2 * frozenRowsMax && !this.#closing)
      await pause(clock, PRESSURE_POLL_MS);
  }

  async #sweep(collection: number): Promise<void> {
    for (const store of this.#options.stores.values()) {
      while (!(await store.sweep(collection, SWEEP_RECORDS))) if (this.#closing) return;
    }
    this.#options.onSwept(collection);
  }

  #inBackground(event: string, work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      // Of an index that was dropped or closed meanwhile.
      const isExpected =
        error instanceof VectorDbError &&
        (error.code === 'SHUTTING_DOWN' || error.code === 'COLLECTION_NOT_FOUND');
      if (!isExpected) this.#options.onFailure(event, error);
    });
    this.#background.add(tracked);
    void tracked.finally(() => this.#background.delete(tracked));
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(action);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}
