import { VectorDbError } from '../base/error.ts';
import type {
  KeyRange,
  KeyValueStore,
  ReadOptions,
  SliceOptions,
  StoreEntry,
  StoreOperation,
  StoreSnapshot,
} from './key-value-store.ts';

/** Sorted by key; never changed once a snapshot or an iteration holds it. */
type Entries = readonly StoreEntry[];

/** A key-value store that forgets when the process ends: for tests and simulations. */
export class MemoryStore implements KeyValueStore {
  #entries: Entries = [];
  #closed = false;
  readonly #snapshots = new WeakMap<StoreSnapshot, Entries>();

  get(key: Uint8Array, options: ReadOptions = {}): Uint8Array | undefined {
    const entries = this.#at(options);
    const entry = entries[lowerBound(entries, key)];
    return entry !== undefined && Buffer.compare(entry.key, key) === 0
      ? entry.value.slice()
      : undefined;
  }

  async getMany(
    keys: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    return keys.map((key) => this.get(key, options));
  }

  async *slices(
    range: KeyRange,
    options: SliceOptions = {},
  ): AsyncGenerator<readonly StoreEntry[], void, void> {
    const entries = this.#at(options);
    const start = lowerBound(entries, range.from);
    const end = Math.min(lowerBound(entries, range.to), start + (options.limit ?? Infinity));
    const step = options.sliceEntries ?? 256;
    for (let at = start; at < end; at += step) {
      this.#at(options);
      yield entries.slice(at, Math.min(end, at + step)).map((entry) => ({
        key: entry.key.slice(),
        value: options.values === false ? new Uint8Array(0) : entry.value.slice(),
      }));
    }
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    const entries = [...this.#at({})];
    for (const operation of operations) {
      const at = lowerBound(entries, operation.key);
      const found = entries[at];
      const present = found !== undefined && Buffer.compare(found.key, operation.key) === 0;
      if (operation.type === 'put') {
        const entry = { key: operation.key.slice(), value: operation.value.slice() };
        entries.splice(at, present ? 1 : 0, entry);
      } else if (present) {
        entries.splice(at, 1);
      }
    }
    this.#entries = entries;
  }

  snapshot(): StoreSnapshot {
    const handle: StoreSnapshot = { [Symbol.asyncDispose]: async () => {} };
    this.#snapshots.set(handle, this.#at({}));
    return handle;
  }

  async approximateSize(range: KeyRange): Promise<number> {
    const entries = this.#at({});
    let bytes = 0;
    for (let at = lowerBound(entries, range.from); at < lowerBound(entries, range.to); at += 1) {
      const entry = entries[at] as StoreEntry;
      bytes += entry.key.length + entry.value.length;
    }
    return bytes;
  }

  async compact(): Promise<void> {
    this.#at({});
  }

  async reopen(): Promise<void> {
    this.#closed = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #at(options: ReadOptions): Entries {
    if (this.#closed) throw new VectorDbError('SHUTTING_DOWN', 'the store is closed');
    const entries = options.snapshot && this.#snapshots.get(options.snapshot);
    return entries ?? this.#entries;
  }
}

function lowerBound(entries: Entries, key: Uint8Array): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare((entries[middle] as StoreEntry).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
