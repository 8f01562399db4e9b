import type { KeyValueStore } from '../storage/key-value-store.ts';
import { CATALOG_KEY, CatalogCodec } from './catalog-codec.ts';
import { type CatalogState, EMPTY_CATALOG } from './catalog-state.ts';

/** Keeps the catalog of a node that is alone. */
export class CatalogStore {
  readonly #store: KeyValueStore;
  readonly #codec = new CatalogCodec();

  constructor(options: { readonly store: KeyValueStore }) {
    this.#store = options.store;
  }

  /** The catalog as it was last saved; empty in a new folder. @throws {VectorDbError} DATA_CORRUPT, STORAGE_FAILED */
  load(): CatalogState {
    const row = this.#store.get(CATALOG_KEY);
    return row === undefined ? EMPTY_CATALOG : this.#codec.decode(row);
  }

  /** Resolves when the catalog is durable. @throws {VectorDbError} DISK_FULL, STORAGE_FAILED: it may or may not be */
  async save(state: CatalogState): Promise<void> {
    const row = this.#codec.encode(state);
    await this.#store.write([{ type: 'put', key: CATALOG_KEY, value: row }], { sync: true });
  }

  /** Starts a new log file after a failed write, whose rest might spoil what is written behind it. */
  async startNewLog(): Promise<void> {
    await this.#store.compact({ from: Uint8Array.of(0), to: Uint8Array.of(1) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}
