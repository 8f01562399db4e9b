import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { CatalogState } from '../../sharding/catalog-state.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';

interface Waiter {
  readonly version: number;
  readonly resolve: () => void;
  readonly reject: (error: VectorDbError) => void;
}

export interface CollectionKeeperOptions {
  readonly holder: Pick<ShardHolder, 'adopt' | 'drop' | 'adoptedAll'>;
  /** The catalog as it is applied here. */
  readonly state: () => ClusterState;
}

/** Has this node's data follow the catalog's collections: new ones are adopted, dropped ones are swept. */
export class CollectionKeeper {
  readonly #options: CollectionKeeperOptions;
  readonly #adopted = new Map<number, CollectionSchema>();
  readonly #dropped = new Set<number>();
  readonly #waiters = new Set<Waiter>();
  /** Why a collection cannot be used here, as long as it cannot; by number. */
  readonly #failures = new Map<number, VectorDbError>();
  #version = 0;

  constructor(options: CollectionKeeperOptions) {
    this.#options = options;
  }

  /** Collections that cannot be used here, and why; for people. */
  get reasons(): readonly string[] {
    return [...this.#failures].map(
      ([number, { message }]) => `collection ${number} cannot be used here: ${message}`,
    );
  }

  /** The catalog's version whose collections can be used here. */
  get version(): number {
    return this.#version;
  }

  /**
   * Resolves once collections as of a version of the catalog can be used here.
   *
   * @throws {VectorDbError} DEADLINE_EXCEEDED by the signal; what keeps a collection from being used, where waiting does not help
   */
  reached(version: number, signal?: AbortSignal): Promise<void> {
    if (this.#version >= version) return Promise.resolve();
    const [failure] = this.#failures.values();
    if (failure !== undefined) return Promise.reject(failure);
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
        reject: (error) => {
          end();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  /**
   * Does what is to be done, in order; to be called whenever the catalog changed, one call at a time. Those of one step go side by side.
   *
   * @throws {VectorDbError} where something has to be tried again
   */
  async pass(): Promise<void> {
    const { version, collections } = this.#options.state();
    if (version === this.#version) return;
    await this.#adopt(collections);
    await this.#drop(collections);
    await this.#options.holder.adoptedAll(collections.nextNumber);
    this.#version = version;
    for (const waiter of this.#waiters) if (waiter.version <= version) waiter.resolve();
  }

  async #adopt({ collections }: CatalogState): Promise<void> {
    const changed = [...collections.values()].filter(
      (schema) => this.#adopted.get(schema.number) !== schema,
    );
    const results = await Promise.allSettled(changed.map((schema) => this.#adoptOne(schema)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    const error = toVectorDbError(failed.reason);
    // Whoever waits is told at once what waiting does not mend.
    if (!error.retryable) for (const waiter of this.#waiters) waiter.reject(error);
    throw error;
  }

  async #adoptOne(schema: CollectionSchema): Promise<void> {
    try {
      await this.#options.holder.adopt(schema);
    } catch (error) {
      const failure = toVectorDbError(error);
      if (!failure.retryable) this.#failures.set(schema.number, failure);
      throw failure;
    }
    this.#failures.delete(schema.number);
    this.#adopted.set(schema.number, schema);
  }

  async #drop({ collections, dropping }: CatalogState): Promise<void> {
    const kept = new Set([...collections.values()].map(({ number }) => number));
    const gone = new Set([...this.#adopted.keys(), ...this.#failures.keys(), ...dropping.keys()]);
    for (const number of gone) {
      if (kept.has(number) || this.#dropped.has(number)) continue;
      await this.#options.holder.drop(number);
      this.#failures.delete(number);
      this.#adopted.delete(number);
      this.#dropped.add(number);
    }
  }
}
