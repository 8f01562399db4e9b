import { must } from '../base/assert.ts';
import { type Clock, pause } from '../base/clock.ts';
import { type SerializedError, toVectorDbError, VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { CollectionIndex } from '../index/segment/collection-index.ts';
import { ShardFill } from '../index/segment/shard-fill.ts';
import type { PointMutation } from '../sharding/point-mutation.ts';
import type { RecordEdits } from '../sharding/record-edits.ts';
import { ShardApplier } from '../sharding/shard-applier.ts';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import type { ShardStore } from '../storage/shard-store.ts';
import type { CollectionState } from './apply-messages.ts';
import { JournalTrimmer } from './journal-trimmer.ts';
import type { EntryPlace, ShardReplicas } from './shard-replicas.ts';
import { ShardSweeper } from './shard-sweeper.ts';

/** An index that was opened and brought to what the stores hold, but for what is left to fill. */
export interface OpenedIndex {
  readonly index: CollectionIndex;
  readonly fills: readonly ShardFill[];
}

export interface ApplyEngineOptions {
  readonly replicas: ShardReplicas;
  readonly edits: RecordEdits;
  /** Called before a step is written. @throws {VectorDbError} DISK_FULL: nothing of the step is written */
  readonly assertRoom: () => void;
  /** Opens a collection's index and brings it to what the stores hold. */
  readonly openIndex: (schema: CollectionSchema) => Promise<OpenedIndex>;
  /** Told of commands that cannot be applied. */
  readonly onRefused: (shard: number, index: number, error: SerializedError) => void;
  readonly onDropped: (collection: number) => void;
  /** The node ends: segments that are being built are given up, with CANCELLED. Their points are built anew after the next start. */
  readonly abandonBuilds: () => void;
  /** Removes the files of indexes with numbers below `nextNumber`, but for those that are open. */
  readonly removeIndexes: (nextNumber: number, open: ReadonlySet<number>) => Promise<void>;
  /** Told of the shards whose points are all in the indexes, after every change of them. */
  readonly onIndexed: (shards: ReadonlySet<number>) => void;
  /** Told when an index has got all points of a shard in the background. */
  readonly onFilled: (fill: ShardFill) => void;
  readonly onFailure: (event: string, error: unknown) => void;
  readonly clock: Clock;
  /** Rows of a collection that may wait to be sealed before its writers wait too. */
  readonly frozenRowsMax: number;
  /** Rows of a shard's journal after which those that no index needs any more are forgotten. */
  readonly journalRowsMax: number;
}

/** A shard's store that was opened. */
export interface OpenedShard {
  readonly applied: EntryPlace;
}

const PRESSURE_POLL_MS = 5;
const FILL_RETRY_MS = 1_000;
/** An hour. */
const FILL_ATTEMPTS_MAX = 3_600;
/** Share of the bound on rows that wait to be sealed from which writers are slowed down, and to which rates. */
const SLOW_FROM = 0.5;
const SLOWED_ROWS_PER_SECOND = 20_000;
const SLOWEST_ROWS_PER_SECOND = 250;

/**
 * Carries out what the log says: stores first, then indexes, then the answer. One call at a time changes an index; batches overlap only in the
 * stores. Shards come and go meanwhile; what an index lacks of one that came is filled in the background.
 */
export class ApplyEngine {
  readonly #options: ApplyEngineOptions;
  readonly #applier: ShardApplier;
  readonly #trimmer: JournalTrimmer;
  readonly #sweeper: ShardSweeper;
  readonly #indexes = new Map<number, CollectionIndex>();
  #tail: Promise<unknown> = Promise.resolve();
  readonly #background = new Set<Promise<void>>();
  /** By shard, the log index up to which indexes hold everything: a batch may be durable before it is indexed. */
  readonly #indexedUpTo = new Map<number, number>();
  #closing = false;
  /** Whether every index there is has been opened: before that, nobody knows what the others need of the journals. */
  #hasAllIndexes = false;

  constructor(options: ApplyEngineOptions) {
    this.#options = options;
    const { edits, onRefused, assertRoom, replicas } = options;
    const { stores } = replicas;
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
    this.#sweeper = new ShardSweeper({
      stores,
      inBackground: (work) => this.#inBackground('sweep_failed', work),
    });
    this.#applier = new ShardApplier({ edits, onRefused, assertRoom, onSurvived });
  }

  /** What is applied is durable and visible when this resolves. */
  applySteps(steps: readonly ShardStep[]): Promise<readonly StepOutcome[]> {
    const { stores } = this.#options.replicas;
    const written = new Map(steps.map(({ shard }) => [shard, stores.get(shard)]));
    const applied = this.#applier.apply(steps);
    return this.#inTurn(async () => {
      const { mutations, outcomes, appliedIndexes, dropped } = await applied;
      // A shard that has left meanwhile, or has come anew, has nothing of this in the indexes.
      for (const [shard, store] of written) if (stores.get(shard) === store) written.delete(shard);
      if (written.size === 0) await this.#index(mutations, appliedIndexes);
      else {
        const isHere = ({ shard }: PointMutation): boolean => !written.has(shard);
        const here = [...appliedIndexes].filter(([shard]) => !written.has(shard));
        await this.#index(mutations.filter(isHere), new Map(here));
      }
      if (dropped.length > 0) {
        for (const { shard } of steps) {
          const store = this.#options.replicas.stores.get(shard);
          if (store !== undefined) this.#sweeper.sweep(store);
        }
      }
      return outcomes;
    });
  }

  /** @param reopen - whether stores may be closed and opened again: no other thread has them open */
  probe(reopen: boolean): Promise<ReadonlyMap<number, number>> {
    return this.#applier.probe(reopen);
  }

  /** See {@link ShardReplicas.open}. Its points are filled into the open indexes. */
  openShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#inTurn(async () =>
      this.#arrived(await this.#options.replicas.open(shard, generation)),
    );
  }

  /** See {@link ShardReplicas.activate}. What the indexes had of the shard goes, and what came is filled into them. */
  activateShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#inTurn(async () => {
      const { replicas } = this.#options;
      const before = replicas.stores.get(shard);
      if (before !== undefined && replicas.generationOf(shard) === generation) {
        return openedShard(before);
      }
      this.#left(shard);
      return this.#arrived(await replicas.activate(shard, generation));
    });
  }

  /** Closes a shard's store; its points stay in the indexes' files, for its return. */
  closeShard(shard: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#applier.close(shard);
      this.#indexedUpTo.delete(shard);
      await this.#options.replicas.close(shard);
      this.#tellIndexed();
    });
  }

  /** Deletes a shard, open or not, from stores and indexes. */
  destroyShard(shard: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#left(shard);
      await this.#options.replicas.destroy(shard);
    });
  }

  /** Opens a new collection's index or gives an open one its changed schema. */
  async adopt(schema: CollectionSchema): Promise<void> {
    // Payload indexes of sealed segments take their time; writes go on meanwhile.
    const building = await this.#inTurn(
      async (): Promise<{ readonly done: Promise<void> } | undefined> => {
        const open = this.#indexes.get(schema.number);
        if (open !== undefined) return { done: open.updateSchema(schema) };
        const { index, fills } = await this.#options.openIndex(schema);
        this.#indexes.set(schema.number, index);
        for (const fill of fills) this.#fill(fill);
        this.#tellIndexed();
        return undefined;
      },
    );
    await building?.done;
  }

  /** Forgets a collection's index; its records stay until its shards' logs say that it was dropped. */
  async drop(collection: number): Promise<void> {
    await this.#inTurn(async () => {
      const index = this.#indexes.get(collection);
      this.#indexes.delete(collection);
      this.#options.onDropped(collection);
      await index?.drop();
      this.#tellIndexed();
    });
  }

  /** See `ShardHolder.adoptedAll`. */
  adoptedAll(nextNumber: number): Promise<void> {
    return this.#inTurn(() => {
      this.#hasAllIndexes = true;
      // Numbers are not given twice, so nobody waits for the room.
      const removal = this.#options.removeIndexes(nextNumber, new Set(this.#indexes.keys()));
      this.#inBackground('index_removal_failed', removal);
      return Promise.resolve();
    });
  }

  /** See {@link ShardSweeper.swept}. */
  swept(collections: readonly number[]): readonly number[] {
    return this.#sweeper.swept(collections);
  }

  async optimize(collection: number): Promise<void> {
    await this.#indexes.get(collection)?.optimize();
  }

  describe(collection: number): CollectionState {
    let points = 0;
    for (const store of this.#options.replicas.stores.values()) points += store.count(collection);
    const index = this.#indexes.get(collection);
    return { points, segments: index?.describe() ?? [], building: index?.isBuilding ?? false };
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#options.abandonBuilds();
    this.#sweeper.close();
    this.#trimmer.close();
    await this.#inTurn(async () => {
      for (const index of this.#indexes.values()) await index[Symbol.asyncDispose]();
    });
    await Promise.all(this.#background);
    await this.#options.replicas[Symbol.asyncDispose]();
  }

  /** A shard's store is open: its steps may come, and its points go into the indexes. To be called in a turn. */
  async #arrived(store: ShardStore): Promise<OpenedShard> {
    const { shard } = store;
    this.#applier.open(store);
    this.#indexedUpTo.set(shard, store.appliedIndex);
    for (const index of this.#indexes.values()) {
      index.admitShard(shard, store.lineage);
      const fill = new ShardFill({ index, shard, source: store });
      if ((await fill.step()) === 'more') this.#fill(fill);
    }
    this.#sweeper.sweep(store);
    this.#tellIndexed();
    return openedShard(store);
  }

  /** A shard's store goes: durably none of its points is in the indexes any more. To be called in a turn. */
  #left(shard: number): void {
    for (const index of this.#indexes.values()) index.forgetShard(shard);
    this.#applier.close(shard);
    this.#indexedUpTo.delete(shard);
    this.#tellIndexed();
  }

  #fill(fill: ShardFill): void {
    this.#inBackground('index_fill_failed', this.#runFill(fill));
  }

  /** A store that fails may work again; one that is damaged does not, and its replica has to be replaced. */
  async #runFill(fill: ShardFill): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const end = await fill.run((action) => {
          if (this.#closing) throw new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
          return this.#inTurn(action);
        });
        if (end === 'gone') return;
        this.#options.onFilled(fill);
        this.#tellIndexed();
        return;
      } catch (thrown) {
        const error = toVectorDbError(thrown);
        if (error.code === 'DATA_CORRUPT') this.#applier.declareDamaged(fill.shard, error);
        if (error.code !== 'STORAGE_FAILED' || attempt === FILL_ATTEMPTS_MAX) throw thrown;
        this.#options.onFailure('index_fill_failed', thrown);
        await pause(this.#options.clock, FILL_RETRY_MS);
      }
    }
  }

  #tellIndexed(): void {
    const indexed = new Set(this.#options.replicas.stores.keys());
    for (const index of this.#indexes.values()) {
      for (const { shard, isIndexed } of index.shards) if (!isIndexed) indexed.delete(shard);
    }
    this.#options.onIndexed(indexed);
  }

  async #index(
    mutations: readonly PointMutation[],
    applied: ReadonlyMap<number, number>,
  ): Promise<void> {
    for (const [shard, index] of applied) this.#indexedUpTo.set(shard, index);
    const touched = new Set<CollectionIndex>();
    for (const { collection, shard, key, record } of mutations) {
      const index = this.#indexes.get(collection);
      // A collection that was dropped, or whose index is opened later from the stores; or was, and has read this there.
      if (index === undefined || index.holds(shard, must(applied.get(shard), 'it was applied')))
        continue;
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
    if (!this.#closing && this.#hasAllIndexes && this.#trimmer.isDue()) {
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

  #inBackground(event: string, work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      // Of an index or a shard that was dropped or closed meanwhile.
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

function openedShard({ appliedTerm, appliedIndex }: ShardStore): OpenedShard {
  return { applied: { term: appliedTerm, index: appliedIndex } };
}
