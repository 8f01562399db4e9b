import type { PointId } from '../base/point-id.ts';
import type {
  CollectionSchema,
  PayloadIndexSchema,
  Quantization,
} from '../index/collection-schema.ts';
import type { Distance } from '../index/distance.ts';
import type { Filter } from '../index/filter/filter.ts';
import type { SearchExplanation } from '../index/search-explanation.ts';
import type { Selectors } from '../index/selectors.ts';
import type { PayloadJson } from '../storage/point-record.ts';
import type { ScoredPoint, StoredPoint } from '../storage/stored-point.ts';

export type { SearchExplanation, SegmentExplanation } from '../index/search-explanation.ts';
export type { Selectors } from '../index/selectors.ts';
export type { ScoredPoint, StoredPoint } from '../storage/stored-point.ts';

/**
 * What Grape can do: the one interface that REST, gRPC, embedded programs and the command line see. Names of collections may be aliases everywhere
 * but in `createCollection` and `dropCollection`.
 *
 * Every operation may throw a VectorDbError; codes that an operation is special for are listed with it. Any of them may throw INVALID_ARGUMENT,
 * LIMIT_EXCEEDED, COLLECTION_NOT_FOUND, OVERLOADED, NOT_READY, SHUTTING_DOWN, DEADLINE_EXCEEDED.
 */
export interface VectorDatabase extends CollectionAdmin, PointWriter, PointReader {
  /** Where things stand, for `/health`, `info` and metrics. */
  status(): Promise<DatabaseStatus>;
}

/** Collections, aliases and payload indexes. */
export interface CollectionAdmin {
  /** @throws {VectorDbError} ALREADY_EXISTS */
  createCollection(request: CreateCollection): Promise<void>;
  /** False where there was none. */
  dropCollection(name: string): Promise<boolean>;
  describeCollection(name: string): Promise<CollectionDescription>;
  listCollections(): Promise<readonly CollectionDescription[]>;
  /** All actions happen at once or none. */
  updateAliases(actions: readonly AliasAction[]): Promise<void>;
  listAliases(): Promise<readonly { readonly alias: string; readonly collection: string }[]>;
  /** Resolves when searches use the index. The same index again changes nothing; another kind for the field replaces it. */
  createPayloadIndex(collection: string, field: string, schema: PayloadIndexSchema): Promise<void>;
  /** False where there was none. */
  dropPayloadIndex(collection: string, field: string): Promise<boolean>;
  /** Merges what is worth merging now instead of later; resolves when no more segments are to be built. */
  optimizeCollection(name: string, signal?: AbortSignal): Promise<void>;
}

/** What changes points. */
export interface PointWriter {
  /** Inserts points or replaces those with the same ids; each shard's part is atomic. @throws {VectorDbError} DIMENSION_MISMATCH, INVALID_VECTOR */
  upsertPoints(
    collection: string,
    points: readonly PointInput[],
    options?: WriteOptions,
  ): Promise<WriteResult>;
  deletePoints(
    collection: string,
    selector: PointSelector,
    options?: WriteOptions,
  ): Promise<WriteResult>;
  setPayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options?: WriteOptions,
  ): Promise<WriteResult>;
  overwritePayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options?: WriteOptions,
  ): Promise<WriteResult>;
  /** `paths` are key paths such as `a.b`; no path at all means the whole payload. */
  deletePayload(
    collection: string,
    selector: PointSelector,
    paths: readonly string[],
    options?: WriteOptions,
  ): Promise<WriteResult>;
  /**
   * Opens a session, by which a client's writes can be sent again without being applied again. It lasts while it is among those used most lately.
   *
   * @returns what a {@link WriteStamp} names it by: letters, digits, `-` and `_`
   */
  openSession(signal?: AbortSignal): Promise<string>;
}

/** What reads points; unless told otherwise, every read sees all writes acknowledged before it began. */
export interface PointReader {
  /** In the order of `ids`, each once; ids that are not there are left out. */
  getPoints(
    collection: string,
    ids: readonly PointId[],
    select: Selectors,
    options?: ReadOptions,
  ): Promise<readonly StoredPoint[]>;
  scroll(request: ScrollRequest, options?: ReadOptions): Promise<ScrollPage>;
  count(request: CountRequest, options?: ReadOptions): Promise<number>;
  search(request: SearchRequest, options?: ReadOptions): Promise<SearchResult>;
  searchBatch(
    requests: readonly SearchRequest[],
    options?: ReadOptions,
  ): Promise<readonly SearchResult[]>;
}

/** `linearizable`: sees every write acknowledged before the read began. `local`: what the replica that answers has applied. */
export const CONSISTENCIES = ['linearizable', 'local'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

/** How a read is done. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: `linearizable`. On a single node there is no difference. */
  readonly consistency?: Consistency | undefined;
  /**
   * Allows an answer without the shards that cannot be read, and is told which before the answer comes, each time that some are found missing. Absent:
   * such a read ends with UNAVAILABLE.
   */
  readonly onMissingShards?: ((shards: readonly number[]) => void) | undefined;
}

/** One named vector of a collection to be made; what is absent comes from the configuration. */
export interface VectorConfig {
  readonly dimension: number;
  readonly distance: Distance;
  /** Absent: `binary` from 256 dimensions on, else `int8`. */
  readonly quantization?: Quantization;
  readonly m?: number;
  readonly efConstruction?: number;
  readonly efSearch?: number;
}

/** A collection to be made. */
export interface CreateCollection {
  readonly name: string;
  /** By vector name; `""` is the unnamed one. */
  readonly vectors: Readonly<Record<string, VectorConfig>>;
}

/** One change of an alias. */
export type AliasAction =
  | { readonly kind: 'create'; readonly alias: string; readonly collection: string }
  | { readonly kind: 'delete'; readonly alias: string }
  | { readonly kind: 'rename'; readonly alias: string; readonly newAlias: string };

/** A collection as it stands. */
export interface CollectionDescription {
  readonly schema: CollectionSchema;
  readonly aliases: readonly string[];
  /** `building`: graphs are being built or merged; searches are exact over what is not in a graph yet. */
  readonly state: 'ready' | 'building';
  readonly points: number;
  readonly segments: readonly SegmentDescription[];
}

/** A segment of a collection's index; `rows` has the deleted ones in it. */
export interface SegmentDescription {
  readonly kind: 'growing' | 'sealed';
  readonly rows: number;
  readonly deletedRows: number;
  readonly bytes: number;
}

/** A point to be stored. */
export interface PointInput {
  readonly id: PointId;
  /** By vector name. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  /** The text of a JSON object, or empty. */
  readonly payload: PayloadJson;
}

/** Which points an operation means: those named, or all that a filter passes. */
export type PointSelector =
  | { readonly kind: 'ids'; readonly ids: readonly PointId[] }
  | { readonly kind: 'filter'; readonly filter: Filter };

export interface WriteOptions {
  /** `applied` (default): answer when searches see the write. `accepted`: answer when it is queued; it may still be lost. */
  readonly wait?: 'applied' | 'accepted';
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes the write one that may be sent again; only for upserts and for points named by their ids, and with `wait: 'applied'`.
   *
   * The write may end with COLLECTION_NOT_FOUND of the field `sequence`: its collection was dropped, another one has the name, and this number has ended without effect.
   * Or with SESSION_EXPIRED: parts of it may have been applied, by this attempt or an earlier one. FAILED_PRECONDITION with the field
   * `session`: this attempt changed nothing, and another session is needed.
   */
  readonly stamp?: WriteStamp | undefined;
}

/** Which write of which client this is: every attempt of one write has the same. */
export interface WriteStamp {
  /** As `openSession` gave it. */
  readonly session: string;
  /** 1 and up; of its session, no other write has it. */
  readonly sequence: number;
  /** The client sends none of its writes up to this sequence again. 0: of none. */
  readonly respondedUpTo: number;
}

/** What a write did. */
export interface WriteResult {
  readonly status: 'applied' | 'accepted';
  /** Points inserted, replaced, deleted or changed; with `accepted`, 0. */
  readonly changed: number;
}

/** A page of points in the order of their ids. */
export interface ScrollRequest {
  readonly collection: string;
  readonly filter?: Filter;
  /** The first id of the page; absent: from the start. */
  readonly from?: PointId;
  readonly limit: number;
  readonly select: Selectors;
}

/** One page, and where the next begins. */
export interface ScrollPage {
  /** By ascending id: integers, then UUIDs, then strings. */
  readonly points: readonly StoredPoint[];
  /** The first id of the next page. */
  readonly next?: PointId;
}

/** How many points there are, or pass a filter. */
export interface CountRequest {
  readonly collection: string;
  readonly filter?: Filter;
}

/** A search for the nearest points. */
export interface SearchRequest {
  readonly collection: string;
  /** Of the dimension of the vector named in `using`. */
  readonly vector: Float32Array;
  /** Which named vector is compared; absent: the unnamed one. */
  readonly using?: string;
  readonly limit: number;
  readonly offset?: number;
  readonly filter?: Filter;
  /** Only points nearer than this score. */
  readonly scoreThreshold?: number;
  /** Candidates the graph considers; absent: the collection's `efSearch`. Never less than `offset + limit`. */
  readonly ef?: number;
  /** Compare with every point instead of walking the graph. */
  readonly exact?: boolean;
  readonly select: Selectors;
  /** Tell how the search was done. */
  readonly explain?: boolean;
}

/** What a search found. */
export interface SearchResult {
  /** Nearest first; equal scores by id. */
  readonly points: readonly ScoredPoint[];
  readonly explanation?: SearchExplanation;
}

/** Where the whole database stands. */
export interface DatabaseStatus {
  readonly ready: boolean;
  /** Why it is not ready, or what writes are refused for. */
  readonly reasons: readonly string[];
  readonly collections: number;
  readonly points: number;
  readonly writable: boolean;
}
