import type { MessagePort } from 'node:worker_threads';

/** How a thread opens the shards' stores. */
export interface ShardFolders {
  /** Holds a folder for each shard that is here; `folder-shard-disk.ts` says how they are named. */
  readonly root: string;
  readonly shardCount: number;
  readonly compression: boolean;
  /** For each store. */
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
}

/** What a search thread is started with. */
export interface SearchThreadData {
  readonly shards: ShardFolders;
  /** The thread's scratch lane in shared memories; no two threads have the same. */
  readonly lane: number;
  /** Of `LookupCounts`: the thread counts lookups in its caches of filters. */
  readonly lookups: SharedArrayBuffer;
  /** Of the thread's `SearchInbox`. */
  readonly mailbox: SharedArrayBuffer;
}

/** How segments grow, are built and merged. */
export interface IndexSettings {
  /** Scratch lanes of shared memories: threads that may score rows at once. */
  readonly lanes: number;
  readonly growingRows: number;
  readonly mergeFanIn: number;
  readonly maxSegmentPoints: number;
  readonly rebuildDeletedRatio: number;
  readonly idleOptimizeMs: number;
}

/** What the apply thread is started with. */
export interface ApplyThreadData {
  readonly shards: ShardFolders;
  /** Folder of a collection's index: this, a slash, its number. */
  readonly indexFolder: string;
  readonly index: IndexSettings;
  /** The thread's own scratch lane. */
  readonly lane: number;
  /** Free bytes of the disk below which nothing is written. */
  readonly minFreeDiskBytes: number;
  /** To the builder thread. */
  readonly builder: MessagePort;
}

/** What the builder thread is started with. */
export interface BuilderThreadData {
  readonly lane: number;
  /** From the apply thread. */
  readonly calls: MessagePort;
}
