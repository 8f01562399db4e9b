import { VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { CatalogState } from '../../sharding/catalog-state.ts';
import type { ReadRequest } from '../../worker/read-messages.ts';

/** The number of the collection that a request is about. */
export function collectionOf(request: ReadRequest): number {
  return request.kind === 'search' ? request.query.collection : request.collection;
}

const byNumber = new WeakMap<CatalogState, ReadonlyMap<number, CollectionSchema>>();

/** The collection of a number; undefined where there is none any more. */
export function schemaOf(state: CatalogState, number: number): CollectionSchema | undefined {
  let schemas = byNumber.get(state);
  if (schemas === undefined) {
    schemas = new Map([...state.collections.values()].map((schema) => [schema.number, schema]));
    byNumber.set(state, schemas);
  }
  return schemas.get(number);
}

/**
 * A request names its collection by the number that a name meant to this node when it came. What the node has learnt since, with all that was acknowledged before the
 * request, must not have changed what the collection's names mean.
 *
 * @throws {VectorDbError} COLLECTION_NOT_FOUND: there is none of that name any more; NOT_READY of the field `collection`: the name is to be looked up again
 */
export function assertSameMeaning(number: number, before: CatalogState, now: CatalogState): void {
  const schema = before === now ? undefined : schemaOf(before, number);
  if (schema === undefined) return;
  const { name } = schema;
  const isThere = schemaOf(now, number) !== undefined;
  if (!isThere && !now.collections.has(name)) {
    throw new VectorDbError('COLLECTION_NOT_FOUND', `there is no collection ${name} any more`, {
      field: 'collection',
    });
  }
  const isMoved = [...before.aliases].some(
    ([alias, collection]) => collection === name && now.aliases.get(alias) !== name,
  );
  if (isThere && !isMoved) return;
  throw new VectorDbError('NOT_READY', 'what the name of the collection means changed meanwhile', {
    field: 'collection',
    retryAfterMs: 20,
  });
}
