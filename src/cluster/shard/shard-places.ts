import { VectorDbError } from '../../base/error.ts';
import type { OpenedShard } from '../../worker/apply-engine.ts';
import type { ShardCalls } from '../../worker/shard-calls.ts';

export interface ShardPlacesOptions {
  /** To who writes the shards. */
  readonly calls: Pick<ShardCalls, 'openShard' | 'activateShard' | 'closeShard' | 'destroyShard'>;
  /** Who reads them. */
  readonly readers: ShardReaders;
}

/** Threads that read shards' stores beside the one that writes them. */
export interface ShardReaders {
  /** Resolves when all of them can read the shard. */
  openShard(shard: number, generation: number): Promise<void>;
  /** Resolves when none of them has the shard's store open any more. */
  closeShard(shard: number): Promise<void>;
}

/** Which shards can be read: writer and readers open and close them one at a time, in the order that lets nobody read what is half there. */
export class ShardPlaces {
  readonly #options: ShardPlacesOptions;
  /** Open at all readers. */
  readonly #open = new Set<number>();
  #indexed: ReadonlySet<number> = new Set();
  #readable: ReadonlySet<number> = new Set();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ShardPlacesOptions) {
    this.#options = options;
  }

  /**
   * Shards that are here, and whose points are all in the indexes. Never changed, but replaced: before a shard's points begin to go, and after all of them
   * have come.
   */
  get readable(): ReadonlySet<number> {
    return this.#readable;
  }

  /** The first of these shards that cannot be read; undefined: all can. */
  missing(shards: Uint16Array | undefined): number | undefined {
    if (shards === undefined) return undefined;
    for (const shard of shards) if (!this.#readable.has(shard)) return shard;
    return undefined;
  }

  /** The shards whose points are all in the indexes. */
  indexed(shards: ReadonlySet<number>): void {
    this.#indexed = shards;
    this.#update();
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  open(shard: number, generation: number): Promise<OpenedShard> {
    return this.exclusively(async () => {
      const opened = await this.#options.calls.openShard(shard, generation);
      await this.#show(shard, generation);
      return opened;
    });
  }

  /** Puts a staged state in the place of the open one. */
  activate(shard: number, generation: number): Promise<OpenedShard> {
    return this.exclusively(async () => {
      await this.#hide(shard);
      const opened = await this.#options.calls.activateShard(shard, generation);
      await this.#show(shard, generation);
      return opened;
    });
  }

  /** Closes a shard; where the threads have ended it is closed. */
  close(shard: number): Promise<void> {
    return this.exclusively(async () => {
      try {
        await this.#hide(shard);
        await this.#options.calls.closeShard(shard);
      } catch (thrown) {
        if (!(thrown instanceof VectorDbError)) throw thrown;
      }
    });
  }

  destroy(shard: number): Promise<void> {
    return this.exclusively(async () => {
      await this.#hide(shard);
      await this.#options.calls.destroyShard(shard);
    });
  }

  /** Carries something out while no shard is opened or closed. */
  exclusively<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(action);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #show(shard: number, generation: number): Promise<void> {
    await this.#options.readers.openShard(shard, generation);
    this.#open.add(shard);
    this.#update();
  }

  async #hide(shard: number): Promise<void> {
    if (!this.#open.delete(shard)) return;
    this.#update();
    await this.#options.readers.closeShard(shard);
  }

  #update(): void {
    this.#readable = new Set([...this.#open].filter((shard) => this.#indexed.has(shard)));
  }
}
