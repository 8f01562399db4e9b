import type { CollectionSchema } from '../index/collection-schema.ts';

/** How often a name may turn out to mean another collection while it is read or written to. */
export const RESOLVES_MAX = 4;

/** Finds collections by name or alias. */
export interface CollectionResolver {
  /** At once where this node knows the name; else it asks whether the name is newer than what it knows. @throws {VectorDbError} COLLECTION_NOT_FOUND */
  find(name: string): CollectionSchema | Promise<CollectionSchema>;
  /** With every change that was acknowledged before the call. @throws {VectorDbError} COLLECTION_NOT_FOUND, UNAVAILABLE, OVERLOADED */
  findFresh(name: string): Promise<CollectionSchema>;
}
