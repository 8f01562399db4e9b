import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { systemRandom } from '../base/random.ts';
import { CatalogMachines } from '../cluster/catalog/catalog-machines.ts';
import { ClusterNode, type RoutingLimits } from '../cluster/cluster-node.ts';
import { LogRoom } from '../cluster/log-room.ts';
import { FileIdentityStore } from '../cluster/membership/file-identity-store.ts';
import type { FormationSettings } from '../cluster/membership/formation.ts';
import type { MembershipSettings, NodeVitals } from '../cluster/membership/membership-options.ts';
import type { HolderRecorder } from '../cluster/shard/threaded-shard-holder.ts';
import { ThreadedShardHolder } from '../cluster/shard/threaded-shard-holder.ts';
import type { ClusterAdmin } from '../database/cluster-admin.ts';
import type { VectorDefaults } from '../database/collections.ts';
import type { Limits } from '../database/limits.ts';
import { LocalDatabase, type LocalDatabaseOptions } from '../database/local-database.ts';
import { WriteGate } from '../database/write-gate.ts';
import type { Lookups } from '../index/search/lookup-counts.ts';
import type { RaftHostLimits } from '../raft/host/raft-host-limits.ts';
import { nodeFileSystem } from '../raft/log/node-file-system.ts';
import { SegmentedLog } from '../raft/log/segmented-log.ts';
import type { NodePort } from '../raft/transport/transport.ts';
import { DataDirectory } from '../storage/data-directory.ts';
import { freeDiskBytes } from '../storage/disk-guard.ts';
import { LevelStore } from '../storage/level-store.ts';
import type { LogMessage } from '../worker/apply-messages.ts';
import type { IndexSettings } from '../worker/thread-data.ts';
import { databaseParts } from './database-parts.ts';

/** How a database is a node of its cluster. */
export interface NodeSettings {
  readonly formation: FormationSettings;
  readonly membership: MembershipSettings;
  readonly limits: Partial<RaftHostLimits>;
  /** Given up with the database. */
  readonly openPort: () => Promise<NodePort>;
  /** What the machine and the process are like. */
  readonly vitals: () => Omit<NodeVitals, 'writable' | 'reasons'>;
  /** The longest that an end takes to hand over and to answer what is under way, in milliseconds. */
  readonly shutdownMs: number;
}

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
  readonly node: NodeSettings;
  readonly clock: Clock;
  readonly log: (message: Omit<LogMessage, 'kind'>) => void;
  /** Told of what the engine does; nothing unless given. */
  readonly recorder?: EngineRecorder;
  /** Why the node is in no cluster yet, or does not take all requests yet; told while it starts, also when nothing has changed. */
  readonly onWaiting?: (reasons: readonly string[]) => void;
  /** The node has left its cluster, or its data is another cluster's than its peers': it must not serve. May be told more than once. */
  readonly onRemoved?: (why: string) => void;
  /** The database can go on no more. */
  readonly onFatal: (error: VectorDbError) => void;
  /** Ends the wait for a cluster. */
  readonly signal?: AbortSignal;
}

/** Takes note of the engine's work; seconds throughout. */
export interface EngineRecorder extends HolderRecorder {
  searchStageEnded(stage: string, seconds: number): void;
}

/** An open database and what can be seen of it from outside. */
export interface RunningDatabase extends AsyncDisposable {
  readonly database: LocalDatabase;
  /** What the database is made of, for another face of it. */
  readonly parts: LocalDatabaseOptions;
  readonly cluster: ClusterAdmin;
  readonly node: ClusterNode;
  readonly gate: WriteGate;
  /** Requests that wait or are worked on, by queue. */
  readonly queueDepths: () => {
    readonly search: number;
    readonly write: number;
    readonly writeBytes: number;
  };
  readonly shardSizes: () => Promise<
    readonly { readonly shard: number; readonly points: number; readonly bytes: number }[]
  >;
  /** In the search threads' caches of filters, since the start. */
  readonly filterLookups: () => Lookups;
}

const WRITE_RETRY_AFTER_MS = 200;
const WRITE_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 10_000;
/** One that a search thread works on, and one that it finds when it is done. */
const READS_PER_THREAD = 2;
const LOCK_BYTES = 1 << 18;
/** However little is to stay free by the settings. */
const LOG_FLOOR_BYTES = 4 * 1024 * 1024;

/** Starts the threads over a folder, finds the node's cluster, and returns once everything is served. The folder is the caller's, to be given up after it. */
export async function createDatabase(
  directory: DataDirectory,
  options: DatabaseOptions,
): Promise<RunningDatabase> {
  await using opened = new AsyncDisposableStack();
  const holder = opened.use(await openHolder(directory, options));
  const signal = options.signal ?? new AbortController().signal;
  const gate = new WriteGate();
  const node = opened.use(await openNode({ directory, holder, gate, options, signal }));
  await node.ready(signal);
  assertShardCount(node, options);
  const parts = databaseParts({ node, holder, gate, options });
  const resources = opened.move();
  return {
    database: new LocalDatabase(parts),
    parts,
    cluster: node.operations,
    node,
    gate,
    queueDepths: () => ({
      search: holder.readDepth.waiting + holder.readDepth.running,
      write: node.shardLog.depth,
      writeBytes: node.shardLog.depthBytes,
    }),
    shardSizes: () => holder.shards(),
    filterLookups: () => holder.filterLookups,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * Takes a folder's lock; the folder is made where it is not there.
 *
 * @throws {VectorDbError} FAILED_PRECONDITION: another process has it, or it is of a newer version; DATA_CORRUPT; DISK_FULL
 */
export function openDirectory(
  options: Pick<DatabaseOptions, 'dataDirectory' | 'shardCount'>,
): Promise<DataDirectory> {
  const lock = (path: string): Promise<AsyncDisposable> =>
    LevelStore.open({
      path,
      compression: false,
      cacheBytes: LOCK_BYTES,
      writeBufferBytes: LOCK_BYTES,
      shared: false,
    });
  const owner = `${process.pid}@${Math.round(performance.timeOrigin)}`;
  const { dataDirectory: path, shardCount } = options;
  return DataDirectory.open({ path, shardCount, lock, owner });
}

function openHolder(
  directory: DataDirectory,
  options: DatabaseOptions,
): Promise<ThreadedShardHolder> {
  const { shardCount, storage, index, searchThreads, searchQueueMax, clock } = options;
  return ThreadedShardHolder.open({
    shardsFolder: directory.shardsPath,
    indexFolder: directory.indexPath,
    shardCount,
    // Committed commands have to be applied when new ones are refused already.
    storage: { ...storage, minFreeDiskBytes: Math.floor(storage.minFreeDiskBytes / 2) },
    index,
    searchThreads,
    searchQueueMax,
    clock,
    defer,
    log: options.log,
    recorder: options.recorder,
    onFatal: options.onFatal,
  });
}

async function openNode(given: {
  readonly directory: DataDirectory;
  readonly holder: ThreadedShardHolder;
  readonly gate: WriteGate;
  readonly options: DatabaseOptions;
  readonly signal: AbortSignal;
}): Promise<ClusterNode> {
  const { directory, holder, gate, options, signal } = given;
  const { clock, node: settings, onWaiting, onRemoved } = options;
  const { formation } = settings;
  const random = systemRandom;
  await using port = new AsyncDisposableStack();
  const node = await ClusterNode.open(
    {
      ...settings,
      vitals: () => {
        const reasons = [gate.reason, holder.failure?.message].filter(
          (reason) => reason !== undefined,
        );
        return { ...settings.vitals(), writable: reasons.length === 0, reasons };
      },
      room: new LogRoom({
        freeBytes: () => freeDiskBytes(directory.path),
        floorBytes: Math.max(options.storage.minFreeDiskBytes, LOG_FLOOR_BYTES),
        clock,
      }),
      clock,
      random,
      defer,
      log: (level, message, fields = {}) =>
        options.log({ level, event: 'cluster', fields: { text: message, ...fields } }),
      port: port.use(await settings.openPort()),
      identities: new FileIdentityStore({
        files: nodeFileSystem,
        folder: directory.path,
        nodeId: formation.self.nodeId,
        random,
      }),
      openLog: (number) => openLog(directory, number, options),
      catalogMachines: (onChange) =>
        new CatalogMachines({
          fileSystem: nodeFileSystem,
          folder: directory.catalogPath,
          onChange,
        }),
      holder,
      routing: routingLimits(options),
      ...(onWaiting && { onWaiting }),
      ...(onRemoved && { onRemoved }),
      onFatal: (error) =>
        options.onFatal(
          error instanceof VectorDbError
            ? error
            : new VectorDbError('INTERNAL', String(error), { cause: error }),
        ),
      onDigestMismatch: (mismatch) =>
        options.log({ level: 'error', event: 'digest_mismatch', fields: { ...mismatch } }),
    },
    signal,
  );
  port.move();
  return node;
}

async function openLog(
  directory: DataDirectory,
  node: number,
  { clock, log }: DatabaseOptions,
): Promise<SegmentedLog> {
  const opened = await SegmentedLog.open({
    files: nodeFileSystem,
    folder: directory.raftPath,
    node,
    clock,
    random: systemRandom,
  });
  const { cut, damage } = opened.recovery;
  if (cut !== undefined) log({ level: 'info', event: 'log_tail_cut', fields: { cut } });
  for (const found of damage) log({ level: 'error', event: 'log_damaged', fields: { found } });
  return opened;
}

function assertShardCount(node: ClusterNode, { shardCount }: DatabaseOptions): void {
  const agreed = node.state.settings.shardCount;
  if (agreed === shardCount) return;
  throw new VectorDbError(
    'FAILED_PRECONDITION',
    `the cluster has ${agreed} shards, not ${shardCount}; set the same number on every node`,
    { field: 'sharding.shard_count' },
  );
}

function defer(callback: () => void): void {
  setImmediate(callback);
}

/** Bounds of what this node asks of others. */
function routingLimits(options: DatabaseOptions): RoutingLimits {
  return {
    proposalsMax: options.writeQueueMax,
    bytesMax: options.writeQueueBytesMax,
    retryAfterMs: WRITE_RETRY_AFTER_MS,
    writeTimeoutMs: WRITE_TIMEOUT_MS,
    readTimeoutMs: READ_TIMEOUT_MS,
    readsMax: options.searchQueueMax,
    readsAtOnce: READS_PER_THREAD * options.searchThreads,
  };
}
