import type { KeyValueStore } from './key-value-store.ts';

/** Where the stores of shards are: one a generation of a shard. A state that arrives from elsewhere is a new generation. */
export interface ShardDisk {
  /**
   * Opens a store, which is empty where it is new.
   *
   * @throws {VectorDbError} DISK_FULL, STORAGE_FAILED, DATA_CORRUPT
   */
  open(shard: number, generation: number): Promise<KeyValueStore>;
  /** Of which something is there, ascending. */
  generations(shard: number): Promise<readonly number[]>;
  /** Deletes a closed store: once this has resolved, or a crash came in the middle, either all of it is there or nothing. Idempotent. */
  remove(shard: number, generation: number): Promise<void>;
}
