import type { Clock } from '../../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { Lookups } from '../../index/search/lookup-counts.ts';
import type { BuildReason } from '../../index/segment/build-job.ts';
import type { StateMachine, StateMachineFactory } from '../../raft/host/state-machine.ts';
import { decodeShardResult } from '../../sharding/shard-result-codec.ts';
import type { ShardStep, StepOutcome } from '../../sharding/shard-step.ts';
import type { OpenedShard } from '../../worker/apply-engine.ts';
import type { LogMessage } from '../../worker/apply-messages.ts';
import { DataThreads } from '../../worker/data-threads.ts';
import type { ReadRequest, ReadResponses } from '../../worker/read-messages.ts';
import { ShardMachine } from '../../worker/shard-machine.ts';
import type { ShardSize } from '../../worker/shard-sizes.ts';
import { StepQueue } from '../../worker/step-queue.ts';
import type { IndexSettings, ShardFolders } from '../../worker/thread-data.ts';
import { shardOfGroup } from '../catalog/cluster-state.ts';
import type { HeldCollection, HeldShard, ShardHolder } from './shard-holder.ts';
import { ShardPlaces } from './shard-places.ts';

/** Everything a holder is made from; sizes in bytes. */
export interface ThreadedShardHolderOptions {
  /** Folder that holds a folder for each shard that is here; made where it is missing. */
  readonly shardsFolder: string;
  /** Folder of the indexes, which are derived data; made where it is missing. */
  readonly indexFolder: string;
  readonly shardCount: number;
  readonly storage: {
    readonly compression: boolean;
    /** For all shards of the cluster together, should they all be here. */
    readonly cacheBytes: number;
    readonly writeBufferBytes: number;
    readonly minFreeDiskBytes: number;
  };
  readonly index: Omit<IndexSettings, 'lanes'>;
  readonly searchThreads: number;
  /** Reads that may wait for a thread. */
  readonly searchQueueMax: number;
  readonly clock: Clock;
  /** Calls back when this turn of the event loop has gathered what there is: `setImmediate`. */
  readonly defer: (callback: () => void) => void;
  readonly log: (message: Omit<LogMessage, 'kind'>) => void;
  /** Told of what is done; nothing unless given. */
  readonly recorder?: HolderRecorder | undefined;
  /** A thread ended by itself: the node can go on no more. */
  readonly onFatal: (error: VectorDbError) => void;
}

/** Takes note of a holder's work; seconds throughout. */
export interface HolderRecorder {
  /** Entries of logs became durable and visible here. */
  committed(commands: number, bytes: number, seconds: number): void;
  pointsWritten(points: number): void;
  segmentBuilt(reason: BuildReason, rows: number, seconds: number): void;
}

const LEVEL_CACHE_BYTES_MIN = 256 * 1024;
const LEVEL_BUFFER_BYTES_MIN = 1024 * 1024;
const BATCHES_MAX = 2;
const PROBE_INTERVAL_MS = 1_000;
/** An hour. */
const PROBES_MAX = 3_600;

/** A node's shards in LevelDB, their indexes in files, on threads of their own. */
export class ThreadedShardHolder implements ShardHolder {
  readonly machines: StateMachineFactory;
  readonly #threads: DataThreads;
  readonly #options: ThreadedShardHolderOptions;
  readonly #steps: StepQueue;
  readonly #places: ShardPlaces;

  private constructor(
    options: ThreadedShardHolderOptions,
    threads: DataThreads,
    places: ShardPlaces,
  ) {
    this.#options = options;
    this.#threads = threads;
    this.#places = places;
    const { clock, defer } = options;
    this.#steps = new StepQueue({
      apply: (steps) => this.applySteps(steps),
      probe: async () => void (await this.probe()),
      clock,
      defer,
      batchesMax: BATCHES_MAX,
      probeIntervalMs: PROBE_INTERVAL_MS,
      probesMax: PROBES_MAX,
    });
    this.machines = {
      open: (group, generation) => this.#open(shardOfGroup(group), generation),
      destroy: (group) => places.destroy(shardOfGroup(group)),
    };
  }

  /** Starts the threads; the shards are opened by `machines`, the indexes by {@link adopt}. @throws {VectorDbError} DISK_FULL, STORAGE_FAILED */
  static async open(options: ThreadedShardHolderOptions): Promise<ThreadedShardHolder> {
    const parts: { places?: ShardPlaces } = {};
    const threads = await DataThreads.start({
      shards: shardFolders(options),
      indexFolder: options.indexFolder,
      index: options.index,
      searchThreads: options.searchThreads,
      searchQueueMax: options.searchQueueMax,
      minFreeDiskBytes: options.storage.minFreeDiskBytes,
      log: options.log,
      onIndexed: (shards) => parts.places?.indexed(shards),
      onBuilt: (reason, rows, seconds) => options.recorder?.segmentBuilt(reason, rows, seconds),
      onFatal: options.onFatal,
    });
    const places = new ShardPlaces({ calls: threads.client, readers: threads.pool });
    parts.places = places;
    return new ThreadedShardHolder(options, threads, places);
  }

  get readable(): ReadonlySet<number> {
    return this.#places.readable;
  }

  /** Why nothing is written at present, if so: committed entries wait. */
  get failure(): VectorDbError | undefined {
    return this.#steps.failure;
  }

  /** Reads that wait, and that threads work on. */
  get readDepth(): { readonly waiting: number; readonly running: number } {
    return this.#threads.pool.depth;
  }

  /** In the search threads' caches of filters, since the start. */
  get filterLookups(): Lookups {
    return this.#threads.filterLookups;
  }

  read<R extends ReadRequest>(request: R, signal?: AbortSignal): Promise<ReadResponses[R['kind']]> {
    const missing = this.#places.missing(shardsOf(request));
    if (missing === undefined) return this.#threads.pool.read(request, signal);
    const error = new VectorDbError('NOT_READY', `shard ${missing} cannot be read on this node`);
    return Promise.reject(error);
  }

  adopt(schema: CollectionSchema): Promise<void> {
    return this.#threads.client.adopt(schema);
  }

  drop(collection: number): Promise<void> {
    return this.#threads.client.drop(collection);
  }

  adoptedAll(nextNumber: number): Promise<void> {
    return this.#threads.client.adoptedAll(nextNumber);
  }

  optimize(collection: number, signal?: AbortSignal): Promise<void> {
    return this.#threads.client.optimize(collection, signal);
  }

  describe(collection: number): Promise<HeldCollection> {
    return this.#threads.client.describe(collection);
  }

  async shards(): Promise<readonly HeldShard[]> {
    const sizes: readonly ShardSize[] = await this.#threads.client.measureShards();
    return sizes
      .map((size) => ({ ...size, isIndexed: this.readable.has(size.shard) }))
      .toSorted((a, b) => a.shard - b.shard);
  }

  /** Of these collections, those that all shards here have dropped, and of which nothing is left. */
  swept(collections: readonly number[]): Promise<readonly number[]> {
    return this.#threads.client.swept(collections);
  }

  /** Applies steps of different shards at once; for a log that looks after failures itself. */
  async applySteps(steps: readonly ShardStep[]): Promise<readonly StepOutcome[]> {
    const { recorder, clock } = this.#options;
    if (recorder === undefined) return this.#threads.client.applySteps(steps);
    const startedMs = clock.monotonicMs();
    let commands = 0;
    let bytes = 0;
    for (const step of steps) {
      commands += step.commands.length;
      for (const { command } of step.commands) bytes += command.length;
    }
    const outcomes = await this.#threads.client.applySteps(steps);
    recorder.committed(commands, bytes, (clock.monotonicMs() - startedMs) / 1_000);
    recorder.pointsWritten(changedPoints(outcomes));
    return outcomes;
  }

  /**
   * Tries writing again after a failure; the applied indexes. LevelDB refuses everything after some failures until it is opened again, for which all threads have to
   * close it: reads wait meanwhile.
   *
   * @throws {VectorDbError} it still fails
   */
  probe(): Promise<ReadonlyMap<number, number>> {
    const { client, pool } = this.#threads;
    return this.#places.exclusively(async () => {
      await pool.resumeStores();
      try {
        return await client.probe(false);
      } catch (error) {
        if (toVectorDbError(error).code === 'DATA_CORRUPT') throw error;
      }
      try {
        await pool.releaseStores();
        return await client.probe(true);
      } finally {
        await pool.resumeStores();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#steps.close();
    await this.#threads[Symbol.asyncDispose]();
  }

  async #open(shard: number, generation: number): Promise<StateMachine> {
    const places = this.#places;
    const opened: OpenedShard = await places.open(shard, generation);
    return new ShardMachine({
      shard,
      opened,
      calls: this.#threads.client,
      steps: this.#steps,
      activate: (next) => places.activate(shard, next),
      close: () => places.close(shard),
    });
  }
}

function shardFolders({ shardsFolder, shardCount, storage }: ThreadedShardHolderOptions) {
  const share = (bytes: number): number => Math.floor(bytes / shardCount);
  return {
    root: shardsFolder,
    shardCount,
    compression: storage.compression,
    cacheBytes: Math.max(LEVEL_CACHE_BYTES_MIN, share(storage.cacheBytes)),
    writeBufferBytes: Math.max(LEVEL_BUFFER_BYTES_MIN, share(storage.writeBufferBytes)),
  } satisfies ShardFolders;
}

function shardsOf(request: ReadRequest): Uint16Array | undefined {
  return request.kind === 'search' ? request.query.shards : request.shards;
}

function changedPoints(outcomes: readonly StepOutcome[]): number {
  let changed = 0;
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') continue;
    for (const bytes of outcome.results) {
      const result = decodeShardResult(bytes);
      if (result.kind === 'applied') changed += result.result.changed;
    }
  }
  return changed;
}
