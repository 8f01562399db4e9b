import { VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { CatalogState } from '../../sharding/catalog-state.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';

interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
}

export interface CollectionKeeperOptions {
  readonly holder: Pick<ShardHolder, 'adopt' | 'drop'>;
  /** The catalog as it is applied here. */
  readonly state: () => ClusterState;
}

/** Has this node's data follow the catalog's collections: new ones are adopted, dropped ones are swept. */
export class CollectionKeeper {
  readonly #options: CollectionKeeperOptions;
  readonly #adopted = new Map<number, CollectionSchema>();
  readonly #dropped = new Set<number>();
  readonly #waiters = new Set<Waiter>();
  #version = 0;

  constructor(options: CollectionKeeperOptions) {
    this.#options = options;
  }

  /** The catalog's version whose collections can be used here. */
  get version(): number {
    return this.#version;
  }

  /** Resolves once collections as of a version of the catalog can be used here. @throws {VectorDbError} DEADLINE_EXCEEDED by the signal */
  reached(version: number, signal?: AbortSignal): Promise<void> {
    if (this.#version >= version) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        end();
        const text = `version ${version} of the catalog was not in use here in time`;
        reject(new VectorDbError('DEADLINE_EXCEEDED', text));
      };
      const waiter: Waiter = {
        version,
        resolve: () => {
          end();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  /** Does what is to be done, in order; to be called whenever the catalog changed, one call at a time. Those of one step go side by side. */
  async pass(): Promise<void> {
    const { version, collections } = this.#options.state();
    if (version === this.#version) return;
    await this.#adopt(collections);
    await this.#drop(collections);
    this.#version = version;
    for (const waiter of this.#waiters) if (waiter.version <= version) waiter.resolve();
  }

  async #adopt({ collections }: CatalogState): Promise<void> {
    const changed = [...collections.values()].filter(
      (schema) => this.#adopted.get(schema.number) !== schema,
    );
    await Promise.all(
      changed.map(async (schema) => {
        await this.#options.holder.adopt(schema);
        this.#adopted.set(schema.number, schema);
      }),
    );
  }

  async #drop({ collections, dropping }: CatalogState): Promise<void> {
    const kept = new Set([...collections.values()].map(({ number }) => number));
    const gone = new Set([...this.#adopted.keys(), ...dropping.keys()]);
    for (const number of gone) {
      if (kept.has(number) || this.#dropped.has(number)) continue;
      await this.#options.holder.drop(number);
      this.#adopted.delete(number);
      this.#dropped.add(number);
    }
  }
}
