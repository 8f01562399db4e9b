import type { KeyValueStore } from '../../src/storage/key-value-store.ts';
import { MemoryStore } from '../../src/storage/memory-store.ts';
import type { ShardDisk } from '../../src/storage/shard-disk.ts';

/** Stores of shards in memory; they outlive who has them open. */
export class MemoryShardDisk implements ShardDisk {
  readonly #stores = new Map<string, MemoryStore>();

  async open(shard: number, generation: number): Promise<KeyValueStore> {
    const name = nameOf(shard, generation);
    const store = this.#stores.get(name) ?? new MemoryStore();
    this.#stores.set(name, store);
    await store.reopen();
    return store;
  }

  generations(shard: number): Promise<readonly number[]> {
    const names = [...this.#stores.keys()].filter((name) => name.startsWith(`${shard}/`));
    const found = names.map((name) => Number(name.split('/')[1]));
    return Promise.resolve(found.toSorted((a, b) => a - b));
  }

  remove(shard: number, generation: number): Promise<void> {
    this.#stores.delete(nameOf(shard, generation));
    return Promise.resolve();
  }
}

const nameOf = (shard: number, generation: number): string => `${shard}/${generation}`;
