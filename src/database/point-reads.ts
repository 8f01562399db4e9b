import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { decodePointId, encodePointId, type PointId, pointKeyText } from '../base/point-id.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { Selectors } from '../index/selectors.ts';
import { parseKeyPath } from '../index/payload/key-path.ts';
import type { HashRouter } from '../sharding/hash-router.ts';
import type { StoredPoint } from '../storage/stored-point.ts';
import { unpackPoints } from '../worker/packed-points.ts';
import type { ReadResponses, SearchQuery } from '../worker/read-messages.ts';
import { type CollectionResolver, RESOLVES_MAX } from './collection-resolver.ts';
import type { Limits } from './limits.ts';
import type { ReadExecutor } from './read-executor.ts';
import { checkedVector } from './vector-checks.ts';
import type {
  CountRequest,
  PointReader,
  ReadOptions,
  ScrollPage,
  ScrollRequest,
  SearchRequest,
  SearchResult,
} from './vector-database.ts';

export interface PointReadsOptions {
  readonly collections: Pick<CollectionResolver, 'find'>;
  readonly router: HashRouter;
  readonly reads: ReadExecutor;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Told where the time of a search went, by stage, in seconds; of one search in {@link TIMED_EVERY}. */
  readonly onStage?: ((stage: string, seconds: number) => void) | undefined;
}

/** Measuring costs a few microseconds, so only a sample of searches is measured. */
const TIMED_EVERY = 16;

/** Checks reads, fills in defaults and has a search thread answer them. */
export class PointReads implements PointReader {
  readonly #options: PointReadsOptions;
  #searches = 0;

  constructor(options: PointReadsOptions) {
    this.#options = options;
  }

  getPoints(
    collection: string,
    ids: readonly PointId[],
    select: Selectors,
    options?: ReadOptions,
  ): Promise<readonly StoredPoint[]> {
    return resolvedAnew(() => this.#getPoints(collection, ids, select, options));
  }

  scroll(request: ScrollRequest, options?: ReadOptions): Promise<ScrollPage> {
    return resolvedAnew(() => this.#scroll(request, options));
  }

  count(request: CountRequest, options?: ReadOptions): Promise<number> {
    return resolvedAnew(() => this.#count(request, options));
  }

  search(request: SearchRequest, options?: ReadOptions): Promise<SearchResult> {
    return resolvedAnew(() => this.#searchOne(request, options));
  }

  searchBatch(
    requests: readonly SearchRequest[],
    options?: ReadOptions,
  ): Promise<readonly SearchResult[]> {
    return resolvedAnew(() => this.#searchMany(requests, options));
  }

  async #getPoints(
    collection: string,
    ids: readonly PointId[],
    select: Selectors,
    options?: ReadOptions,
  ): Promise<readonly StoredPoint[]> {
    const { limits, router, reads } = this.#options;
    checkBound(ids.length, limits.batchPointsMax, 'ids');
    const schema = await this.#options.collections.find(collection);
    checkSelectors(select, schema);
    const seen = new Set<string>();
    const keys = ids
      .map((id, i) => encodePointId(id, `ids[${i}]`, limits.idBytesMax))
      .filter((key) => seen.size < seen.add(pointKeyText(key)).size);
    if (keys.length === 0) return [];
    const shards = Uint16Array.from(keys, (key) => router.shardOf(schema.number, key));
    const response = await reads.read(
      { kind: 'get', collection: schema.number, keys, shards, select },
      options,
    );
    return unpackPoints(response.points);
  }

  async #scroll(request: ScrollRequest, options?: ReadOptions): Promise<ScrollPage> {
    const { limits, reads } = this.#options;
    checkCount(request.limit, 1, limits.limitMax, 'limit');
    const schema = await this.#options.collections.find(request.collection);
    checkSelectors(request.select, schema);
    const from =
      request.from === undefined
        ? undefined
        : encodePointId(request.from, 'from', limits.idBytesMax);
    const response = await reads.read(
      {
        kind: 'scroll',
        collection: schema.number,
        filter: request.filter,
        from,
        limit: request.limit,
        select: request.select,
      },
      options,
    );
    const points = unpackPoints(response.points);
    return response.next === undefined
      ? { points }
      : { points, next: decodePointId(response.next) };
  }

  async #count(request: CountRequest, options?: ReadOptions): Promise<number> {
    const { number } = await this.#options.collections.find(request.collection);
    const response = await this.#options.reads.read(
      { kind: 'count', collection: number, filter: request.filter },
      options,
    );
    return response.count;
  }

  async #searchOne(request: SearchRequest, options?: ReadOptions): Promise<SearchResult> {
    const schema = await this.#options.collections.find(request.collection);
    const query = this.#query(request, '', schema);
    const response = await this.#search(query, options);
    const points = unpackPoints(response.points);
    return response.explanation === undefined
      ? { points }
      : { points, explanation: response.explanation };
  }

  async #searchMany(
    requests: readonly SearchRequest[],
    options?: ReadOptions,
  ): Promise<readonly SearchResult[]> {
    checkBound(requests.length, this.#options.limits.searchBatchMax, 'searches');
    const schemas = await Promise.all(
      requests.map(async ({ collection }) => this.#options.collections.find(collection)),
    );
    const queries = requests.map((request, i) =>
      this.#query(request, `searches[${i}].`, schemas[i] as CollectionSchema),
    );
    const responses = await Promise.all(queries.map((query) => this.#search(query, options)));
    return responses.map(({ points, explanation }) =>
      explanation === undefined
        ? { points: unpackPoints(points) }
        : { points: unpackPoints(points), explanation },
    );
  }

  async #search(
    query: SearchQuery,
    options: ReadOptions | undefined,
  ): Promise<ReadResponses['search']> {
    const { reads, clock, onStage } = this.#options;
    if (!query.timed || onStage === undefined)
      return reads.read({ kind: 'search', query }, options);
    const startedMs = clock.monotonicMs();
    const response = await reads.read({ kind: 'search', query }, options);
    const { thread = 0, ...stages } = response.stages ?? {};
    for (const [stage, milliseconds] of Object.entries(stages))
      onStage(stage, milliseconds / 1_000);
    onStage('queue', (clock.monotonicMs() - startedMs - thread) / 1_000);
    return response;
  }

  #query(request: SearchRequest, prefix: string, schema: CollectionSchema): SearchQuery {
    const { limits } = this.#options;
    const using = request.using ?? '';
    const vectorSchema = Object.hasOwn(schema.vectors, using) ? schema.vectors[using] : undefined;
    if (vectorSchema === undefined) {
      const field = `${prefix}using`;
      throw new VectorDbError(
        'INVALID_ARGUMENT',
        `${field}: the collection has no vector named ${JSON.stringify(using)}`,
        { field },
      );
    }
    const offset = request.offset ?? 0;
    checkCount(request.limit, 1, limits.limitMax, `${prefix}limit`);
    checkCount(offset, 0, limits.offsetMax, `${prefix}offset`);
    if (request.ef !== undefined) checkCount(request.ef, 1, limits.efMax, `${prefix}ef`);
    if (request.scoreThreshold !== undefined && !Number.isFinite(request.scoreThreshold)) {
      const field = `${prefix}score_threshold`;
      throw new VectorDbError('INVALID_ARGUMENT', `${field}: not a finite number`, { field });
    }
    checkSelectors(request.select, schema);
    return {
      collection: schema.number,
      using,
      vector: checkedVector(request.vector, vectorSchema, `${prefix}vector`),
      limit: request.limit,
      offset,
      ef: request.ef ?? vectorSchema.efSearch,
      exact: request.exact ?? false,
      filter: request.filter,
      scoreThreshold:
        request.scoreThreshold === undefined ? undefined : Math.fround(request.scoreThreshold),
      select: request.select,
      explain: request.explain ?? false,
      timed: this.#options.onStage !== undefined && this.#searches++ % TIMED_EVERY === 0,
    };
  }
}

/** A name that meant another collection than was thought, since somebody changed it in the meantime, is looked up again. */
async function resolvedAnew<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      const isMoved =
        error instanceof VectorDbError &&
        error.code === 'NOT_READY' &&
        error.field === 'collection';
      if (!isMoved || attempt === RESOLVES_MAX) throw error;
    }
  }
}

function checkCount(value: number, min: number, max: number, field: string): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const code = Number.isInteger(value) && value > max ? 'LIMIT_EXCEEDED' : 'INVALID_ARGUMENT';
  throw new VectorDbError(code, `${field}: an integer from ${min} to ${max}, not ${value}`, {
    field,
  });
}

function checkBound(count: number, max: number, field: string): void {
  if (count > max) {
    throw new VectorDbError('LIMIT_EXCEEDED', `${field}: at most ${max} at once, not ${count}`, {
      field,
    });
  }
}

function checkSelectors(select: Selectors, schema: CollectionSchema): void {
  if (typeof select.payload === 'object') {
    const paths = 'include' in select.payload ? select.payload.include : select.payload.exclude;
    paths.forEach((path, i) => parseKeyPath(path, `with_payload[${i}]`));
  }
  if (typeof select.vectors === 'boolean') return;
  for (const name of select.vectors) {
    if (Object.hasOwn(schema.vectors, name)) continue;
    throw new VectorDbError(
      'INVALID_ARGUMENT',
      `with_vector: the collection has no vector named ${JSON.stringify(name)}`,
      {
        field: 'with_vector',
      },
    );
  }
}
