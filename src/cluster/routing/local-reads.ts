import { VectorDbError, toVectorDbError } from '../../base/error.ts';
import type { ReadRequest, ReadResponse } from '../../worker/read-messages.ts';
import type { Consistency } from '../call/node-call.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';
import { collectionOf, schemaOf } from './collection-meaning.ts';
import type { ReadBarriers } from './read-barriers.ts';
import type { ReaderLoad } from './reader-load.ts';

export interface LocalReadsOptions {
  readonly holder: Pick<ShardHolder, 'read' | 'readable'>;
  readonly barriers: ReadBarriers;
  readonly load: ReaderLoad;
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
    const { holder, barriers } = this.#options;
    const { readable } = holder;
    if (!this.holds(shards)) throw notReady('a shard is not on this node, or not indexed yet');
    if (consistency === 'linearizable') {
      const passing = barriers.pass(shards, signal);
      const failed = passing instanceof Promise ? await passing : passing;
      if (failed.length > 0) {
        throw notReady(`shards ${failed.join(', ')} have no leader that could be asked`);
      }
    }
    const response = await this.#answer(request, signal);
    // A shard that left meanwhile may be missing in the answer.
    if (holder.readable !== readable) throw notReady('the shards of this node changed meanwhile');
    return response;
  }

  async #answer(request: ReadRequest, signal: AbortSignal | undefined): Promise<ReadResponse> {
    const { holder, catalog, load } = this.#options;
    try {
      return await load.during(() => holder.read(request, signal));
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      const isNew =
        error.code === 'COLLECTION_NOT_FOUND' &&
        schemaOf(catalog.state.collections, collectionOf(request)) !== undefined;
      throw isNew ? notReady('the collection is not in use on this node yet') : error;
    }
  }
}

function notReady(why: string): VectorDbError {
  return new VectorDbError('NOT_READY', why, { retryAfterMs: 20 });
}
