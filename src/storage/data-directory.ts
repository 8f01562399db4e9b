import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VectorDbError } from '../base/error.ts';

/** 1 kept writes in no log and cannot be opened any more. */
const FORMAT_VERSION = 2;

export interface DataDirectoryOptions {
  readonly path: string;
  /** 1 to 65,535; fixed when the folder is made. */
  readonly shardCount: number;
  /**
   * Takes the folder's lock, which the operating system takes back when the process ends, however it ends.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when someone has it
   */
  readonly lock: (path: string) => Promise<AsyncDisposable>;
  /** Tells this opener from all others, past ones included: process id and a start time, say. */
  readonly owner: string;
}

/** What `format.json` says. */
interface FolderFormat {
  readonly format: number;
  readonly shardCount: number;
}

/** A folder of data with this process as its only owner, until it is disposed of. */
export class DataDirectory {
  readonly path: string;
  readonly shardCount: number;
  readonly #lock: AsyncDisposable;

  private constructor(path: string, shardCount: number, lock: AsyncDisposable) {
    this.path = path;
    this.shardCount = shardCount;
    this.#lock = lock;
  }

  /**
   * Takes the folder and makes it where it is new.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION: another process has it, or it has a newer format or another shard count; DATA_CORRUPT; DISK_FULL;
   * STORAGE_FAILED
   */
  static async open(options: DataDirectoryOptions): Promise<DataDirectory> {
    const path = resolve(options.path);
    return inFolder(path, async () => {
      await mkdir(path, { recursive: true });
      const lock = await takeLock(path, options);
      try {
        await settleFormat(path, options.shardCount);
        for (const folder of FOLDERS) await mkdir(join(path, folder), { recursive: true });
        await syncFolder(path);
        return new DataDirectory(path, options.shardCount, lock);
      } catch (thrown) {
        await lock[Symbol.asyncDispose]();
        throw thrown;
      }
    });
  }

  /** What the nodes of the cluster agree on. */
  get catalogPath(): string {
    return join(this.path, 'catalog');
  }

  /** The log of all groups of the node. */
  get raftPath(): string {
    return join(this.path, 'raft');
  }

  /** The stores of the shards that are here. */
  get shardsPath(): string {
    return join(this.path, 'shards');
  }

  /** Collections' segments, which can be made again. */
  get indexPath(): string {
    return join(this.path, 'index');
  }

  /** Gives the folder up; call it after everything in it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

/** Makes the names in a folder durable: files that were made, renamed or removed. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file so that either the old or the new content is there after a power cut. */
async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(join(path, '..'));
}

const FOLDERS = ['catalog', 'raft', 'shards', 'index'];

/**
 * The file `owner` is looked at first: a process that tried the operating system's lock a second time would lose the one it holds, since closing
 * any handle of a locked file releases the lock.
 */
async function takeLock(path: string, options: DataDirectoryOptions): Promise<AsyncDisposable> {
  const ownerPath = join(path, 'owner');
  const owner = await readFile(ownerPath, 'utf8').catch(() => '');
  const inUse = (cause?: unknown): VectorDbError =>
    new VectorDbError(
      'FAILED_PRECONDITION',
      `the folder ${path} is in use${owner === '' ? '' : ` by process ${owner.split('@')[0]}`}; only one process may have it`,
      { field: 'storage.data_dir', cause },
    );
  if (owner === options.owner) throw inUse();
  const lock = await options.lock(join(path, 'lock')).catch((thrown: unknown) => {
    const held = thrown instanceof VectorDbError && thrown.code === 'FAILED_PRECONDITION';
    throw held ? inUse(thrown) : thrown;
  });
  const release = async (): Promise<void> => {
    await rm(ownerPath, { force: true });
    await lock[Symbol.asyncDispose]();
  };
  try {
    await writeFile(ownerPath, options.owner);
  } catch (thrown) {
    await release();
    throw thrown;
  }
  return { [Symbol.asyncDispose]: release };
}

async function settleFormat(path: string, shardCount: number): Promise<void> {
  const formatPath = join(path, 'format.json');
  const text = await readFile(formatPath, 'utf8').catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (text === undefined) {
    const format: FolderFormat = { format: FORMAT_VERSION, shardCount };
    await writeFileDurably(formatPath, `${JSON.stringify(format)}\n`);
    return;
  }
  const found = parseFormat(formatPath, text);
  if (found.format > FORMAT_VERSION) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `the folder ${path} has format ${found.format}, written by a newer version; this one knows formats up to ${FORMAT_VERSION}`,
      { field: 'storage.data_dir' },
    );
  }
  if (found.format < FORMAT_VERSION) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `the folder ${path} has format ${found.format}, from before writes were kept in a log: export its points with the version that wrote it, and import them into a new folder`,
      { field: 'storage.data_dir' },
    );
  }
  if (found.shardCount !== shardCount) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `the folder ${path} was made with ${found.shardCount} shards, not ${shardCount}; the number cannot change`,
      { field: 'sharding.shard_count' },
    );
  }
}

function parseFormat(path: string, text: string): FolderFormat {
  try {
    const { format, shardCount } = JSON.parse(text) as Partial<FolderFormat>;
    if (Number.isSafeInteger(format) && format !== FORMAT_VERSION) {
      return { format: format as number, shardCount: 0 };
    }
    if (format === FORMAT_VERSION && Number.isSafeInteger(shardCount)) {
      return { format, shardCount: shardCount as number };
    }
  } catch {
    // What is not JSON is as damaged as what lacks a field.
  }
  throw new VectorDbError('DATA_CORRUPT', `${path} is damaged`);
}

async function inFolder<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    if (thrown instanceof VectorDbError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT'
      ? new VectorDbError('DISK_FULL', `the disk of ${path} is full`, { cause: thrown })
      : new VectorDbError('STORAGE_FAILED', `the folder ${path} cannot be used: ${message}`, {
          cause: thrown,
        });
  }
}
