import type { CollectionSchema } from '../index/collection-schema.ts';
import type { CatalogCommand } from './catalog-command.ts';
import {
  type CatalogEffect,
  type CatalogState,
  applyCatalogCommand,
  resolveCollection,
} from './catalog-state.ts';
import type { CatalogStore } from './catalog-store.ts';

export interface CatalogOptions {
  readonly store: CatalogStore;
}

/** Which collections and aliases there are: every change is durable before anyone sees it. */
export class Catalog {
  readonly #store: CatalogStore;
  #state: CatalogState;
  #failed = false;
  #tail: Promise<unknown> = Promise.resolve();

  /** @throws {VectorDbError} DATA_CORRUPT, STORAGE_FAILED */
  constructor(options: CatalogOptions) {
    this.#store = options.store;
    this.#state = options.store.load();
  }

  /** The catalog now; a later change makes another one. */
  get state(): CatalogState {
    return this.#state;
  }

  /** The collection of a name or alias. @throws {VectorDbError} COLLECTION_NOT_FOUND */
  resolve(name: string): CollectionSchema {
    return resolveCollection(this.#state, name);
  }

  /** As {@link resolve}: nobody else changes this catalog. */
  async resolveFresh(name: string): Promise<CollectionSchema> {
    return this.resolve(name);
  }

  /** Aliases of a collection, by the collection's own name, in alphabetical order. */
  aliasesOf(name: string): string[] {
    const aliases = [...this.#state.aliases].filter(([, collection]) => collection === name);
    return aliases.map(([alias]) => alias).sort();
  }

  /**
   * Applies a command and resolves when it is durable; commands are carried out one after another.
   *
   * @throws {VectorDbError} ALREADY_EXISTS, COLLECTION_NOT_FOUND, NOT_FOUND: it is refused; DISK_FULL, STORAGE_FAILED: it was not taken
   */
  propose(command: CatalogCommand): Promise<CatalogEffect> {
    const turn = this.#tail.then(async () => {
      const effect = applyCatalogCommand(this.#state, command);
      if (effect.changed) await this.#save(effect.state);
      return effect;
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail;
    await this.#store[Symbol.asyncDispose]();
  }

  async #save(state: CatalogState): Promise<void> {
    if (this.#failed) await this.#store.startNewLog();
    this.#failed = true;
    await this.#store.save(state);
    this.#failed = false;
    this.#state = state;
  }
}
