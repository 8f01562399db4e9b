import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import type { PointKey } from '../base/point-id.ts';
import { compileProjection } from '../index/payload/payload-projection.ts';
import type { CollectionSearcher } from '../index/search/collection-searcher.ts';
import { StageTimer } from '../index/search/stage-timer.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type { Selectors } from '../index/selectors.ts';
import type { RecordSelection } from '../storage/record-codec.ts';
import type { PointRecord } from '../storage/point-record.ts';
import type { ShardReader } from '../storage/shard-reader.ts';
import { type FoundPoint, packPoints } from './packed-points.ts';
import type { ReadRequest, ReadResponse, ReadResponses, SearchQuery } from './read-messages.ts';
import { scrollMerge } from './scroll-merge.ts';
import type { HashRouter } from '../sharding/hash-router.ts';

export interface ReadEngineOptions {
  /** One a shard, in the order of shards. */
  readonly readers: readonly ShardReader[];
  readonly router: HashRouter;
  readonly searcher: CollectionSearcher;
  readonly clock: Clock;
}

type RequestOf<K extends ReadRequest['kind']> = Extract<ReadRequest, { kind: K }>;

/** Answers reads from the views it was given and the stores it may read; free of threads. */
export class ReadEngine {
  readonly #options: ReadEngineOptions;
  readonly #views = new Map<number, IndexView>();

  constructor(options: ReadEngineOptions) {
    this.#options = options;
  }

  adopt(view: IndexView): void {
    this.#views.set(view.schema.number, view);
    this.#options.searcher.adopt(view);
  }

  drop(collection: number): void {
    this.#views.delete(collection);
    this.#options.searcher.drop(collection);
  }

  /** Searches, counts and matches are answered before this returns; records are read asynchronously. */
  answer(request: ReadRequest): ReadResponse | Promise<ReadResponse> {
    switch (request.kind) {
      case 'search':
        return this.search(request.query);
      case 'get':
        return this.#get(request);
      case 'scroll':
        return this.#scroll(request);
      case 'count':
        return this.#count(request);
      case 'matching': {
        const { collection, filter, from, limit } = request;
        return {
          keys: this.#options.searcher.matching(this.#view(collection), filter, { from, limit }),
        };
      }
    }
  }

  /** As {@link answer}, of a search. */
  search(query: SearchQuery): ReadResponses['search'] {
    if (query.timed) return this.#timedSearch(query);
    const { hits, explanation } = this.#options.searcher.search(
      this.#view(query.collection),
      query,
    );
    return { points: packPoints(hits), explanation, stages: undefined };
  }

  #timedSearch(query: SearchQuery): ReadResponses['search'] {
    const { clock, searcher } = this.#options;
    const timer = new StageTimer(clock);
    const startedMs = clock.monotonicMs();
    const { hits, explanation } = searcher.search(this.#view(query.collection), {
      ...query,
      timer,
    });
    const points = packPoints(hits);
    const stages = { ...timer.milliseconds, thread: clock.monotonicMs() - startedMs };
    return { points, explanation, stages };
  }

  #get(request: RequestOf<'get'>): ReadResponses['get'] {
    const { collection, keys, shards, select } = request;
    const toFound = foundPoints(select);
    const points: FoundPoint[] = [];
    keys.forEach((key, i) => {
      const reader = this.#options.readers[shards[i] as number];
      assert(reader !== undefined, 'a key has a shard');
      const record = reader.get(collection, key, selectionOf(select));
      if (record !== undefined) points.push(toFound(key, record));
    });
    return { points: packPoints(points) };
  }

  async #scroll(request: RequestOf<'scroll'>): Promise<ReadResponses['scroll']> {
    const { collection, filter, from, limit, select } = request;
    const { readers, router, searcher } = this.#options;
    const toFound = foundPoints(select);
    if (filter === undefined) {
      this.#view(collection);
      const records = await scrollMerge({
        readers,
        collection,
        from,
        limit: limit + 1,
        selection: selectionOf(select),
      });
      const points = records.slice(0, limit).map(({ key, record }) => toFound(key, record));
      return { points: packPoints(points), next: records[limit]?.key };
    }
    const keys = searcher.matching(this.#view(collection), filter, { from, limit: limit + 1 });
    const points: FoundPoint[] = [];
    for (const key of keys.slice(0, limit)) {
      const record = readers[router.shardOf(collection, key)]?.get(
        collection,
        key,
        selectionOf(select),
      );
      if (record !== undefined) points.push(toFound(key, record));
    }
    return { points: packPoints(points), next: keys[limit] };
  }

  #count(request: RequestOf<'count'>): ReadResponses['count'] {
    const { collection, filter } = request;
    const view = this.#view(collection);
    if (filter !== undefined) return { count: this.#options.searcher.count(view, filter) };
    let count = 0;
    for (const reader of this.#options.readers) count += reader.count(collection);
    return { count };
  }

  #view(collection: number): IndexView {
    const view = this.#views.get(collection);
    if (view !== undefined) return view;
    throw new VectorDbError('COLLECTION_NOT_FOUND', 'the collection was dropped', {
      field: 'collection',
    });
  }
}

function selectionOf(select: Selectors): RecordSelection {
  return { payload: select.payload !== false, vectors: select.vectors };
}

function foundPoints(select: Selectors): (key: PointKey, record: PointRecord) => FoundPoint {
  const project = compileProjection(select.payload);
  return (key, record) => ({
    key,
    version: record.version,
    score: 0,
    payload: project(record.payload),
    vectors: select.vectors === false ? undefined : record.vectors,
  });
}
