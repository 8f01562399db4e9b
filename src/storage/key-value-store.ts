/** One change of a batch; keys and values are not changed by the caller until the write ended. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** Keys from `from` (inclusive) to `to` (exclusive), in the order of their bytes. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** A key and its value; without values asked for, `value` is empty. */
export interface StoreEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The store as it was at one moment; holds resources until it is disposed of. */
export interface StoreSnapshot {
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ReadOptions {
  /** Absent: what was written last. */
  readonly snapshot?: StoreSnapshot;
}

export interface SliceOptions extends ReadOptions {
  /** Entries of one slice at most; 256 unless told. A slice may be shorter, never empty. */
  readonly sliceEntries?: number;
  /** Entries in all; no bound unless told. */
  readonly limit?: number;
  /** False leaves values out. */
  readonly values?: boolean;
}

/**
 * An ordered map of bytes to bytes that survives the process. Reads see every write that ended before them; a batch happens as a whole or not at all.
 * Bytes handed out belong to the caller.
 *
 * Every operation may throw a VectorDbError: DISK_FULL, STORAGE_FAILED, DATA_CORRUPT; SHUTTING_DOWN once it is closed.
 */
export interface KeyValueStore {
  /** Blocks the thread for microseconds; undefined where there is no such key. */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined;
  getMany(
    keys: readonly Uint8Array[],
    options?: ReadOptions,
  ): Promise<readonly (Uint8Array | undefined)[]>;
  /** A range in ascending order, as one moment saw it, a slice at a time. */
  slices(range: KeyRange, options?: SliceOptions): AsyncIterable<readonly StoreEntry[]>;
  /**
   * @param options.sync - resolves only when a power cut cannot undo it
   */
  write(operations: readonly StoreOperation[], options: { readonly sync: boolean }): Promise<void>;
  snapshot(): StoreSnapshot;
  /** Bytes on disk, roughly. */
  approximateSize(range: KeyRange): Promise<number>;
  /** Moves everything written so far out of the write-ahead log, and gives back the room that deleted entries of the range took. */
  compact(range: KeyRange): Promise<void>;
  /**
   * Closes the store and opens it again, which is the only way out of some failures. Reads meanwhile are refused; snapshots and iterations end. Where other threads
   * have the store open too, they must have closed it, else nothing changes.
   */
  reopen(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
