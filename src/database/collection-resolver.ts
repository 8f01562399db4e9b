import type { CollectionSchema } from '../index/collection-schema.ts';

/** Finds collections by name or alias. */
export interface CollectionResolver {
  /** @throws {VectorDbError} COLLECTION_NOT_FOUND */
  resolve(name: string): CollectionSchema;
}
