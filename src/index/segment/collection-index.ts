import { mkdirSync, rmSync } from 'node:fs';

import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { PointKey } from '../../base/point-id.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import type { BuildJob, BuiltSegment } from './build-job.ts';
import { BuildQueue } from './build-queue.ts';
import { missingFields } from './field-files.ts';
import { GrowingSegment, type IndexedPoint } from './growing-segment.ts';
import type { IndexEvent } from './index-event.ts';
import type { MergePolicyOptions } from './merge-policy.ts';
import { SealedSegment } from './sealed-segment.ts';
import { SEQUENCE_AT_OPEN } from './segment-loader.ts';
import { SegmentSet } from './segment-set.ts';
import { SegmentStore } from './segment-store.ts';
import { type PublishView, ViewPublisher } from './view-publisher.ts';

type Sources = readonly (GrowingSegment | SealedSegment)[];

/** A segment as `describe` tells it. */
export interface SegmentState {
  readonly kind: 'growing' | 'sealed';
  readonly rows: number;
  readonly deletedRows: number;
  readonly bytes: number;
}

export interface CollectionIndexOptions {
  readonly schema: CollectionSchema;
  /** The collection's own; made where it is not there. */
  readonly directory: string;
  /** Threads that have a lane in arenas. */
  readonly lanes: number;
  /** Rows of a full growing segment. */
  readonly growingRows?: number;
  readonly mergeFanIn?: number;
  readonly rebuildDeletedRatio?: number;
  /** Rows that no merge goes beyond. */
  readonly maxSegmentPoints?: number;
  /** Without writes for so long, segments are merged as far as they may be; 0: never. */
  readonly idleOptimizeMs?: number;
  /**
   * Gives search threads a new view, before anything that needs it is acknowledged. Files that only older views need are removed after the promise
   * that it returns, if any, was resolved: when all threads have adopted the view.
   */
  readonly publish: PublishView;
  /** Builds a segment, elsewhere if need be. */
  readonly build: (job: BuildJob) => Promise<BuiltSegment>;
  readonly clock: Clock;
  readonly log?: (event: IndexEvent) => void;
}

/** Capacities that a growing segment goes through, so that small collections are cheap. */
const CAPACITY_TIERS = [256, 2_048];
const DEFAULTS = {
  growingRows: 8_192,
  mergeFanIn: 4,
  rebuildDeletedRatio: 0.25,
  maxSegmentPoints: 10_000_000,
  idleOptimizeMs: 30_000,
};

/**
 * The index of one collection on this node, as the apply thread writes it. Changes are staged by {@link upsert} and {@link remove} and become visible
 * to searches all at once by {@link commit}. All calls come from one thread.
 */
export class CollectionIndex implements AsyncDisposable {
  readonly #options: CollectionIndexOptions;
  readonly #growingRows: number;
  readonly #store: SegmentStore;
  readonly #segments: SegmentSet;
  readonly #builds: BuildQueue;
  readonly #views: ViewPublisher;
  #schema: CollectionSchema;
  readonly #applied: Map<number, number>;
  #sequence = SEQUENCE_AT_OPEN;
  #isViewStale = false;
  #isStaged = false;

  private constructor(options: CollectionIndexOptions, store: SegmentStore) {
    this.#options = options;
    this.#schema = options.schema;
    this.#growingRows = options.growingRows ?? DEFAULTS.growingRows;
    this.#store = store;
    this.#applied = new Map(store.watermarks);
    this.#views = new ViewPublisher(options.publish);
    this.#segments = new SegmentSet(this.#openGrowing(0), store.takeLoaded());
    const policy: MergePolicyOptions = {
      fanIn: options.mergeFanIn ?? DEFAULTS.mergeFanIn,
      rebuildDeletedRatio: options.rebuildDeletedRatio ?? DEFAULTS.rebuildDeletedRatio,
      maxSegmentRows: options.maxSegmentPoints ?? DEFAULTS.maxSegmentPoints,
      smallRows: this.#growingRows,
    };
    this.#builds = new BuildQueue({
      segments: this.#segments,
      policy,
      clock: options.clock,
      idleOptimizeMs: options.idleOptimizeMs ?? DEFAULTS.idleOptimizeMs,
      build: (sources) => this.#build('segment', this.#nextId(), sources),
      install: (built, sources) => this.#install(built, sources),
      freeze: () => this.#freezeForBuild(),
      incomplete: () =>
        this.#segments.sealed.find(
          (segment) => missingFields(this.#schema, segment.handle.fields).length > 0,
        ),
      buildFields: (segment) => this.#build('fields', segment.id, [segment]),
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
  static open(options: CollectionIndexOptions): Promise<CollectionIndex> {
    mkdirSync(options.directory, { recursive: true });
    const store = SegmentStore.open(options);
    const index = new CollectionIndex(options, store);
    const files = index.#dropFields();
    index.#publish([], files);
    return Promise.resolve(index);
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

  /** The shard's log index up to which durable segments hold everything; 0: nothing is known. */
  watermark(shard: number): number {
    return this.#store.watermarks.get(shard) ?? 0;
  }

  /** Stages a point: inserts it or puts it in the place of the one with its key. */
  upsert(point: IndexedPoint): void {
    this.#remove(point.key);
    this.#roomFor(point).append(point, this.#sequence + 1);
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

  /** Keys of a shard's points, staged changes included. The index must not change while it is iterated. */
  *keysOfShard(shard: number): Generator<PointKey> {
    for (const segment of [...this.#segments.sealed, ...this.#segments.growing]) {
      for (const [key, slot] of segment.liveKeys()) {
        if (segment.shard(slot) === shard) yield key;
      }
    }
  }

  /**
   * Makes all staged changes visible at once.
   *
   * @param applied - by shard, the log index that the changes go up to
   */
  commit(applied: Iterable<readonly [number, number]>): void {
    for (const [shard, index] of applied) this.#applied.set(shard, index);
    if (this.#isStaged) {
      this.#sequence += 1;
      this.#isStaged = false;
      if (this.#isViewStale) this.#publish();
      else this.#views.commit(this.#sequence);
      this.#builds.onWrite();
    }
    if (this.#segments.growing.every((segment) => segment.rows === 0)) {
      this.#segments.active.openedAt = new Map(this.#applied);
    }
    this.#builds.run();
  }

  /**
   * Tells that shards have come so far without a change for this collection, so that their journals need not be kept for it.
   *
   * @param applied - by shard
   */
  advance(applied: Iterable<readonly [number, number]>): void {
    this.commit(applied);
    if (this.#segments.growing.every((segment) => segment.rows === 0)) this.checkpoint();
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
    this.#store.save(this.#segments, this.#watermarks());
  }

  describe(): SegmentState[] {
    const state = (kind: SegmentState['kind'], segment: Omit<SegmentState, 'kind'>) => {
      const { rows, deletedRows, bytes } = segment;
      return { kind, rows, deletedRows, bytes };
    };
    return [
      ...this.#segments.sealed.map((segment) => state('sealed', segment)),
      ...this.#segments.growing.map((segment) => state('growing', segment)),
    ];
  }

  /** Ends builds and removes everything from disk, once no thread can be about to open it. */
  async drop(): Promise<void> {
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
    return true;
  }

  /** The segment that takes `point`: a larger one, or the next, where it does not fit into the active one. */
  #roomFor(point: IndexedPoint): GrowingSegment {
    const { active } = this.#segments;
    if (active.hasRoomFor(point)) return active;
    const bytes = point.key.length + point.payload.length;
    const larger = CAPACITY_TIERS.find((tier) => tier > active.handle.capacity);
    const capacity = Math.min(larger ?? this.#growingRows, this.#growingRows);
    if (active.handle.capacity < capacity) {
      const next = this.#openGrowing(capacity, active.payloadBytes + bytes, active.openedAt);
      next.adopt(active);
      this.#segments.active = next;
    } else if (active.rows > 0) {
      this.#freeze(bytes);
    } else {
      this.#segments.active = this.#openGrowing(active.handle.capacity, bytes, active.openedAt);
    }
    this.#isViewStale = true;
    assert(this.#segments.active.hasRoomFor(point), 'a new segment has room for the row');
    return this.#segments.active;
  }

  #freeze(bytesMin = 0): void {
    const { active } = this.#segments;
    this.#segments.frozen = [...this.#segments.frozen, active];
    this.#segments.active = this.#openGrowing(active.handle.capacity, bytesMin);
    this.#isViewStale = true;
  }

  /** Freezes the active segment between two commits, where it has rows. */
  #freezeForBuild(): void {
    assert(!this.#isStaged, 'segments change between commits');
    if (this.#segments.active.rows === 0) return;
    this.#segments.frozen = [...this.#segments.frozen, this.#segments.active];
    this.#segments.active = this.#openGrowing(0);
    this.#publish();
  }

  #openGrowing(capacity: number, bytesMin = 0, openedAt?: ReadonlyMap<number, number>) {
    return new GrowingSegment({
      id: this.#nextId(),
      schema: this.#schema,
      capacity: Math.max(capacity, Math.min(CAPACITY_TIERS[0] as number, this.#growingRows)),
      lanes: this.#options.lanes,
      openedAt: openedAt ?? new Map(this.#applied),
      bytesMin,
    });
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

  #watermarks(): ReadonlyMap<number, number> {
    const oldest = this.#segments.growing.find((segment) => segment.rows > 0);
    return oldest?.openedAt ?? this.#applied;
  }

  #nextId(): number {
    return this.#store.nextId();
  }

  /** Publishes a view; segments and files that it does not have any more are removed once no thread uses an older one. */
  #publish(replaced: readonly SealedSegment[] = [], files: readonly string[] = []): void {
    this.#isViewStale = false;
    this.#views.publish(this.#schema, this.#segments, this.#sequence, () =>
      this.#store.remove(replaced, files),
    );
  }
}
