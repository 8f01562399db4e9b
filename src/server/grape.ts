import { availableParallelism } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { DEFAULT_LIMITS, type Limits } from '../database/limits.ts';
import { LocalDatabase, type LocalDatabaseOptions } from '../database/local-database.ts';
import { createDatabase, type DatabaseOptions, openDirectory } from './create-database.ts';
import { embeddedSettings } from './node-settings.ts';

const MEBIBYTE = 1024 * 1024;
const SHARD_COUNT = 16;

/** What an embedded database may be told; all of it has defaults. */
export interface GrapeOptions {
  /** Bounds of requests; those not named are {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** Threads that answer searches; one for each core unless told. */
  readonly searchThreads?: number;
  /** Bytes of LevelDB's block cache, for all shards together; 64 MiB unless told. */
  readonly cacheBytes?: number;
  /** Rows of a growing segment; 8,192 unless told. */
  readonly growingRows?: number;
  /** Milliseconds without writes after which segments are merged; 2,000 unless told, 0: never. */
  readonly idleOptimizeMs?: number;
  /** Told of what happens inside; nothing unless told. */
  readonly log?: DatabaseOptions['log'];
}

/**
 * A database in this process: a folder, a few threads, and every operation of a server.
 *
 * ```ts
 * await using grape = await Grape.open('./vectors');
 * ```
 */
export class Grape extends LocalDatabase implements AsyncDisposable {
  readonly #opened: AsyncDisposable;

  private constructor(parts: LocalDatabaseOptions, opened: AsyncDisposable) {
    super(parts);
    this.#opened = opened;
  }

  /**
   * Opens a folder, which is made where it is not there.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION: another process has it; DATA_CORRUPT; DISK_FULL
   */
  static async open(folder: string, options: GrapeOptions = {}): Promise<Grape> {
    const settings = databaseOptions(folder, options);
    await using opened = new AsyncDisposableStack();
    const directory = opened.use(await openDirectory(settings));
    const { parts } = opened.use(await createDatabase(directory, settings));
    return new Grape(parts, opened.move());
  }

  /** Ends what is under way and gives the folder up. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

function databaseOptions(folder: string, options: GrapeOptions): DatabaseOptions {
  const log = options.log ?? (() => undefined);
  return {
    dataDirectory: folder,
    shardCount: SHARD_COUNT,
    node: embeddedSettings(SHARD_COUNT),
    searchThreads: options.searchThreads ?? availableParallelism(),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    searchQueueMax: 1024,
    writeQueueMax: 4096,
    writeQueueBytesMax: 256 * MEBIBYTE,
    storage: {
      compression: true,
      cacheBytes: options.cacheBytes ?? 64 * MEBIBYTE,
      writeBufferBytes: 64 * MEBIBYTE,
      minFreeDiskBytes: 64 * MEBIBYTE,
    },
    index: {
      growingRows: options.growingRows ?? 8192,
      mergeFanIn: 4,
      maxSegmentPoints: 1_000_000,
      rebuildDeletedRatio: 0.25,
      idleOptimizeMs: options.idleOptimizeMs ?? 2_000,
    },
    vectorDefaults: { m: 32, efConstruction: 400, efSearch: 200 },
    clock: systemClock,
    log,
    onFatal: (error) =>
      log({ level: 'error', event: 'thread_ended', fields: { message: error.message } }),
  };
}
