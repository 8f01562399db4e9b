import { MessageChannel } from 'node:worker_threads';
import { VectorDbError } from '../base/error.ts';
import { LookupCounts, type Lookups } from '../index/search/lookup-counts.ts';
import type { BuildReason } from '../index/segment/build-job.ts';
import { ApplyClient, type ApplyClientOptions } from './apply-client.ts';
import type {
  ApplyThreadInput,
  ApplyThreadOutput,
  BuilderThreadOutput,
  LogMessage,
} from './apply-messages.ts';
import type { SearchThreadInput, SearchThreadOutput } from './read-messages.ts';
import { mailboxMemory } from './search-mailbox.ts';
import { SearchPool } from './search-pool.ts';
import { type Thread, spawnThread } from './spawn-thread.ts';
import type {
  ApplyThreadData,
  BuilderThreadData,
  IndexSettings,
  SearchThreadData,
  ShardFolders,
} from './thread-data.ts';

export interface DataThreadsOptions {
  readonly shards: ShardFolders;
  /** Folder of a collection's index: this, a slash, its number. */
  readonly indexFolder: string;
  readonly index: Omit<IndexSettings, 'lanes'>;
  readonly searchThreads: number;
  /** Reads that may wait for a thread. */
  readonly searchQueueMax: number;
  /** Free bytes of the disk below which nothing is written. */
  readonly minFreeDiskBytes: number;
  readonly log: (message: Omit<LogMessage, 'kind'>) => void;
  readonly onIndexed: ApplyClientOptions['onIndexed'];
  readonly onBuilt?: ((reason: BuildReason, rows: number, seconds: number) => void) | undefined;
  /** A thread ended by itself: nothing can go on. */
  readonly onFatal: (error: VectorDbError) => void;
}

/** The builder and the apply thread score rows too. */
const LANES_BESIDE_SEARCH = 2;

/** The threads that keep and search a node's data, and the main thread's ends of the ways to them. */
export class DataThreads implements AsyncDisposable {
  readonly pool: SearchPool;
  readonly client: ApplyClient;
  readonly #resources: AsyncDisposableStack;
  readonly #lookups: readonly SharedArrayBuffer[];

  private constructor(
    resources: AsyncDisposableStack,
    pool: SearchPool,
    client: ApplyClient,
    lookups: readonly SharedArrayBuffer[],
  ) {
    this.#resources = resources;
    this.pool = pool;
    this.client = client;
    this.#lookups = lookups;
  }

  /** Resolves when all threads work. @throws {VectorDbError} DISK_FULL, STORAGE_FAILED */
  static async start(options: DataThreadsOptions): Promise<DataThreads> {
    await using started = new AsyncDisposableStack();
    const lookups = Array.from({ length: options.searchThreads }, () => LookupCounts.create());
    const pool = startSearchThreads(started, lookups, options);
    const client = startApplyThread(started, pool, options);
    await Promise.all([client.ready(), pool.ready()]);
    return new DataThreads(started.move(), pool, client, lookups);
  }

  /** In the search threads' caches of filters, since the start. */
  get filterLookups(): Lookups {
    return LookupCounts.total(this.#lookups);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function ended(name: string, cause: Error | undefined): VectorDbError {
  const why = cause?.message ?? 'without an error';
  return new VectorDbError('INTERNAL', `the ${name} thread ended: ${why}`, { cause });
}

function startSearchThreads(
  started: AsyncDisposableStack,
  allLookups: readonly SharedArrayBuffer[],
  { shards, searchQueueMax, log, onFatal }: DataThreadsOptions,
): SearchPool {
  const threads = allLookups.map((lookups, lane) => {
    const data: SearchThreadData = { shards, lane, lookups, mailbox: mailboxMemory() };
    const thread: Thread<SearchThreadOutput, SearchThreadInput> = spawnThread({
      entry: 'search-thread',
      data,
    });
    return { ...thread, mailbox: data.mailbox };
  });
  const pool = new SearchPool({ threads, queueMax: searchQueueMax, onLog: log });
  let closing = false;
  for (const [i, thread] of threads.entries()) {
    void thread.ended.then((error) => {
      if (closing) return;
      // The node ends, and says why; who reads meanwhile may try again, on another node or later.
      pool.fail(i, new VectorDbError('SHUTTING_DOWN', 'the node ends: a search thread has ended'));
      onFatal(ended('search', error));
    });
  }
  started.defer(async () => {
    closing = true;
    pool.close();
    await Promise.all(threads.map((thread) => thread.ended));
  });
  return pool;
}

function startApplyThread(
  started: AsyncDisposableStack,
  pool: SearchPool,
  options: DataThreadsOptions,
): ApplyClient {
  const { onFatal, onIndexed, onBuilt, log } = options;
  const lanes = options.searchThreads + LANES_BESIDE_SEARCH;
  const { port1: builder, port2: calls } = new MessageChannel();
  const builderThread: Thread<BuilderThreadOutput, { kind: 'close' }> = spawnThread({
    entry: 'builder-thread',
    data: { lane: lanes - 1, calls } satisfies BuilderThreadData,
    ports: [calls],
  });
  builderThread.listen(({ reason, rows, seconds }) => onBuilt?.(reason, rows, seconds));
  const data: ApplyThreadData = {
    shards: options.shards,
    indexFolder: options.indexFolder,
    index: { ...options.index, lanes },
    lane: lanes - 2,
    builder,
    minFreeDiskBytes: options.minFreeDiskBytes,
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
    onIndexed,
    onLog: log,
  });
  let closing = false;
  for (const end of [thread.ended, builderThread.ended]) {
    void end.then((error) => {
      if (closing) return;
      client.fail(new VectorDbError('STORAGE_FAILED', 'the apply thread ended', { cause: error }));
      onFatal(ended('apply', error));
    });
  }
  started.defer(async () => {
    closing = true;
    // A thread that failed has closed what it could.
    await client.close().catch(() => undefined);
    await builderThread.terminate();
    await thread.ended;
  });
  return client;
}
