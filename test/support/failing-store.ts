import { VectorDbError } from '../../src/base/error.ts';
import type {
  KeyRange,
  KeyValueStore,
  ReadOptions,
  SliceOptions,
  StoreOperation,
} from '../../src/storage/key-value-store.ts';

/** A store over another one whose writes fail when told: nothing of a failed write arrives. */
export class FailingStore implements KeyValueStore {
  /** The store below, which never fails. */
  readonly disk: KeyValueStore;
  /** Asked before each write, with the number of writes before. */
  failsAt: (write: number) => boolean = () => false;
  /** The same, for writes that arrive although they fail. */
  failsAfter: (write: number) => boolean = () => false;
  writes = 0;
  compactions = 0;
  reopenings = 0;

  constructor(store: KeyValueStore) {
    this.disk = store;
  }

  get(key: Uint8Array, options?: ReadOptions) {
    return this.disk.get(key, options);
  }

  getMany(keys: readonly Uint8Array[], options?: ReadOptions) {
    return this.disk.getMany(keys, options);
  }

  slices(range: KeyRange, options?: SliceOptions) {
    return this.disk.slices(range, options);
  }

  async write(operations: readonly StoreOperation[], options: { readonly sync: boolean }) {
    this.writes += 1;
    if (this.failsAt(this.writes - 1)) throw new VectorDbError('DISK_FULL', 'the disk is full');
    await this.disk.write(operations, options);
    if (this.failsAfter(this.writes - 1)) throw new VectorDbError('DISK_FULL', 'the disk is full');
  }

  snapshot() {
    return this.disk.snapshot();
  }

  approximateSize(range: KeyRange) {
    return this.disk.approximateSize(range);
  }

  async compact(range: KeyRange) {
    this.compactions += 1;
    await this.disk.compact(range);
  }

  async reopen() {
    this.reopenings += 1;
    await this.disk.reopen();
  }

  [Symbol.asyncDispose]() {
    return this.disk[Symbol.asyncDispose]();
  }
}
