import type { CollectionSchema } from '../index/collection-schema.ts';
import type { CatalogCommand } from '../sharding/catalog-command.ts';
import type { CatalogState } from '../sharding/catalog-state.ts';

/** Which collections and aliases there are, as all nodes agree on it. */
export interface CollectionCatalog {
  /** As this node knows it; a later change makes another one. */
  readonly state: CatalogState;
  /** The collection of a name or alias, as this node knows it. @throws {VectorDbError} COLLECTION_NOT_FOUND */
  resolve(name: string): CollectionSchema;
  /** As {@link resolve}, with every change that was acknowledged before the call. @throws {VectorDbError} COLLECTION_NOT_FOUND, UNAVAILABLE */
  resolveFresh(name: string): Promise<CollectionSchema>;
  /** Aliases of a collection, by the collection's own name, in alphabetical order. */
  aliasesOf(name: string): string[];
  /**
   * Resolves when the change is durable and in force here; `changed` is false where there was nothing to do.
   *
   * @throws {VectorDbError} ALREADY_EXISTS, COLLECTION_NOT_FOUND, NOT_FOUND: it is refused; UNAVAILABLE, DISK_FULL, STORAGE_FAILED: it was not taken
   */
  propose(command: CatalogCommand): Promise<{ readonly changed: boolean }>;
}
