import { mkdirSync, rmSync } from 'node:fs';

import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { PointKey } from '../../base/point-id.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import type { BuildJob, BuiltSegment } from './build-job.ts';
import { type CollectionIndexOptions, INDEX_DEFAULTS } from './collection-index-options.ts';
import { BuildQueue } from './build-queue.ts';
import { missingFields } from './field-files.ts';
import { GrowingOpener } from './growing-opener.ts';
import type { GrowingSegment, IndexedPoint } from './growing-segment.ts';
import type { MergePolicyOptions } from './merge-policy.ts';
import { SealedSegment } from './sealed-segment.ts';
import { SEQUENCE_AT_OPEN } from './segment-loader.ts';
import { SegmentSet } from './segment-set.ts';
import type { SegmentState } from './segment-state.ts';
import { SegmentStore } from './segment-store.ts';
import { type IndexedShard, ShardLedger } from './shard-ledger.ts';
import { ViewPublisher } from './view-publisher.ts';

type Sources = readonly (GrowingSegment | SealedSegment)[];

/**
 * The index of one collection on this node, as the apply thread writes it. Changes are staged by {@link upsert} and {@link remove} and become visible
 * to searches all at once by {@link commit}. It holds points of shards that come and go: {@link admitShard}, {@link completeShard}, {@link forgetShard},
 * which are called between two commits. All calls come from one thread.
 */
export class CollectionIndex implements AsyncDisposable {
  readonly #options: CollectionIndexOptions;
  readonly #store: SegmentStore;
  readonly #segments: SegmentSet;
  readonly #builds: BuildQueue;
  readonly #views: ViewPublisher;
  #schema: CollectionSchema;
  readonly #ledger: ShardLedger;
  #sequence = SEQUENCE_AT_OPEN;
  #isViewStale = false;
  #isStaged = false;
  #isClosed = false;

  private constructor(options: CollectionIndexOptions, store: SegmentStore) {
    this.#options = options;
    this.#schema = options.schema;
    const growingRows = options.growingRows ?? INDEX_DEFAULTS.growingRows;
    this.#store = store;
    this.#ledger = new ShardLedger(store.watermarks);
    this.#views = new ViewPublisher(options.publish);
    const opener = new GrowingOpener({
      schema: () => this.#schema,
      nextId: () => store.nextId(),
      lanes: options.lanes,
      growingRows,
      indexes: () => this.#ledger.indexes(),
    });
    this.#segments = new SegmentSet(opener, store.takeLoaded());
    for (const segment of this.#segments.sealed) {
      segment.forEachLive((shard) => this.#ledger.count(shard, 1));
    }
    const policy: MergePolicyOptions = {
      fanIn: options.mergeFanIn ?? INDEX_DEFAULTS.mergeFanIn,
      rebuildDeletedRatio: options.rebuildDeletedRatio ?? INDEX_DEFAULTS.rebuildDeletedRatio,
      maxSegmentRows: options.maxSegmentPoints ?? INDEX_DEFAULTS.maxSegmentPoints,
      smallRows: growingRows,
    };
    this.#builds = new BuildQueue({
      segments: this.#segments,
      policy,
      clock: options.clock,
      idleOptimizeMs: options.idleOptimizeMs ?? INDEX_DEFAULTS.idleOptimizeMs,
      build: (sources) => this.#build('segment', store.nextId(), sources),
      install: (built, sources) => this.#install(built, sources),
      freeze: () => this.#freezeForBuild(),
      incomplete: () =>
        this.#segments.sealed.find(
          (segment) => missingFields(this.#schema, segment.handle.fields).length > 0,
        ),
      buildFields: async (segment) => {
        // An index that went and comes again has the same file: it is built once the one before it is removed.
        await this.#views.settled();
        return this.#build('fields', segment.id, [segment]);
      },
      installFields: (built, segment) => this.#installFields(built, segment),
      isStaged: () => this.#isStaged,
      log: (event) => options.log?.(event),
    });
  }

  /**
   * Opens what the manifest lists, after checking every file of it; damaged segments are dropped and told to the log. Publishes the first view.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when a newer version wrote the directory
   */
  static async open(options: CollectionIndexOptions): Promise<CollectionIndex> {
    mkdirSync(options.directory, { recursive: true });
    const store = await SegmentStore.open(options);
    const index = new CollectionIndex(options, store);
    const files = index.#dropFields();
    index.#publish([], files);
    return index;
  }

  get schema(): CollectionSchema {
    return this.#schema;
  }

  /** Points that are not deleted, staged changes included. */
  get liveRows(): number {
    return this.#segments.liveRows;
  }

  /** Whether segments are being built or wait to be. */
  get isBuilding(): boolean {
    return this.#builds.isBusy;
  }

  /** What could not be used of what was on disk; empty when all was well. After {@link open}, shards must be reconciled where there is any. */
  get damage(): readonly string[] {
    return this.#store.damage;
  }

  /** The shard's log index up to which durable segments hold everything of the store that is here; 0: nothing is known. */
  watermark(shard: number): number {
    const mark = this.#store.watermarks.get(shard);
    return mark?.lineage === this.#ledger.lineage(shard) ? mark.index : 0;
  }

  /** Whether everything of a shard up to a log index is in. What is must not be staged again: no watermark would tell of the new rows. */
  holds(shard: number, index: number): boolean {
    return this.#ledger.holds(shard, index);
  }

  /** Of the store that the index has points of a shard from; 0: of none, or of one that has none. */
  lineage(shard: number): number {
    return this.#ledger.lineage(shard);
  }

  /** What is known of shards, ascending. */
  get shards(): readonly IndexedShard[] {
    return this.#ledger.describe();
  }

  /**
   * Takes a shard whose store is here, to be followed by {@link completeShard} when all that it holds is in; until then views say that it is not indexed, and
   * its watermark stands still. Rows of another lineage go at once. No rows of a shard are taken before. Views tell with the next commit.
   *
   * @param lineage - the store's, below 2^48: another for each store that was ever made; 0 for one that has none
   * @returns as {@link watermark}
   */
  admitShard(shard: number, lineage: number): number {
    assert(!this.#isStaged, 'shards come and go between commits');
    const isOther = this.#ledger.lineage(shard) !== lineage;
    if (isOther) this.#deleteShards([shard]);
    const index = this.#ledger.admit(shard, lineage);
    this.#isViewStale = true;
    if (isOther) this.#publish();
    return index;
  }

  /** Everything of an admitted shard up to this log index is in: searches that ask for it are answered from the next commit on. */
  completeShard(shard: number, index: number): void {
    assert(!this.#isStaged, 'shards come and go between commits');
    this.#ledger.complete(shard, index);
    this.#isViewStale = true;
  }

  /** Whether the shard was admitted with the store of this lineage, and not all of it is in. */
  isFilling(shard: number, lineage: number): boolean {
    return !this.#isClosed && this.#ledger.isFilling(shard, lineage);
  }

  /**
   * Shards have left: their points go at one moment, and durably. Shards that are not here are passed over.
   *
   * @throws {VectorDbError} STORAGE_FAILED, DISK_FULL: the points are gone but would be here after a restart; to be called again
   */
  forgetShard(...shards: readonly number[]): void {
    assert(!this.#isStaged, 'shards come and go between commits');
    const hadRows = this.#deleteShards(shards);
    for (const shard of shards) this.#ledger.forget(shard);
    this.#publish();
    const isListed = shards.some((shard) => this.#store.watermarks.has(shard));
    if (hadRows || isListed) this.checkpoint();
    this.#builds.run();
  }

  /** Stages a point of an admitted shard: inserts it or puts it in the place of the one with its key. */
  upsert(point: IndexedPoint): void {
    assert(this.#ledger.takes(point.shard), 'a shard is admitted before its points come');
    this.#remove(point.key);
    const { active } = this.#segments;
    const segment = this.#segments.roomFor(point);
    if (segment !== active) this.#isViewStale = true;
    segment.append(point, this.#sequence + 1);
    this.#ledger.count(point.shard, 1);
    this.#isStaged = true;
  }

  /** Stages a removal; false where there is no such point. */
  remove(key: PointKey): boolean {
    if (!this.#remove(key)) return false;
    this.#isStaged = true;
    return true;
  }

  /** Whether the point is in the index as of this version, staged changes included. */
  isCurrent(key: PointKey, version: number): boolean {
    const location = this.#segments.find(key);
    return location !== undefined && location.segment.version(location.slot) === version;
  }

  /** Keys and versions of a shard's points, staged changes included. The index must not change while it is iterated. */
  pointsOfShard(shard: number): Iterable<readonly [PointKey, number]> {
    return this.#ledger.rows(shard) === 0 ? [] : this.#segments.liveKeys(shard);
  }

  /**
   * Makes all staged changes visible at once.
   *
   * @param applied - by shard, the log index that the changes go up to; shards that are not here, or not complete, are passed over
   */
  commit(applied: Iterable<readonly [number, number]>): void {
    this.#ledger.advance(applied);
    if (this.#isStaged) {
      this.#sequence += 1;
      this.#isStaged = false;
      if (!this.#isViewStale) this.#views.commit(this.#sequence);
      this.#builds.onWrite();
    }
    if (this.#isViewStale) this.#publish();
    this.#settleOpenedAt();
    this.#builds.run();
  }

  /**
   * Tells that shards have come so far without a change for this collection, so that their journals need not be kept for it.
   *
   * @param applied - by shard
   */
  advance(applied: Iterable<readonly [number, number]>): void {
    this.commit(applied);
    if (this.#segments.sealedUpTo === undefined) this.checkpoint();
  }

  /**
   * Takes a schema with other payload indexes; vectors are the same. Searches follow it at once; resolves when they use the new indexes. Other calls may
   * be made meanwhile.
   *
   * @throws what a build threw
   */
  async updateSchema(schema: CollectionSchema): Promise<void> {
    this.#schema = schema;
    const files = this.#dropFields();
    if (files.length > 0) this.checkpoint();
    if (this.#isStaged) this.#isViewStale = true;
    else this.#publish([], files);
    await this.#builds.complete();
  }

  /** Rows that wait to be sealed; many of them make searches slow, so writers should wait. 0 while builds fail: there is nothing to wait for. */
  pressure(): number {
    if (this.#builds.isFailing) return 0;
    return this.#segments.frozen.reduce((rows, segment) => rows + segment.rows, 0);
  }

  /** Resolves when at most `rows` rows wait to be sealed, or when a build failed: then there is nothing to wait for. */
  relief(rows: number): Promise<void> {
    return this.#builds.wait(() => this.pressure() <= rows).catch(() => undefined);
  }

  /** Resolves when all rows that are there now are sealed. @throws what the build threw */
  flush(): Promise<void> {
    return this.#builds.flush();
  }

  /** Merges all that is worth merging; resolves when nothing is left to be built. @throws what the build threw */
  optimize(signal?: AbortSignal): Promise<void> {
    return this.#builds.optimize(signal);
  }

  /** Makes tombstones and watermarks durable, where they are not yet. */
  checkpoint(): void {
    const sealedUpTo = this.#segments.sealedUpTo ?? this.#ledger.indexes();
    this.#store.save(this.#segments, this.#ledger.marks(sealedUpTo));
  }

  describe(): SegmentState[] {
    const { sealed, growing } = this.#segments;
    return [...sealed, ...growing].map(({ handle, rows, deletedRows, bytes }) => {
      return { kind: handle.kind, rows, deletedRows, bytes };
    });
  }

  /** Ends builds and removes everything from disk, once no thread can be about to open it. */
  async drop(): Promise<void> {
    this.#isClosed = true;
    const reason = 'the collection was dropped';
    await this.#builds.close(
      new VectorDbError('COLLECTION_NOT_FOUND', reason, { field: 'collection' }),
    );
    await this.#views.settled();
    for (const segment of this.#segments.sealed) segment[Symbol.dispose]();
    rmSync(this.#options.directory, { recursive: true, force: true });
  }

  /** Ends builds and makes durable what can be. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#builds.close(new VectorDbError('SHUTTING_DOWN', 'the index is being closed'));
    this.checkpoint();
    for (const segment of this.#segments.sealed) segment[Symbol.dispose]();
  }

  #remove(key: PointKey): boolean {
    const location = this.#segments.find(key);
    if (location === undefined) return false;
    if (location.segment instanceof SealedSegment) {
      location.segment.deleteSlot(location.slot, this.#sequence + 1);
    } else {
      location.segment.delete(key, this.#sequence + 1);
    }
    this.#ledger.count(location.segment.shard(location.slot), -1);
    return true;
  }

  /** Removes all points of these shards at the sequence that the next view begins with; whether there were any. */
  #deleteShards(shards: readonly number[]): boolean {
    const hadRows = shards.some((shard) => this.#ledger.rows(shard) > 0);
    if (hadRows) this.#sequence += 1;
    if (hadRows) this.#segments.deleteShards(new Set(shards), this.#sequence);
    this.#segments.forgetIndexes(new Set(shards));
    for (const shard of shards) this.#ledger.clear(shard);
    if (hadRows) this.#builds.onWrite();
    return hadRows;
  }

  /** Freezes the active segment between two commits, where it has rows. */
  #freezeForBuild(): void {
    assert(!this.#isStaged, 'segments change between commits');
    if (this.#segments.freeze()) this.#publish();
  }

  /** Where no rows wait to be sealed, those that come next begin where the index is now. */
  #settleOpenedAt(): void {
    if (this.#segments.sealedUpTo !== undefined) return;
    this.#segments.active.openedAt = this.#ledger.indexes();
  }

  #build(kind: BuildJob['kind'], id: number, sources: Sources): Promise<BuiltSegment> {
    return this.#options.build({
      kind,
      id,
      schema: this.#schema,
      directory: this.#options.directory,
      lanes: this.#options.lanes,
      sequence: this.#sequence,
      sources: sources.map((source) => source.handle),
    });
  }

  #installFields(built: BuiltSegment, segment: SealedSegment): void {
    segment.addFields(built);
    const files = this.#dropFields();
    this.#isViewStale = true;
    this.checkpoint();
    this.#publish([], files);
  }

  /** Forgets payload indexes that the schema does not have; their files go once no thread uses them. */
  #dropFields(): string[] {
    return this.#segments.sealed.flatMap((segment) => segment.dropFields(this.#schema));
  }

  /** Puts a built segment (undefined: no row was left) in the place of its sources, between two commits. */
  #install(built: BuiltSegment | undefined, sources: Sources): void {
    assert(!this.#isStaged, 'segments change between commits');
    const segments = this.#segments;
    const gone = new Set<GrowingSegment | SealedSegment>(sources);
    segments.frozen = segments.frozen.filter((segment) => !gone.has(segment));
    const sealed = segments.sealed.filter((segment) => !gone.has(segment));
    if (built !== undefined) sealed.push(SealedSegment.install(built, sources));
    segments.sealed = sealed;
    const files = this.#dropFields();
    // Where the checkpoint fails, the next commit publishes the view; what it replaces stays on disk, as the manifest still lists it.
    this.#isViewStale = true;
    this.checkpoint();
    const replaced = sources.filter((source) => source instanceof SealedSegment);
    this.#publish(replaced, files);
  }

  /** Publishes a view; segments and files that it does not have any more are removed once no thread uses an older one. */
  #publish(replaced: readonly SealedSegment[] = [], files: readonly string[] = []): void {
    this.#isViewStale = false;
    const shards = this.#ledger.ofView();
    this.#views.publish(this.#schema, this.#segments, shards, this.#sequence, () =>
      this.#store.remove(replaced, files),
    );
  }
}
