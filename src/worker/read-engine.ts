import { must } from '../base/assert.ts';
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
  /** By shard: those that are here. */
  readonly readers: ReadonlyMap<number, ShardReader>;
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
        const { collection, filter, shards } = request;
        const view = this.#view(collection, shards);
        return { keys: this.#options.searcher.matching(view, filter, request) };
      }
    }
  }

  /** As {@link answer}, of a search. */
  search(query: SearchQuery): ReadResponses['search'] {
    if (query.timed) return this.#timedSearch(query);
    const view = this.#view(query.collection, query.shards);
    const { hits, explanation } = this.#options.searcher.search(view, query);
    return { points: packPoints(hits), explanation, stages: undefined };
  }

  #timedSearch(query: SearchQuery): ReadResponses['search'] {
    const { clock, searcher } = this.#options;
    const timer = new StageTimer(clock);
    const startedMs = clock.monotonicMs();
    const view = this.#view(query.collection, query.shards);
    const { hits, explanation } = searcher.search(view, { ...query, timer });
    const points = packPoints(hits);
    const stages = { ...timer.milliseconds, thread: clock.monotonicMs() - startedMs };
    return { points, explanation, stages };
  }

  #get(request: RequestOf<'get'>): ReadResponses['get'] {
    const { collection, keys, shards, select } = request;
    const toFound = foundPoints(select);
    const points: FoundPoint[] = [];
    keys.forEach((key, i) => {
      const shard = must(shards[i], 'a key has a shard');
      const reader = this.#options.readers.get(shard);
      if (reader === undefined) throw notHere(shard);
      const record = reader.get(collection, key, selectionOf(select));
      if (record !== undefined) points.push(toFound(key, record));
    });
    return { points: packPoints(points) };
  }

  async #scroll(request: RequestOf<'scroll'>): Promise<ReadResponses['scroll']> {
    const { collection, shards, filter, from, limit, select } = request;
    const { readers, router, searcher } = this.#options;
    const toFound = foundPoints(select);
    const view = this.#view(collection, shards);
    if (filter === undefined) {
      const records = await scrollMerge({
        readers: this.#readersOf(shards),
        collection,
        from,
        limit: limit + 1,
        selection: selectionOf(select),
      });
      const points = records.slice(0, limit).map(({ key, record }) => toFound(key, record));
      return { points: packPoints(points), next: records[limit]?.key };
    }
    const keys = searcher.matching(view, filter, { shards, from, limit: limit + 1 });
    const points: FoundPoint[] = [];
    for (const key of keys.slice(0, limit)) {
      const reader = readers.get(router.shardOf(collection, key));
      const record = reader?.get(collection, key, selectionOf(select));
      if (record !== undefined) points.push(toFound(key, record));
    }
    return { points: packPoints(points), next: keys[limit] };
  }

  #count(request: RequestOf<'count'>): ReadResponses['count'] {
    const { collection, filter, shards } = request;
    const view = this.#view(collection, shards);
    if (filter !== undefined) return { count: this.#options.searcher.count(view, filter, shards) };
    let count = 0;
    for (const reader of this.#readersOf(shards)) count += reader.count(collection);
    return { count };
  }

  #readersOf(shards: Uint16Array | undefined): ShardReader[] {
    const { readers } = this.#options;
    if (shards === undefined) return [...readers.values()];
    return Array.from(shards, (shard) => {
      const reader = readers.get(shard);
      if (reader === undefined) throw notHere(shard);
      return reader;
    });
  }

  /** The view of a collection, which has all of the shards that are asked for. */
  #view(collection: number, shards: Uint16Array | undefined): IndexView {
    const view = this.#views.get(collection);
    if (view === undefined) {
      throw new VectorDbError('COLLECTION_NOT_FOUND', 'the collection was dropped', {
        field: 'collection',
      });
    }
    if (shards === undefined) return view;
    let place = 0;
    for (const asked of shards) {
      while (place < view.shards.length && (view.shards[place]?.shard as number) < asked) {
        place += 1;
      }
      const held = view.shards[place];
      if (held?.shard !== asked) throw notHere(asked);
      if (held.isIndexed) continue;
      const reason = `shard ${asked} is still being read into the index`;
      throw new VectorDbError('NOT_READY', reason);
    }
    return view;
  }
}

function notHere(shard: number): VectorDbError {
  return new VectorDbError('NOT_READY', `shard ${shard} is not on this node`);
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
