/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

import type { Filter } from './filters.ts';

export interface PointId {
  /* 0 to 2^64-1. */
  readonly integer?: string | number | undefined;
  /* 1 to `id_bytes_max` UTF-8 bytes, without U+FFFD. A UUID in lower case with hyphens is kept in 16 bytes and sorts by them. */
  readonly text?: string | undefined;
  readonly kind?: 'integer' | 'text' | undefined;
}
export interface PointIds {
  readonly ids?: readonly PointId[] | undefined;
}
export interface Vector {
  /* IEEE 754 single precision, little-endian, four bytes a number. The faster form, and the one that answers use. */
  readonly float32?: Uint8Array | undefined;
  /* The same as a list, for callers that have no bytes at hand. */
  readonly values?: FloatValues | undefined;
  readonly form?: 'float32' | 'values' | undefined;
}
export interface FloatValues {
  readonly values?: readonly number[] | undefined;
}
export interface PointInput {
  /* Required. */
  readonly id?: PointId | undefined;
  /* The unnamed vector. At least one vector, here or in `vectors`, is required. */
  readonly vector?: Vector | undefined;
  /* Vectors by name. The name "" is the unnamed vector, which is given here or in `vector`, not in both. */
  readonly vectors?: Readonly<Record<string, Vector>> | undefined;
  /* The UTF-8 text of a JSON object, at most `payload_bytes_max` bytes; empty: no payload. Bytes and not a tree of messages, because JSON keeps */
  /* `1` and `1.0` apart, keeps every digit of a large integer, and is stored and answered as it came. */
  readonly payloadJson?: Uint8Array | undefined;
}
export interface StoredPoint {
  readonly id?: PointId | undefined;
  /* Grows with every change of this point. */
  readonly version?: string | number | undefined;
  /* The UTF-8 text of a JSON object; empty where none is stored or wanted. */
  readonly payloadJson?: Uint8Array | undefined;
  /* By name, "" for the unnamed one; empty where none is wanted. */
  readonly vectors?: Readonly<Record<string, Vector>> | undefined;
}
export type Wait =
  /* The same as WAIT_APPLIED. */
  | 'WAIT_UNSPECIFIED'
  /* When the write is durable and searches see it. */
  | 'WAIT_APPLIED'
  /* When the write is queued; it may still be lost. */
  | 'WAIT_ACCEPTED'
  | number;
export interface UpsertRequest {
  /* In a stream, empty means the collection of the message before. */
  readonly collection?: string | undefined;
  /* 1 to `batch_points_max`. Where an id comes twice, the last one stays. */
  readonly points?: readonly PointInput[] | undefined;
  readonly wait?: Wait | undefined;
}
export interface WriteResponse {
  /* True when searches see the write; false with WAIT_ACCEPTED. */
  readonly applied?: boolean | undefined;
  /* Points inserted, replaced, deleted or changed; 0 with WAIT_ACCEPTED. */
  readonly changed?: string | number | undefined;
}
export interface UpsertSummary {
  /* Batches read, failed ones counted. */
  readonly batches?: string | number | undefined;
  /* Points written by batches that did not fail. */
  readonly points?: string | number | undefined;
  /* Points inserted or replaced; those of WAIT_ACCEPTED batches are not counted. */
  readonly changed?: string | number | undefined;
  /* Batches that failed, at most 100. A batch that failed may have been written in part; sending it again is safe. */
  readonly errors?: readonly BatchError[] | undefined;
  /* The server stopped reading after 100 failed batches. */
  readonly stopped?: boolean | undefined;
}
export interface BatchError {
  /* The batch's number in the stream, from 0. */
  readonly batch?: string | number | undefined;
  /* Its points. */
  readonly points?: number | undefined;
  /* A stable code such as `DIMENSION_MISMATCH`. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /* Path of the field at fault in the batch; empty where there is none. */
  readonly field?: string | undefined;
  /* Whether the same batch may succeed later. */
  readonly retryable?: boolean | undefined;
}
export interface PointSelector {
  /* Ids that are not there are passed over. */
  readonly ids?: PointIds | undefined;
  /* An empty filter selects all points. */
  readonly filter?: Filter | undefined;
  readonly kind?: 'ids' | 'filter' | undefined;
}
export interface DeleteRequest {
  readonly collection?: string | undefined;
  /* Required. */
  readonly selector?: PointSelector | undefined;
  readonly wait?: Wait | undefined;
}
export interface SetPayloadRequest {
  readonly collection?: string | undefined;
  /* Required. */
  readonly selector?: PointSelector | undefined;
  /* The UTF-8 text of a JSON object. SetPayload requires it; OverwritePayload takes empty bytes for no payload. */
  readonly payloadJson?: Uint8Array | undefined;
  readonly wait?: Wait | undefined;
}
export interface DeletePayloadRequest {
  readonly collection?: string | undefined;
  /* Required. */
  readonly selector?: PointSelector | undefined;
  /* Key paths such as `a.b`; none at all means the whole payload. */
  readonly paths?: readonly string[] | undefined;
  readonly wait?: Wait | undefined;
}
export interface KeyPaths {
  /* 1 or more. */
  readonly paths?: readonly string[] | undefined;
}
export interface PayloadSelector {
  /* All of it, or nothing. */
  readonly all?: boolean | undefined;
  /* Only these keys. */
  readonly include?: KeyPaths | undefined;
  /* All but these keys. */
  readonly exclude?: KeyPaths | undefined;
  readonly kind?: 'all' | 'include' | 'exclude' | undefined;
}
export interface VectorNames {
  /* 1 or more. */
  readonly names?: readonly string[] | undefined;
}
export interface VectorSelector {
  /* All of them, or none. */
  readonly all?: boolean | undefined;
  /* Only these. */
  readonly names?: VectorNames | undefined;
  readonly kind?: 'all' | 'names' | undefined;
  /* Answer with `Vector.values` instead of `Vector.float32`: slower, but readable. */
  readonly asValues?: boolean | undefined;
}
export type Consistency =
  /* The same as CONSISTENCY_LINEARIZABLE. */
  | 'CONSISTENCY_UNSPECIFIED'
  /* Every write acknowledged before the read. */
  | 'CONSISTENCY_LINEARIZABLE'
  /* What the replica that answers has applied, which may be a little less. */
  | 'CONSISTENCY_LOCAL'
  | number;
export interface GetRequest {
  readonly collection?: string | undefined;
  /* 1 to `batch_points_max`. */
  readonly ids?: readonly PointId[] | undefined;
  /* Absent: the whole payload. */
  readonly payload?: PayloadSelector | undefined;
  /* Absent: no vectors. */
  readonly vectors?: VectorSelector | undefined;
  readonly consistency?: Consistency | undefined;
  /* Answer without the shards that cannot be read, and name them, instead of failing. */
  readonly allowPartial?: boolean | undefined;
}
export interface GetResponse {
  readonly points?: readonly StoredPoint[] | undefined;
  /* Shards whose points are not in the answer. */
  readonly missingShards?: readonly number[] | undefined;
}
export interface ScrollRequest {
  readonly collection?: string | undefined;
  /* Absent: all points. */
  readonly filter?: Filter | undefined;
  /* The first id of the page; absent: from the start. */
  readonly from?: PointId | undefined;
  /* 1 to `limit_max`; default 10. */
  readonly limit?: number | undefined;
  /* Absent: the whole payload. */
  readonly payload?: PayloadSelector | undefined;
  /* Absent: no vectors. */
  readonly vectors?: VectorSelector | undefined;
  readonly consistency?: Consistency | undefined;
  /* Answer without the shards that cannot be read, and name them, instead of failing. */
  readonly allowPartial?: boolean | undefined;
}
export interface ScrollResponse {
  readonly points?: readonly StoredPoint[] | undefined;
  /* `from` of the next page; absent after the last one. */
  readonly next?: PointId | undefined;
  /* Shards whose points are not in the answer. */
  readonly missingShards?: readonly number[] | undefined;
}
export interface CountRequest {
  readonly collection?: string | undefined;
  /* Absent: all points. */
  readonly filter?: Filter | undefined;
  readonly consistency?: Consistency | undefined;
  /* Answer without the shards that cannot be read, and name them, instead of failing. */
  readonly allowPartial?: boolean | undefined;
}
export interface CountResponse {
  readonly count?: string | number | undefined;
  /* Shards whose points are not counted. */
  readonly missingShards?: readonly number[] | undefined;
}
export interface SearchRequest {
  readonly collection?: string | undefined;
  /* Required; of the dimension of the vector that `using` names. */
  readonly vector?: Vector | undefined;
  /* Which named vector is compared; default: the unnamed one. */
  readonly using?: string | undefined;
  /* Points wanted, 1 to `limit_max`; default 10. */
  readonly limit?: number | undefined;
  /* Nearest points to pass over, 0 to `offset_max`; default 0. */
  readonly offset?: number | undefined;
  /* Only points that pass it are found; absent: all. */
  readonly filter?: Filter | undefined;
  /* Only points nearer than this: above it where the score is a similarity, below it where it is a distance. Finite; default: all. */
  readonly scoreThreshold?: number | undefined;
  /* Candidates that the graph considers, 1 to `ef_max`; default: the collection's `ef_search`. Raised to `offset + limit`. */
  readonly ef?: number | undefined;
  /* Compare with every point instead of walking the graph; slow and exact. */
  readonly exact?: boolean | undefined;
  /* Absent: the whole payload. */
  readonly payload?: PayloadSelector | undefined;
  /* Absent: no vectors. */
  readonly vectors?: VectorSelector | undefined;
  /* Tell how the search was done. */
  readonly explain?: boolean | undefined;
  /* Not in a batch, which has its own. */
  readonly consistency?: Consistency | undefined;
  /* Answer without the shards that cannot be read, and name them, instead of failing. Not in a batch, which has its own. */
  readonly allowPartial?: boolean | undefined;
}
export interface SearchResponse {
  /* Nearest first; equal scores by id. */
  readonly points?: readonly ScoredPoint[] | undefined;
  /* Present where it was asked for. */
  readonly explanation?: SearchExplanation | undefined;
  /* Shards whose points are not in the answer; of a batch, they stand in its own answer. */
  readonly missingShards?: readonly number[] | undefined;
}
export interface ScoredPoint {
  readonly id?: PointId | undefined;
  /* Similarity (cosine, dot: more is nearer) or distance (euclid, manhattan: less is nearer). */
  readonly score?: number | undefined;
  /* Grows with every change of this point. */
  readonly version?: string | number | undefined;
  /* The UTF-8 text of a JSON object; empty where none is stored or wanted. */
  readonly payloadJson?: Uint8Array | undefined;
  /* By name, "" for the unnamed one; empty where none is wanted. */
  readonly vectors?: Readonly<Record<string, Vector>> | undefined;
}
export interface SearchBatchRequest {
  /* For those searches that name none. */
  readonly collection?: string | undefined;
  /* 1 to `search_batch_max`. */
  readonly searches?: readonly SearchRequest[] | undefined;
  readonly consistency?: Consistency | undefined;
  /* Answer without the shards that cannot be read, and name them, instead of failing. */
  readonly allowPartial?: boolean | undefined;
}
export interface SearchBatchResponse {
  readonly results?: readonly SearchResponse[] | undefined;
  /* Shards whose points are in none of the answers. */
  readonly missingShards?: readonly number[] | undefined;
}
export interface OpenSessionRequest {}
export interface OpenSessionResponse {
  /* Letters, digits, `-` and `_`. */
  readonly session?: string | undefined;
}
export interface SearchExplanation {
  readonly segments?: readonly SegmentExplanation[] | undefined;
}
export type SegmentKind =
  | 'SEGMENT_KIND_UNSPECIFIED'
  /* The newest points, searched exactly. */
  | 'SEGMENT_KIND_GROWING'
  /* Older points with a graph. */
  | 'SEGMENT_KIND_SEALED'
  | number;
export type SearchStrategy =
  | 'SEARCH_STRATEGY_UNSPECIFIED'
  /* The graph was walked. */
  | 'SEARCH_STRATEGY_GRAPH'
  /* Every row was compared. */
  | 'SEARCH_STRATEGY_EXACT'
  /* Every row that the filter passes was compared. */
  | 'SEARCH_STRATEGY_EXACT_OVER_MATCHES'
  /* The graph was walked, widened until enough rows passed the filter. */
  | 'SEARCH_STRATEGY_FILTERED_GRAPH'
  /* No row passes the filter. */
  | 'SEARCH_STRATEGY_NOTHING_MATCHES'
  | number;
export interface SegmentExplanation {
  readonly kind?: SegmentKind | undefined;
  readonly strategy?: SearchStrategy | undefined;
  readonly rows?: string | number | undefined;
  /* Rows that the filter was expected to pass; absent without a filter. */
  readonly estimated?: string | number | undefined;
  /* Key paths of the filter answered by payload indexes. */
  readonly indexed?: readonly string[] | undefined;
  /* Key paths of the filter that records were read for. */
  readonly unindexed?: readonly string[] | undefined;
  /* Candidates that the graph gave. */
  readonly candidates?: string | number | undefined;
  /* Rows whose distance was computed with the original vectors. */
  readonly rescored?: string | number | undefined;
}
