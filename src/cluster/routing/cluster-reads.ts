import type { Clock } from '../../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { Distance } from '../../index/distance.ts';
import type { ReadRequest, ReadResponse, ReadResponses } from '../../worker/read-messages.ts';
import type { Consistency, NodeCaller } from '../call/node-call.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import { assertSameMeaning, collectionOf, schemaOf } from './collection-meaning.ts';
import type { LocalReads } from './local-reads.ts';
import { PeerHealth } from './peer-health.ts';
import { ReadGather } from './read-gather.ts';
import { mergeAnswers } from './read-merge.ts';
import type { ReadBarriers } from './read-barriers.ts';
import { RetryPause } from './retry-pause.ts';
import { TimeLimit } from './time-limit.ts';

export interface ClusterReadsOptions {
  readonly local: LocalReads;
  readonly barriers: ReadBarriers;
  readonly calls: NodeCaller;
  /** As it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a read is tried for where its caller sets no end. */
  readonly readTimeoutMs: number;
  /** Reads that may ask other nodes at one time. */
  readonly readsMax: number;
}

/** How a read is done. */
export interface ClusterReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: `linearizable`. */
  readonly consistency?: Consistency | undefined;
  /** Allows an answer without the shards that cannot be read, and is told which before it comes. */
  readonly onMissingShards?: ((shards: readonly number[]) => void) | undefined;
}

const NO_SHARDS: readonly number[] = [];
const CATALOG_RETRY = { firstMs: 20, longestMs: 500 };

/**
 * Reads over all nodes: what this node holds is read here, the rest of as few others as have it, and the parts become one answer. Nothing is copied where one
 * node answers for all.
 */
export class ClusterReads {
  readonly #options: ClusterReadsOptions;
  readonly #health: PeerHealth;
  /** The same array for all reads of all shards, which a barrier knows again. */
  #allShards: readonly number[] = [];
  #gathering = 0;

  constructor(options: ClusterReadsOptions) {
    this.#options = options;
    this.#health = new PeerHealth(options.clock);
  }

  /** Reads that ask other nodes. */
  get depth(): number {
    return this.#gathering;
  }

  /**
   * @throws {VectorDbError} UNAVAILABLE where shards cannot be read in time, unless `onMissingShards` is given; OVERLOADED; DEADLINE_EXCEEDED; what is wrong
   * with the request
   */
  async read<R extends ReadRequest>(
    request: R,
    options: ClusterReadOptions = {},
  ): Promise<ReadResponses[R['kind']]> {
    const { catalog } = this.#options;
    const before = catalog.state.collections;
    const assertMeaning = (): void => {
      if (options.consistency === 'local') return;
      assertSameMeaning(collectionOf(request), before, catalog.state.collections);
    };
    const response = await this.#read(request, options).catch((thrown: unknown) => {
      // Its name may mean another one by now, which was made after it was dropped.
      if (toVectorDbError(thrown).code === 'COLLECTION_NOT_FOUND') assertMeaning();
      throw thrown;
    });
    assertMeaning();
    return response as ReadResponses[R['kind']];
  }

  async #read(request: ReadRequest, options: ClusterReadOptions): Promise<ReadResponse> {
    const { local } = this.#options;
    const { consistency = 'linearizable', signal } = options;
    const shards = this.#shardsOf(request);
    if (local.holds(shards)) {
      try {
        return await local.read(request, shards, consistency, signal);
      } catch (thrown) {
        const { code } = toVectorDbError(thrown);
        if (code !== 'NOT_READY' && code !== 'UNAVAILABLE') throw thrown;
      }
    }
    return this.#gather(request, shards, options);
  }

  async #gather(
    request: ReadRequest,
    shards: readonly number[],
    { consistency = 'linearizable', signal, onMissingShards }: ClusterReadOptions,
  ): Promise<ReadResponse> {
    const { clock, readTimeoutMs, readsMax } = this.#options;
    if (this.#gathering >= readsMax) {
      throw new VectorDbError('OVERLOADED', 'too many reads ask other nodes', {
        retryAfterMs: 100,
      });
    }
    this.#gathering += 1;
    using limit = new TimeLimit(clock, readTimeoutMs, signal);
    try {
      const gather = new ReadGather({
        ...this.#options,
        health: this.#health,
        request,
        shards,
        consistency,
        limit,
      });
      const passing = consistency === 'linearizable' ? this.#passCatalog(limit) : undefined;
      const gathering = gather.run().catch(async (thrown: unknown) => {
        // Whether its name means another one by now, only the newest catalog tells.
        if (toVectorDbError(thrown).code === 'COLLECTION_NOT_FOUND') await passing;
        throw thrown;
      });
      const [{ answers, isWhole, missing, failure }] = await Promise.all([gathering, passing]);
      if (missing.length > 0) {
        if (onMissingShards === undefined || limit.isGivenUp)
          throw cannotRead(missing, failure, limit);
        onMissingShards(missing);
      }
      const [only] = answers;
      if (isWhole && only !== undefined) return only;
      return mergeAnswers(request, answers, this.#distanceOf(request));
    } finally {
      this.#gathering -= 1;
    }
  }

  /** Others answer by what they know; this node has to know what the collection's name means. @throws {VectorDbError} UNAVAILABLE */
  async #passCatalog(limit: TimeLimit): Promise<void> {
    const { barriers, clock, random } = this.#options;
    const pause = new RetryPause({ clock, random, ...CATALOG_RETRY });
    for (;;) {
      try {
        await barriers.pass(NO_SHARDS, limit.signal);
        return;
      } catch (thrown) {
        const error = toVectorDbError(thrown);
        const isVain = error.code === 'CANCELLED' || limit.isOver || barriers.isCutOff;
        if (isVain) throw cannotRead([], error, limit);
      }
      await pause.next(limit.leftMs, limit.signal);
    }
  }

  #distanceOf(request: ReadRequest): Distance | undefined {
    if (request.kind !== 'search') return undefined;
    const schema = schemaOf(this.#options.catalog.state.collections, collectionOf(request));
    const vector = schema?.vectors[request.query.using];
    if (vector !== undefined) return vector.distance;
    throw new VectorDbError('COLLECTION_NOT_FOUND', 'the collection was dropped', {
      field: 'collection',
    });
  }

  #shardsOf(request: ReadRequest): readonly number[] {
    const { shards } = request.kind === 'search' ? request.query : request;
    if (shards !== undefined) return distinct(shards);
    const count = this.#options.catalog.state.shards.length;
    if (count === 0) throw new VectorDbError('NOT_READY', 'the cluster is not formed yet');
    if (this.#allShards.length !== count) {
      this.#allShards = Array.from({ length: count }, (_, shard) => shard);
    }
    return this.#allShards;
  }
}

/** Each once, ascending. */
export function distinct(shards: Uint16Array): readonly number[] {
  return [...new Set(shards)].sort((a, b) => a - b);
}

function cannotRead(
  missing: readonly number[],
  failure: VectorDbError | undefined,
  limit: TimeLimit,
): VectorDbError {
  const why = failure === undefined ? '' : `: ${failure.message}`;
  const what = missing.length === 0 ? 'the catalog' : `shards ${missing.join(', ')}`;
  const text = `${what} cannot be read${why}`;
  if (limit.isGivenUp) return new VectorDbError('DEADLINE_EXCEEDED', text);
  return new VectorDbError('UNAVAILABLE', text, { retryAfterMs: 200, cause: failure });
}
