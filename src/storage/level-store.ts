import { ClassicLevel } from 'classic-level';
import { VectorDbError } from '../base/error.ts';
import { freeDiskBytes } from './disk-guard.ts';
import type {
  KeyRange,
  KeyValueStore,
  ReadOptions,
  SliceOptions,
  StoreEntry,
  StoreOperation,
  StoreSnapshot,
} from './key-value-store.ts';

const SLICE_ENTRIES = 256;
/** Two logs may be waiting, and each becomes a table; twice that to be safe. */
const OPEN_BYTES_FACTOR = 4;

/** How one LevelDB is opened; where several threads share it, the first one's options count. */
export interface LevelStoreOptions {
  readonly path: string;
  /** Snappy; float vectors hardly shrink, so it pays for payloads only. */
  readonly compression: boolean;
  /** Bytes of uncompressed blocks kept in memory. */
  readonly cacheBytes: number;
  /** Bytes of the write-ahead log before it becomes a table; up to twice as much is held in memory. */
  readonly writeBufferBytes: number;
  /** True: every thread of this process may open it too. False: a second opener is refused. */
  readonly shared: boolean;
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;
type LevelSnapshot = ReturnType<Level['snapshot']>;

/** A key-value store in LevelDB. */
export class LevelStore implements KeyValueStore {
  readonly #level: Level;
  readonly #path: string;
  readonly #writeBufferBytes: number;
  readonly #snapshots = new WeakMap<StoreSnapshot, LevelSnapshot>();

  private constructor(level: Level, options: LevelStoreOptions) {
    this.#level = level;
    this.#path = options.path;
    this.#writeBufferBytes = options.writeBufferBytes;
  }

  /**
   * Opens or creates the store; an interrupted write before is undone or completed.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when another process (or, unshared, anyone) has it open; DISK_FULL, STORAGE_FAILED, DATA_CORRUPT
   */
  static async open(options: LevelStoreOptions): Promise<LevelStore> {
    const level: Level = new ClassicLevel(options.path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: options.compression,
      cacheSize: options.cacheBytes,
      writeBufferSize: options.writeBufferBytes,
      multithreading: options.shared,
    });
    try {
      await level.open();
    } catch (thrown) {
      throw storeError(thrown, options.path);
    }
    return new LevelStore(level, options);
  }

  get(key: Uint8Array, options: ReadOptions = {}): Uint8Array | undefined {
    try {
      return this.#level.getSync(key, this.#readOptions(options));
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async getMany(
    keys: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    try {
      return await this.#level.getMany([...keys], this.#readOptions(options));
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async *slices(
    range: KeyRange,
    options: SliceOptions = {},
  ): AsyncGenerator<readonly StoreEntry[], void, void> {
    const values = options.values ?? true;
    try {
      const iterator = this.#level.iterator({
        gte: range.from,
        lt: range.to,
        limit: options.limit ?? -1,
        values,
        ...this.#readOptions(options),
      });
      try {
        for (;;) {
          const entries = await iterator.nextv(options.sliceEntries ?? SLICE_ENTRIES);
          if (entries.length === 0) return;
          yield entries.map(([key, value]) => ({ key, value: values ? value : EMPTY }));
        }
      } finally {
        await iterator.close();
      }
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async write(
    operations: readonly StoreOperation[],
    options: { readonly sync: boolean },
  ): Promise<void> {
    try {
      await this.#level.batch([...operations], { sync: options.sync });
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  snapshot(): StoreSnapshot {
    try {
      const snapshot = this.#level.snapshot();
      const handle: StoreSnapshot = { [Symbol.asyncDispose]: () => snapshot.close() };
      this.#snapshots.set(handle, snapshot);
      return handle;
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async approximateSize(range: KeyRange): Promise<number> {
    try {
      return await this.#level.approximateSize(range.from, range.to);
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async compact(range: KeyRange): Promise<void> {
    try {
      await this.#level.compactRange(range.from, range.to);
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async reopen(): Promise<void> {
    try {
      this.#assertRoomToOpen();
      await this.#level.close();
      await this.#level.open();
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  /**
   * Closes this thread's handle for a while, so that another thread can open the store again; until {@link resume}, everything is refused. Nothing may be
   * under way.
   */
  async release(): Promise<void> {
    try {
      await this.#level.close();
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  /** Opens the handle again. */
  async resume(): Promise<void> {
    try {
      await this.#level.open();
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#level.close();
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  /** Opening turns the log into tables; a store that was closed and cannot do that would answer no reads any more. */
  #assertRoomToOpen(): void {
    if (freeDiskBytes(this.#path) >= OPEN_BYTES_FACTOR * this.#writeBufferBytes) return;
    throw new VectorDbError('DISK_FULL', `the disk is too full to open ${this.#path} again`);
  }

  #readOptions(options: ReadOptions): { snapshot?: LevelSnapshot } {
    const snapshot = options.snapshot && this.#snapshots.get(options.snapshot);
    return snapshot === undefined ? {} : { snapshot };
  }
}

const EMPTY = new Uint8Array(0);

/** The code that a failure of LevelDB has at our boundaries; LevelDB tells what happened in the message's text only. */
export function storeError(thrown: unknown, path: string): VectorDbError {
  if (thrown instanceof VectorDbError) return thrown;
  const messages: string[] = [];
  const codes: unknown[] = [];
  for (let error = thrown; error instanceof Error && messages.length < 4; error = error.cause) {
    messages.push(error.message);
    codes.push((error as { code?: unknown }).code);
  }
  const text = messages.join(': ') || String(thrown);
  const fail = (code: ConstructorParameters<typeof VectorDbError>[0], what: string) =>
    new VectorDbError(code, `${what} (${path}): ${text}`, { cause: thrown });
  if (codes.includes('LEVEL_LOCKED')) {
    return fail('FAILED_PRECONDITION', 'the folder is in use by another process');
  }
  if (/No space left|quota exceeded|ENOSPC|EDQUOT/i.test(text)) {
    return fail('DISK_FULL', 'the disk is full');
  }
  if (codes.includes('LEVEL_CORRUPTION')) return fail('DATA_CORRUPT', 'stored data is damaged');
  if (codes.includes('LEVEL_DATABASE_NOT_OPEN') && !codes.includes('LEVEL_IO_ERROR')) {
    return messages.length > 1
      ? fail('STORAGE_FAILED', 'the store cannot be opened')
      : fail('SHUTTING_DOWN', 'the store is closed');
  }
  if (codes.includes('LEVEL_ITERATOR_NOT_OPEN'))
    return fail('SHUTTING_DOWN', 'the store is closed');
  return fail('STORAGE_FAILED', 'the store failed');
}
