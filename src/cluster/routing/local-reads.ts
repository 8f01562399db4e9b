import { VectorDbError, toVectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { CatalogState } from '../../sharding/catalog-state.ts';
import type { ReadRequest, ReadResponse } from '../../worker/read-messages.ts';
import type { Consistency } from '../call/node-call.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';
import type { ReadBarriers } from './read-barriers.ts';

export interface LocalReadsOptions {
  readonly holder: Pick<ShardHolder, 'read' | 'readable'>;
  readonly barriers: ReadBarriers;
  /** As it is applied here. */
  readonly catalog: { readonly state: ClusterState };
}

/** Reads shards that are on this node. */
export class LocalReads {
  readonly #options: LocalReadsOptions;

  constructor(options: LocalReadsOptions) {
    this.#options = options;
  }

  /** Whether all of the shards can be read here. */
  holds(shards: readonly number[]): boolean {
    const { readable } = this.#options.holder;
    for (const shard of shards) if (!readable.has(shard)) return false;
    return true;
  }

  /**
   * @param shards - those that the request is about; all of them are here
   * @throws {VectorDbError} NOT_READY: something else has to be asked, or the same later; what the holder says
   */
  async read(
    request: ReadRequest,
    shards: readonly number[],
    consistency: Consistency,
    signal?: AbortSignal,
  ): Promise<ReadResponse> {
    const { holder, barriers, catalog } = this.#options;
    const { readable } = holder;
    if (!this.holds(shards)) throw notReady('a shard is not on this node, or not indexed yet');
    if (consistency === 'linearizable') {
      const before = catalog.state.collections;
      const passing = barriers.pass(shards, signal);
      const failed = passing instanceof Promise ? await passing : passing;
      if (failed.length > 0) {
        throw notReady(`shards ${failed.join(', ')} have no leader that could be asked`);
      }
      const now = catalog.state.collections;
      if (now !== before) assertSame(collectionOf(request), before, now);
    }
    const response = await this.#answer(request, signal);
    // A shard that left meanwhile may be missing in the answer.
    if (holder.readable !== readable) throw notReady('the shards of this node changed meanwhile');
    return response;
  }

  async #answer(request: ReadRequest, signal: AbortSignal | undefined): Promise<ReadResponse> {
    const { holder, catalog } = this.#options;
    try {
      return await holder.read(request, signal);
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      const isNew =
        error.code === 'COLLECTION_NOT_FOUND' &&
        schemaOf(catalog.state.collections, collectionOf(request)) !== undefined;
      throw isNew ? notReady('the collection is not in use on this node yet') : error;
    }
  }
}

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
 * The request was put to a number by what this node knew before: what the names mean must not have changed by what it learnt since.
 *
 * @throws {VectorDbError} COLLECTION_NOT_FOUND; NOT_READY: the name is to be looked up again
 */
function assertSame(number: number, before: CatalogState, now: CatalogState): void {
  const schema = schemaOf(before, number);
  if (schema === undefined) return;
  const { name } = schema;
  const isMoved = [...before.aliases].some(
    ([alias, collection]) => collection === name && now.aliases.get(alias) !== name,
  );
  const isThere = schemaOf(now, number) !== undefined;
  if (isThere && !isMoved) return;
  if (!isThere && !now.collections.has(name)) {
    throw new VectorDbError('COLLECTION_NOT_FOUND', `there is no collection ${name} any more`, {
      field: 'collection',
    });
  }
  throw notReady('what the name of the collection means changed meanwhile');
}

function notReady(why: string): VectorDbError {
  return new VectorDbError('NOT_READY', why, { retryAfterMs: 20 });
}
