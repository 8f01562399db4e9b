import type { PointId } from '../base/point-id.ts';
import type { PayloadIndexSchema } from '../index/collection-schema.ts';
import type { Selectors } from '../index/selectors.ts';
import type { PayloadJson } from '../storage/point-record.ts';
import type { StoredPoint } from '../storage/stored-point.ts';
import type { Collections } from './collections.ts';
import type { PointReads } from './point-reads.ts';
import type { PointWrites } from './point-writes.ts';
import type {
  AliasAction,
  CollectionDescription,
  CountRequest,
  CreateCollection,
  DatabaseStatus,
  PointInput,
  PointSelector,
  ReadOptions,
  ScrollPage,
  ScrollRequest,
  SearchRequest,
  SearchResult,
  VectorDatabase,
  WriteOptions,
  WriteResult,
} from './vector-database.ts';

export interface LocalDatabaseOptions {
  readonly collections: Collections;
  readonly writes: PointWrites;
  readonly reads: PointReads;
  readonly status: () => Promise<DatabaseStatus>;
}

/** The database of this process: its parts behind the one port. */
export class LocalDatabase implements VectorDatabase {
  readonly #collections: Collections;
  readonly #writes: PointWrites;
  readonly #reads: PointReads;
  readonly status: () => Promise<DatabaseStatus>;

  constructor(options: LocalDatabaseOptions) {
    this.#collections = options.collections;
    this.#writes = options.writes;
    this.#reads = options.reads;
    this.status = options.status;
  }

  createCollection(request: CreateCollection): Promise<void> {
    return this.#collections.createCollection(request);
  }

  dropCollection(name: string): Promise<boolean> {
    return this.#collections.dropCollection(name);
  }

  describeCollection(name: string): Promise<CollectionDescription> {
    return this.#collections.describeCollection(name);
  }

  listCollections(): Promise<readonly CollectionDescription[]> {
    return this.#collections.listCollections();
  }

  updateAliases(actions: readonly AliasAction[]): Promise<void> {
    return this.#collections.updateAliases(actions);
  }

  listAliases(): Promise<readonly { readonly alias: string; readonly collection: string }[]> {
    return this.#collections.listAliases();
  }

  createPayloadIndex(collection: string, field: string, schema: PayloadIndexSchema): Promise<void> {
    return this.#collections.createPayloadIndex(collection, field, schema);
  }

  dropPayloadIndex(collection: string, field: string): Promise<boolean> {
    return this.#collections.dropPayloadIndex(collection, field);
  }

  optimizeCollection(name: string, signal?: AbortSignal): Promise<void> {
    return this.#collections.optimizeCollection(name, signal);
  }

  upsertPoints(
    collection: string,
    points: readonly PointInput[],
    options?: WriteOptions,
  ): Promise<WriteResult> {
    return this.#writes.upsertPoints(collection, points, options);
  }

  deletePoints(
    collection: string,
    selector: PointSelector,
    options?: WriteOptions,
  ): Promise<WriteResult> {
    return this.#writes.deletePoints(collection, selector, options);
  }

  setPayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options?: WriteOptions,
  ): Promise<WriteResult> {
    return this.#writes.setPayload(collection, selector, payload, options);
  }

  overwritePayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options?: WriteOptions,
  ): Promise<WriteResult> {
    return this.#writes.overwritePayload(collection, selector, payload, options);
  }

  deletePayload(
    collection: string,
    selector: PointSelector,
    paths: readonly string[],
    options?: WriteOptions,
  ): Promise<WriteResult> {
    return this.#writes.deletePayload(collection, selector, paths, options);
  }

  openSession(signal?: AbortSignal): Promise<string> {
    return this.#writes.openSession(signal);
  }

  getPoints(
    collection: string,
    ids: readonly PointId[],
    select: Selectors,
    options?: ReadOptions,
  ): Promise<readonly StoredPoint[]> {
    return this.#reads.getPoints(collection, ids, select, options);
  }

  scroll(request: ScrollRequest, options?: ReadOptions): Promise<ScrollPage> {
    return this.#reads.scroll(request, options);
  }

  count(request: CountRequest, options?: ReadOptions): Promise<number> {
    return this.#reads.count(request, options);
  }

  search(request: SearchRequest, options?: ReadOptions): Promise<SearchResult> {
    return this.#reads.search(request, options);
  }

  searchBatch(
    requests: readonly SearchRequest[],
    options?: ReadOptions,
  ): Promise<readonly SearchResult[]> {
    return this.#reads.searchBatch(requests, options);
  }
}
