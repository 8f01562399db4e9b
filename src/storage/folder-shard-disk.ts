import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './file-error.ts';
import { LevelStore, type LevelStoreOptions } from './level-store.ts';
import type { ShardDisk } from './shard-disk.ts';

/** How a shard's LevelDB is opened; where several threads share it, the first one's options count. */
export type ShardStoreSettings = Omit<LevelStoreOptions, 'path' | 'shared'>;

const REMOVED = '.removed';

/** Folder of a shard's store: `NN`, and `NN.G` of generations after the first. */
export function shardFolderName(shard: number, generation: number): string {
  const name = String(shard).padStart(2, '0');
  return generation === 0 ? name : `${name}.${generation}`;
}

/** One LevelDB a folder, shared by the threads of the process. */
export class FolderShardDisk implements ShardDisk {
  readonly #root: string;
  readonly #settings: ShardStoreSettings;
  #removals = 0;

  private constructor(root: string, settings: ShardStoreSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  /**
   * Makes the folder where it is new, and finishes what a crash interrupted.
   *
   * @throws {VectorDbError} DISK_FULL, STORAGE_FAILED
   */
  static async open(root: string, settings: ShardStoreSettings): Promise<FolderShardDisk> {
    try {
      await mkdir(root, { recursive: true });
      for (const name of await readdir(root)) {
        if (name.endsWith(REMOVED)) await rm(join(root, name), { recursive: true, force: true });
      }
    } catch (thrown) {
      throw fileError(thrown);
    }
    return new FolderShardDisk(root, settings);
  }

  /** The same folder for another thread, which only opens what is there. */
  static of(root: string, settings: ShardStoreSettings): FolderShardDisk {
    return new FolderShardDisk(root, settings);
  }

  async open(shard: number, generation: number): Promise<LevelStore> {
    const path = join(this.#root, shardFolderName(shard, generation));
    const store = await LevelStore.open({ ...this.#settings, path, shared: true });
    try {
      await this.#sync();
    } catch (thrown) {
      await store[Symbol.asyncDispose]();
      throw thrown;
    }
    return store;
  }

  async generations(shard: number): Promise<readonly number[]> {
    const first = shardFolderName(shard, 0);
    const found: number[] = [];
    try {
      for (const name of await readdir(this.#root)) {
        if (name === first) found.push(0);
        else if (name.startsWith(`${first}.`) && /^\d+$/.test(name.slice(first.length + 1))) {
          found.push(Number(name.slice(first.length + 1)));
        }
      }
    } catch (thrown) {
      throw fileError(thrown);
    }
    return found.toSorted((a, b) => a - b);
  }

  async remove(shard: number, generation: number): Promise<void> {
    const path = join(this.#root, shardFolderName(shard, generation));
    this.#removals += 1;
    const removed = `${path}.${this.#removals}${REMOVED}`;
    try {
      try {
        await rename(path, removed);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw thrown;
      }
      await this.#sync();
    } catch (thrown) {
      throw fileError(thrown);
    }
    // Nobody waits for gigabytes to be deleted; what is left of them goes at the next start.
    rm(removed, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Makes names of stores durable. */
  async #sync(): Promise<void> {
    try {
      const handle = await open(this.#root, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw fileError(thrown);
    }
  }
}
