import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../base/error.ts';
import { Collections, type VectorDefaults } from '../database/collections.ts';
import type { Limits } from '../database/limits.ts';
import { LocalDatabase, type LocalDatabaseOptions } from '../database/local-database.ts';
import { PointReads } from '../database/point-reads.ts';
import { PointWrites } from '../database/point-writes.ts';
import type { ReadExecutor } from '../database/read-executor.ts';
import type { DatabaseStatus } from '../database/vector-database.ts';
import { WriteGate } from '../database/write-gate.ts';
import { LookupCounts, type Lookups } from '../index/search/lookup-counts.ts';
import type { BuildReason } from '../index/segment/build-job.ts';
import { Catalog } from '../sharding/catalog.ts';
import { CatalogStore } from '../sharding/catalog-store.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import { DurableSequencer } from '../sharding/sequencer.ts';
import type { BatchOutcome, ShardEntry } from '../sharding/shard-applier.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import { DataDirectory } from '../storage/data-directory.ts';
import { LevelStore } from '../storage/level-store.ts';
import { ApplyClient } from '../worker/apply-client.ts';
import type {
  ApplyThreadInput,
  ApplyThreadOutput,
  BuilderThreadOutput,
  LogMessage,
} from '../worker/apply-messages.ts';
import type { SearchThreadInput, SearchThreadOutput } from '../worker/read-messages.ts';
import { mailboxMemory } from '../worker/search-mailbox.ts';
import { SearchPool } from '../worker/search-pool.ts';
import type { ShardSize } from '../worker/shard-sizes.ts';
import { type Thread, spawnThread } from '../worker/spawn-thread.ts';
import type {
  ApplyThreadData,
  BuilderThreadData,
  IndexSettings,
  SearchThreadData,
  ShardFolders,
} from '../worker/thread-data.ts';

/** Everything a database is made from; sizes in bytes, times in milliseconds. */
export interface DatabaseOptions {
  readonly dataDirectory: string;
  readonly shardCount: number;
  readonly searchThreads: number;
  readonly limits: Limits;
  readonly searchQueueMax: number;
  readonly writeQueueMax: number;
  readonly writeQueueBytesMax: number;
  readonly storage: {
    readonly compression: boolean;
    /** For all shards together. */
    readonly cacheBytes: number;
    readonly writeBufferBytes: number;
    readonly minFreeDiskBytes: number;
  };
  readonly index: Omit<IndexSettings, 'lanes'>;
  readonly vectorDefaults: VectorDefaults;
  readonly clock: Clock;
  readonly log: (message: Omit<LogMessage, 'kind'>) => void;
  /** Told of what the engine does; nothing unless given. */
  readonly recorder?: EngineRecorder;
  /** A thread ended by itself: the database can go on no more. */
  readonly onFatal: (error: VectorDbError) => void;
}

/** Takes note of the engine's work; seconds throughout. */
export interface EngineRecorder {
  committed(commands: number, bytes: number, seconds: number): void;
  pointsWritten(points: number): void;
  searchStageEnded(stage: string, seconds: number): void;
  segmentBuilt(reason: BuildReason, rows: number, seconds: number): void;
}

/** An open database and what can be seen of it from outside. */
export interface RunningDatabase extends AsyncDisposable {
  readonly database: LocalDatabase;
  /** What the database is made of, for another face of it. */
  readonly parts: LocalDatabaseOptions;
  readonly gate: WriteGate;
  /** Requests that wait or are worked on, by queue. */
  readonly queueDepths: () => {
    readonly search: number;
    readonly write: number;
    readonly writeBytes: number;
  };
  readonly shardSizes: () => Promise<readonly ShardSize[]>;
  /** In the search threads' caches of filters, since the start. */
  readonly filterLookups: () => Lookups;
}

const WRITE_BATCH_BYTES = 4 * 1024 * 1024;
const WRITE_RETRY_AFTER_MS = 200;
const STORAGE_PROBE_INTERVAL_MS = 1_000;
const LEVEL_CACHE_BYTES_MIN = 256 * 1024;
const LEVEL_BUFFER_BYTES_MIN = 1024 * 1024;
/** The builder and the apply thread score rows too. */
const LANES_BESIDE_SEARCH = 2;

/** Opens a folder: takes its lock, starts the threads, recovers, and returns when everything is served. */
export async function createDatabase(options: DatabaseOptions): Promise<RunningDatabase> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await openDirectory(options));
  const catalog = opened.use(await openCatalog(directory, options));
  const shards = shardFolders(directory, options);
  const fatal = (name: string) => (error: Error | undefined) =>
    options.onFatal(
      new VectorDbError('INTERNAL', `the ${name} ended: ${error?.message ?? 'without an error'}`, {
        cause: error,
      }),
    );

  const lookups = Array.from({ length: options.searchThreads }, () => LookupCounts.create());
  const pool = startSearchThreads({
    opened,
    shards,
    lookups,
    options,
    onEnd: fatal('search thread'),
  });
  const client = startApplyThread({
    opened,
    shards,
    directory,
    catalog,
    pool,
    options,
    fatal: fatal('apply thread'),
  });
  const [appliedIndexes] = await Promise.all([client.ready(), pool.ready()]);
  for (const number of catalog.state.dropping.keys()) await client.drop(number);

  const sequencer = new DurableSequencer({
    appliedIndexes,
    apply: recordedApply(client, options),
    probe: () => probe(client, pool),
    clock: options.clock,
    defer: (callback) => void setImmediate(callback),
    proposalsMax: options.writeQueueMax,
    bytesMax: options.writeQueueBytesMax,
    batchBytesMax: WRITE_BATCH_BYTES,
    batchesMax: 2,
    retryAfterMs: WRITE_RETRY_AFTER_MS,
    probeIntervalMs: STORAGE_PROBE_INTERVAL_MS,
  });
  opened.use(sequencer);
  const running = assemble({ catalog, client, pool, sequencer, lookups, options });
  const resources = opened.move();
  return { ...running, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Applies batches and tells the recorder how that went. */
function recordedApply(
  client: ApplyClient,
  { recorder, clock }: DatabaseOptions,
): (batch: readonly ShardEntry[]) => Promise<BatchOutcome> {
  if (recorder === undefined) return (batch) => client.apply(batch);
  return async (batch) => {
    const startedMs = clock.monotonicMs();
    let bytes = 0;
    for (const { command } of batch) bytes += command.length;
    const outcome = await client.apply(batch);
    recorder.committed(batch.length, bytes, (clock.monotonicMs() - startedMs) / 1_000);
    let points = 0;
    for (const one of outcome.outcomes) if (one.kind === 'applied') points += one.result.changed;
    recorder.pointsWritten(points);
    return outcome;
  };
}

function openDirectory(options: DatabaseOptions): Promise<DataDirectory> {
  const lock = (path: string): Promise<AsyncDisposable> =>
    LevelStore.open({
      path,
      compression: false,
      cacheBytes: LEVEL_CACHE_BYTES_MIN,
      writeBufferBytes: LEVEL_CACHE_BYTES_MIN,
      shared: false,
    });
  const owner = `${process.pid}@${Math.round(performance.timeOrigin)}`;
  return DataDirectory.open({
    path: options.dataDirectory,
    shardCount: options.shardCount,
    lock,
    owner,
  });
}

async function openCatalog(directory: DataDirectory, options: DatabaseOptions): Promise<Catalog> {
  const store = await LevelStore.open({
    path: directory.catalogPath,
    compression: options.storage.compression,
    cacheBytes: LEVEL_CACHE_BYTES_MIN,
    writeBufferBytes: LEVEL_BUFFER_BYTES_MIN,
    shared: false,
  });
  return new Catalog({ store: new CatalogStore({ store }) });
}

function shardFolders(directory: DataDirectory, options: DatabaseOptions): ShardFolders {
  const { shardCount, storage } = options;
  return {
    paths: Array.from({ length: shardCount }, (_, shard) => directory.shardPath(shard)),
    compression: storage.compression,
    cacheBytes: Math.max(LEVEL_CACHE_BYTES_MIN, Math.floor(storage.cacheBytes / shardCount)),
    writeBufferBytes: Math.max(
      LEVEL_BUFFER_BYTES_MIN,
      Math.floor(storage.writeBufferBytes / shardCount),
    ),
  };
}

/**
 * Tries writing again after a failure. LevelDB refuses everything after some failures until it is opened again, for which all threads have to close it:
 * reads wait meanwhile.
 */
async function probe(client: ApplyClient, pool: SearchPool): Promise<ReadonlyMap<number, number>> {
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
}

type EndListener = (error: Error | undefined) => void;
type SearchEndpoint = Thread<SearchThreadOutput, SearchThreadInput>;

function startSearchThreads(parts: {
  readonly opened: AsyncDisposableStack;
  readonly shards: ShardFolders;
  /** Of `LookupCounts`, one a thread. */
  readonly lookups: readonly SharedArrayBuffer[];
  readonly options: DatabaseOptions;
  readonly onEnd: EndListener;
}): SearchPool {
  const { opened, shards, options, onEnd } = parts;
  const threads = parts.lookups.map((lookups, lane) => {
    const data: SearchThreadData = { shards, lane, lookups, mailbox: mailboxMemory() };
    const thread: SearchEndpoint = spawnThread({ entry: 'search-thread', data });
    return { ...thread, mailbox: data.mailbox };
  });
  const pool = new SearchPool({ threads, queueMax: options.searchQueueMax, onLog: options.log });
  let closing = false;
  threads.forEach((thread, i) => {
    void thread.ended.then((error) => {
      if (closing) return;
      pool.fail(i, new VectorDbError('INTERNAL', 'a search thread ended', { cause: error }));
      onEnd(error);
    });
  });
  opened.defer(async () => {
    closing = true;
    pool.close();
    await Promise.all(threads.map((thread) => thread.ended));
  });
  return pool;
}

function startApplyThread(parts: {
  readonly opened: AsyncDisposableStack;
  readonly shards: ShardFolders;
  readonly directory: DataDirectory;
  readonly catalog: Catalog;
  readonly pool: SearchPool;
  readonly options: DatabaseOptions;
  readonly fatal: EndListener;
}): ApplyClient {
  const { opened, shards, directory, catalog, pool, options } = parts;
  const lanes = options.searchThreads + LANES_BESIDE_SEARCH;
  const { port1: builder, port2: calls } = new MessageChannel();
  const builderThread: Thread<BuilderThreadOutput, { kind: 'close' }> = spawnThread({
    entry: 'builder-thread',
    data: { lane: lanes - 1, calls } satisfies BuilderThreadData,
    ports: [calls],
  });
  builderThread.listen(({ reason, rows, seconds }) =>
    options.recorder?.segmentBuilt(reason, rows, seconds),
  );
  const data: ApplyThreadData = {
    shards,
    indexFolder: join(directory.path, 'index'),
    schemas: [...catalog.state.collections.values()],
    nextCollection: catalog.state.nextNumber,
    index: { ...options.index, lanes },
    lane: lanes - 2,
    builder,
    minFreeDiskBytes: options.storage.minFreeDiskBytes,
  };
  const thread = spawnThread<ApplyThreadOutput, ApplyThreadInput>({
    entry: 'apply-thread',
    data,
    ports: [builder],
  });
  const client = new ApplyClient({
    thread,
    onView: (view) => pool.publish(view),
    onViewDropped: (collection) => pool.drop(collection),
    onSwept: (number) => {
      catalog.propose({ kind: 'forgetCollection', number }).catch((error: unknown) =>
        options.log({
          level: 'warn',
          event: 'forget_collection_failed',
          fields: { number, error: String(error) },
        }),
      );
    },
    onLog: options.log,
  });
  let closing = false;
  for (const ended of [thread.ended, builderThread.ended]) {
    void ended.then((error) => {
      if (closing) return;
      client.fail(new VectorDbError('STORAGE_FAILED', 'the apply thread ended', { cause: error }));
      parts.fatal(error);
    });
  }
  opened.defer(async () => {
    closing = true;
    // A thread that failed has closed what it could.
    await client.close().catch(() => undefined);
    await builderThread.terminate();
    await thread.ended;
  });
  return client;
}

function assemble(given: {
  readonly catalog: Catalog;
  readonly client: ApplyClient;
  readonly pool: SearchPool;
  readonly sequencer: DurableSequencer;
  readonly lookups: readonly SharedArrayBuffer[];
  readonly options: DatabaseOptions;
}): Omit<RunningDatabase, typeof Symbol.asyncDispose> {
  const { catalog, client, pool, sequencer, options } = given;
  const { limits } = options;
  const gate = new WriteGate();
  const router = new HashRouter({ shardCount: options.shardCount });
  const collections = new Collections({
    catalog,
    indexes: client,
    limits,
    defaults: options.vectorDefaults,
  });
  const executor: ReadExecutor = { read: (request, read) => pool.read(request, read?.signal) };
  const shared = { collections, router, reads: executor, limits };
  const codec = new ShardCommandCodec();
  const writes = new PointWrites({ ...shared, log: sequencer, codec, gate, clusterId: () => '' });
  const reads = new PointReads({
    ...shared,
    clock: options.clock,
    onStage:
      options.recorder && ((stage, seconds) => options.recorder?.searchStageEnded(stage, seconds)),
  });
  const status = async (): Promise<DatabaseStatus> => {
    const descriptions = await collections.listCollections();
    const reasons = [gate.reason, sequencer.failure?.message].filter(
      (reason) => reason !== undefined,
    );
    return {
      ready: true,
      reasons,
      collections: descriptions.length,
      points: descriptions.reduce((sum, { points }) => sum + points, 0),
      writable: reasons.length === 0,
    };
  };
  const queueDepths = (): ReturnType<RunningDatabase['queueDepths']> => ({
    search: pool.depth.waiting + pool.depth.running,
    write: sequencer.depth,
    writeBytes: sequencer.depthBytes,
  });
  const local = { collections, writes, reads, status };
  return {
    database: new LocalDatabase(local),
    parts: local,
    gate,
    queueDepths,
    shardSizes: () => client.measureShards(),
    filterLookups: () => LookupCounts.total(given.lookups),
  };
}
