import type { ShardStore } from '../storage/shard-store.ts';

export interface ShardSweeperOptions {
  /** By shard: those that are here. */
  readonly stores: ReadonlyMap<number, ShardStore>;
  /** Carries on with something that nobody waits for. */
  readonly inBackground: (work: Promise<void>) => void;
}

const SWEEP_RECORDS = 1_000;

/** Deletes what is left of dropped collections, a little at a time. */
export class ShardSweeper {
  readonly #options: ShardSweeperOptions;
  #isClosed = false;

  constructor(options: ShardSweeperOptions) {
    this.#options = options;
  }

  /** Sweeps what was dropped from a shard. */
  sweep(store: ShardStore, collections: readonly number[] = store.unswept): void {
    for (const collection of collections) {
      this.#options.inBackground(this.#sweep(store, collection));
    }
  }

  /** Of these collections, those that every shard here has dropped and swept. */
  swept(collections: readonly number[]): number[] {
    const stores = [...this.#options.stores.values()];
    return collections.filter((collection) => stores.every((store) => store.isSwept(collection)));
  }

  /** What is begun goes on; nothing more is. */
  close(): void {
    this.#isClosed = true;
  }

  async #sweep(store: ShardStore, collection: number): Promise<void> {
    while (!(await store.sweep(collection, SWEEP_RECORDS))) if (this.#isClosed) return;
  }
}
