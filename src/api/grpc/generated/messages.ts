/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

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
export interface Filter {
  /* All of them hold. */
  readonly must?: readonly Condition[] | undefined;
  /* One or more of them hold. */
  readonly should?: readonly Condition[] | undefined;
  /* None of them holds. */
  readonly mustNot?: readonly Condition[] | undefined;
  /* So many of them hold. */
  readonly minShould?: MinShould | undefined;
}
export interface MinShould {
  readonly conditions?: readonly Condition[] | undefined;
  /* 1 or more. */
  readonly minCount?: number | undefined;
}
export interface Condition {
  /* Something about the value at a key. */
  readonly field?: FieldCondition | undefined;
  /* The key path is absent, null or an empty array. */
  readonly isEmpty?: string | undefined;
  /* The value at the key path is null. */
  readonly isNull?: string | undefined;
  /* The point has one of these ids, at most `filter_values_max`. */
  readonly hasId?: PointIds | undefined;
  /* The point has a vector of this name; "" is the unnamed one. */
  readonly hasVector?: string | undefined;
  /* A filter over each object of an array. */
  readonly nested?: NestedCondition | undefined;
  /* A filter as a condition. */
  readonly filter?: Filter | undefined;
  readonly kind?: 'field' | 'isEmpty' | 'isNull' | 'hasId' | 'hasVector' | 'nested' | 'filter' | undefined;
}
export interface NestedCondition {
  /* Required. A key path. */
  readonly key?: string | undefined;
  /* Required. Key paths in it start at the object. */
  readonly filter?: Filter | undefined;
}
export interface FieldCondition {
  /* Required. A key path such as `a.b`. */
  readonly key?: string | undefined;
  /* Equals this. */
  readonly value?: MatchValue | undefined;
  /* Equals one of these. */
  readonly any?: MatchValues | undefined;
  /* Equals none of these. */
  readonly except?: MatchValues | undefined;
  /* Contains all tokens of this text. */
  readonly text?: string | undefined;
  /* Contains one of the tokens of this text. */
  readonly textAny?: string | undefined;
  /* Contains the tokens of this text one after another. */
  readonly phrase?: string | undefined;
  /* A string that starts with this text. */
  readonly prefix?: string | undefined;
  /* A number within bounds. */
  readonly range?: NumberBounds | undefined;
  /* A date within bounds. */
  readonly datetimeRange?: DatetimeBounds | undefined;
  /* A place within a circle. */
  readonly geoRadius?: GeoRadius | undefined;
  /* A place within a box. */
  readonly geoBoundingBox?: GeoBoundingBox | undefined;
  /* A place within a polygon. */
  readonly geoPolygon?: GeoPolygon | undefined;
  /* The number of values at the key is within bounds. */
  readonly valuesCount?: NumberBounds | undefined;
  readonly test?: 'value' | 'any' | 'except' | 'text' | 'textAny' | 'phrase' | 'prefix' | 'range' | 'datetimeRange' | 'geoRadius' | 'geoBoundingBox' | 'geoPolygon' | 'valuesCount' | undefined;
}
export interface MatchValue {
  readonly text?: string | undefined;
  readonly integer?: string | number | undefined;
  readonly boolean?: boolean | undefined;
  readonly kind?: 'text' | 'integer' | 'boolean' | undefined;
}
export interface MatchValues {
  readonly values?: readonly MatchValue[] | undefined;
}
export interface NumberBounds {
  readonly lt?: number | undefined;
  readonly gt?: number | undefined;
  readonly lte?: number | undefined;
  readonly gte?: number | undefined;
}
export interface DatetimeBounds {
  readonly lt?: string | number | undefined;
  readonly gt?: string | number | undefined;
  readonly lte?: string | number | undefined;
  readonly gte?: string | number | undefined;
}
export interface GeoPoint {
  /* Degrees, -180 to 180. */
  readonly lon?: number | undefined;
  /* Degrees, -90 to 90. */
  readonly lat?: number | undefined;
}
export interface GeoRadius {
  /* Required. */
  readonly center?: GeoPoint | undefined;
  /* 0 or more, finite. */
  readonly radiusMeters?: number | undefined;
}
export interface GeoBoundingBox {
  /* Required. The north-western corner. */
  readonly topLeft?: GeoPoint | undefined;
  /* Required. The south-eastern corner. */
  readonly bottomRight?: GeoPoint | undefined;
}
export interface GeoLine {
  readonly points?: readonly GeoPoint[] | undefined;
}
export interface GeoPolygon {
  /* Required. */
  readonly exterior?: GeoLine | undefined;
  /* The holes. */
  readonly interiors?: readonly GeoLine[] | undefined;
}
export type Distance =
  /* Not allowed in a request. */
  | 'DISTANCE_UNSPECIFIED'
  | 'DISTANCE_COSINE'
  | 'DISTANCE_DOT'
  | 'DISTANCE_EUCLID'
  | 'DISTANCE_MANHATTAN'
  | number;
export type Quantization =
  /* In a request: `binary` from 256 dimensions on, else `int8`. */
  | 'QUANTIZATION_UNSPECIFIED'
  /* One bit a number. */
  | 'QUANTIZATION_BINARY'
  /* One byte a number. */
  | 'QUANTIZATION_INT8'
  /* Two bytes a number. */
  | 'QUANTIZATION_FLOAT16'
  /* Four bytes a number. */
  | 'QUANTIZATION_NONE'
  | number;
export interface VectorConfig {
  /* Required. 1 to `dimension_max`. */
  readonly dimension?: number | undefined;
  /* Required. */
  readonly distance?: Distance | undefined;
  readonly quantization?: Quantization | undefined;
  /* Links of a graph node; default: the server's choice. */
  readonly m?: number | undefined;
  /* Candidates considered when a point is added to the graph; default: the server's choice. */
  readonly efConstruction?: number | undefined;
  /* Candidates considered by a search that does not say; default: the server's choice. */
  readonly efSearch?: number | undefined;
}
export interface CreateCollectionRequest {
  /* Required. 1 to `name_bytes_max` UTF-8 bytes. */
  readonly name?: string | undefined;
  /* The unnamed vector. At least one vector, here or in `vectors`, is required. */
  readonly vector?: VectorConfig | undefined;
  /* Vectors by name, at most `vectors_per_collection_max`. The name "" is the unnamed one, which is given here or in `vector`, not in both. */
  readonly vectors?: Readonly<Record<string, VectorConfig>> | undefined;
}
export interface CreateCollectionResponse {}
export interface DropCollectionRequest {
  /* Required: the default collection is not assumed here. */
  readonly collection?: string | undefined;
}
export interface DropCollectionResponse {
  /* False where there was none. */
  readonly dropped?: boolean | undefined;
}
export interface DescribeCollectionRequest {
  readonly collection?: string | undefined;
}
export interface DescribeCollectionResponse {
  readonly collection?: CollectionDescription | undefined;
}
export interface ListCollectionsRequest {}
export interface ListCollectionsResponse {
  readonly collections?: readonly CollectionDescription[] | undefined;
}
export type CollectionState =
  | 'COLLECTION_STATE_UNSPECIFIED'
  | 'COLLECTION_STATE_READY'
  /* Graphs are being built or merged; searches are exact over what is in none yet. */
  | 'COLLECTION_STATE_BUILDING'
  | number;
export interface CollectionDescription {
  readonly name?: string | undefined;
  /* The collection's number: never used again, not even after it was dropped. */
  readonly number?: string | number | undefined;
  /* By name; "" is the unnamed one. Every field is filled. */
  readonly vectors?: Readonly<Record<string, VectorConfig>> | undefined;
  /* By key path. */
  readonly payloadIndexes?: Readonly<Record<string, PayloadIndex>> | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly state?: CollectionState | undefined;
  readonly points?: string | number | undefined;
  readonly segments?: readonly Segment[] | undefined;
}
export interface Segment {
  readonly kind?: SegmentKind | undefined;
  readonly rows?: string | number | undefined;
  /* Rows deleted or replaced, still to be cleared away. */
  readonly deletedRows?: string | number | undefined;
  readonly bytes?: string | number | undefined;
}
export interface UpdateAliasesRequest {
  readonly actions?: readonly AliasAction[] | undefined;
}
export interface AliasAction {
  readonly create?: CreateAlias | undefined;
  readonly delete?: DeleteAlias | undefined;
  readonly rename?: RenameAlias | undefined;
  readonly kind?: 'create' | 'delete' | 'rename' | undefined;
}
export interface CreateAlias {
  /* Required. */
  readonly alias?: string | undefined;
  /* Required. */
  readonly collection?: string | undefined;
}
export interface DeleteAlias {
  /* Required. */
  readonly alias?: string | undefined;
}
export interface RenameAlias {
  /* Required. */
  readonly alias?: string | undefined;
  /* Required. */
  readonly newAlias?: string | undefined;
}
export interface UpdateAliasesResponse {}
export interface ListAliasesRequest {}
export interface ListAliasesResponse {
  readonly aliases?: readonly Alias[] | undefined;
}
export interface Alias {
  readonly alias?: string | undefined;
  readonly collection?: string | undefined;
}
export type PayloadIndexKind =
  /* Not allowed in a request. */
  | 'PAYLOAD_INDEX_KIND_UNSPECIFIED'
  | 'PAYLOAD_INDEX_KIND_KEYWORD'
  | 'PAYLOAD_INDEX_KIND_INTEGER'
  | 'PAYLOAD_INDEX_KIND_FLOAT'
  | 'PAYLOAD_INDEX_KIND_BOOL'
  | 'PAYLOAD_INDEX_KIND_DATETIME'
  | 'PAYLOAD_INDEX_KIND_GEO'
  | 'PAYLOAD_INDEX_KIND_TEXT'
  | 'PAYLOAD_INDEX_KIND_UUID'
  | number;
export type Tokenizer =
  /* In a request: the server's choice. */
  | 'TOKENIZER_UNSPECIFIED'
  | 'TOKENIZER_WORD'
  | 'TOKENIZER_WHITESPACE'
  | 'TOKENIZER_PREFIX'
  | 'TOKENIZER_MULTILINGUAL'
  | number;
export interface PayloadIndex {
  /* Required. */
  readonly kind?: PayloadIndexKind | undefined;
  readonly tokenizer?: Tokenizer | undefined;
  /* Compare in lower case; default: the server's choice. */
  readonly lowercase?: boolean | undefined;
  /* Shorter tokens are left out; default: none are. */
  readonly minTokenLength?: number | undefined;
  /* Longer tokens are left out; default: none are. */
  readonly maxTokenLength?: number | undefined;
}
export interface CreatePayloadIndexRequest {
  readonly collection?: string | undefined;
  /* Required. A key path such as `a.b`. */
  readonly field?: string | undefined;
  /* Required. */
  readonly index?: PayloadIndex | undefined;
}
export interface CreatePayloadIndexResponse {}
export interface DropPayloadIndexRequest {
  readonly collection?: string | undefined;
  /* Required. A key path. */
  readonly field?: string | undefined;
}
export interface DropPayloadIndexResponse {
  /* False where there was none. */
  readonly dropped?: boolean | undefined;
}
export interface OptimizeRequest {
  readonly collection?: string | undefined;
}
export interface OptimizeResponse {}
export type ClusterHealth =
  | 'CLUSTER_HEALTH_UNSPECIFIED'
  /* Every replica is there and every member answers. */
  | 'CLUSTER_HEALTH_GREEN'
  /* Everything can be read and written, with fewer replicas or nodes than there should be. */
  | 'CLUSTER_HEALTH_YELLOW'
  /* A shard, or the catalog, has no leader. */
  | 'CLUSTER_HEALTH_RED'
  | number;
export type MemberState =
  | 'MEMBER_STATE_UNSPECIFIED'
  | 'MEMBER_STATE_MEMBER'
  /* It gives its replicas up. */
  | 'MEMBER_STATE_LEAVING'
  | 'MEMBER_STATE_GONE'
  | number;
export type NodeStatus =
  | 'NODE_STATUS_UNSPECIFIED'
  | 'NODE_STATUS_UP'
  | 'NODE_STATUS_DOWN'
  /* No node that would know could be asked. */
  | 'NODE_STATUS_UNKNOWN'
  | number;
export type ReplicaRole =
  | 'REPLICA_ROLE_UNSPECIFIED'
  | 'REPLICA_ROLE_LEADER'
  | 'REPLICA_ROLE_FOLLOWER'
  /* It catches up and has no vote. */
  | 'REPLICA_ROLE_LEARNER'
  /* Its data is damaged and it is silent. */
  | 'REPLICA_ROLE_CORRUPT'
  /* Assigned to the node, and not there yet. */
  | 'REPLICA_ROLE_ABSENT'
  /* The node is not heard of. */
  | 'REPLICA_ROLE_UNKNOWN'
  | number;
export interface ClusterInfoRequest {}
export interface ClusterInfoResponse {
  readonly clusterId?: string | undefined;
  /* The node that answers. */
  readonly nodeId?: string | undefined;
  /* The node that leads the catalog; absent: none that is known. */
  readonly leader?: string | undefined;
  /* Of the catalog's group. */
  readonly term?: string | number | undefined;
  /* One more with each change of nodes, shards, moves or collections. */
  readonly catalogVersion?: string | number | undefined;
  readonly shardCount?: number | undefined;
  readonly replicaCount?: number | undefined;
  readonly health?: ClusterHealth | undefined;
  /* Why it is not green. */
  readonly reasons?: readonly string[] | undefined;
  /* Nodes that are not gone. */
  readonly members?: readonly ClusterMember[] | undefined;
  /* False: the leader could not be asked, and this is what the answering node remembers. */
  readonly isLive?: boolean | undefined;
}
export interface ClusterMember {
  readonly nodeId?: string | undefined;
  /* `host:port` between nodes. */
  readonly raftAddress?: string | undefined;
  readonly state?: MemberState | undefined;
  readonly status?: NodeStatus | undefined;
}
export interface ClusterNodesRequest {}
export interface ClusterNodesResponse {
  readonly nodes?: readonly ClusterNode[] | undefined;
}
export interface ClusterNode {
  /* 1 and up, in the order of joining; never used again. */
  readonly number?: number | undefined;
  readonly nodeId?: string | undefined;
  /* `host:port` between nodes. */
  readonly raftAddress?: string | undefined;
  /* `host:port` of gRPC; empty: not told. */
  readonly grpcAddress?: string | undefined;
  /* `host:port` of REST; empty: not told. */
  readonly restAddress?: string | undefined;
  /* Empty: none. */
  readonly zone?: string | undefined;
  readonly state?: MemberState | undefined;
  readonly status?: NodeStatus | undefined;
  /* Milliseconds since it was heard last; absent: never. */
  readonly silentMs?: number | undefined;
  readonly version?: string | undefined;
  readonly uptimeSeconds?: number | undefined;
  /* What it does for the catalog. */
  readonly catalogRole?: ReplicaRole | undefined;
  /* Replicas of shards that are assigned to it. */
  readonly replicas?: number | undefined;
  /* Replicas that lead. */
  readonly leaders?: number | undefined;
  /* Over all its replicas. */
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
  readonly memoryBytes?: string | number | undefined;
  /* Of the data's file system; absent: not known. */
  readonly diskFreeBytes?: string | number | undefined;
  readonly writable?: boolean | undefined;
  /* Why it refuses writes, or is not ready. */
  readonly reasons?: readonly string[] | undefined;
}
export interface ClusterShardsRequest {}
export interface ClusterShardsResponse {
  readonly shards?: readonly ClusterShard[] | undefined;
}
export interface ClusterShard {
  readonly shard?: number | undefined;
  /* One more with each change of its replicas. */
  readonly epoch?: string | number | undefined;
  /* The node that leads it; absent: none that is known. */
  readonly primary?: string | undefined;
  readonly term?: string | number | undefined;
  readonly health?: ClusterHealth | undefined;
  readonly replicas?: readonly ClusterReplica[] | undefined;
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
  /* The move that is under way; absent: none. */
  readonly move?: string | number | undefined;
}
export interface ClusterReplica {
  readonly node?: number | undefined;
  readonly nodeId?: string | undefined;
  readonly replica?: string | number | undefined;
  readonly role?: ReplicaRole | undefined;
  /* Log index up to which it has applied commands. */
  readonly appliedIndex?: string | number | undefined;
  /* Entries that the leader has and it has not; absent: not known. */
  readonly entriesBehind?: string | number | undefined;
  /* Whether all its points can be searched. */
  readonly isIndexed?: boolean | undefined;
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
}
export interface JoinClusterRequest {
  /* Required. */
  readonly nodeId?: string | undefined;
  /* One of its addresses, `host:port`; empty: wherever it is. */
  readonly address?: string | undefined;
}
export interface JoinClusterResponse {
  readonly nodeId?: string | undefined;
  readonly number?: number | undefined;
  /* Whether it had joined by itself before. */
  readonly alreadyMember?: boolean | undefined;
  readonly rebalancing?: boolean | undefined;
}
export interface LeaveClusterRequest {
  /* Required. */
  readonly nodeId?: string | undefined;
  /* Keep it after all. */
  readonly cancel?: boolean | undefined;
}
export interface LeaveClusterResponse {
  readonly nodeId?: string | undefined;
  readonly state?: MemberState | undefined;
  /* Replicas that it still has to give up. */
  readonly replicasLeft?: number | undefined;
}
export type MoveReason =
  | 'MOVE_REASON_UNSPECIFIED'
  /* Too few replicas. */
  | 'MOVE_REASON_REPAIR'
  /* Of a node that is gone, or damaged. */
  | 'MOVE_REASON_REPLACE'
  /* Of a leaving node. */
  | 'MOVE_REASON_DRAIN'
  /* Counts are evened out. */
  | 'MOVE_REASON_REBALANCE'
  /* Too many replicas. */
  | 'MOVE_REASON_TRIM'
  | number;
export type MoveStep =
  | 'MOVE_STEP_UNSPECIFIED'
  /* The new replica catches up. */
  | 'MOVE_STEP_ADDING'
  /* The new replica gets its vote and the old one loses it. */
  | 'MOVE_STEP_SWITCHING'
  /* The old replica is deleted. */
  | 'MOVE_STEP_REMOVING'
  /* The new replica is taken out again. */
  | 'MOVE_STEP_CANCELLING'
  | number;
export interface ClusterMove {
  readonly id?: string | number | undefined;
  readonly shard?: number | undefined;
  readonly reason?: MoveReason | undefined;
  readonly step?: MoveStep | undefined;
  /* The node whose replica goes; absent: none does. */
  readonly from?: string | undefined;
  /* The node that a replica comes to; absent: none does. */
  readonly to?: string | undefined;
  readonly bytesSent?: string | number | undefined;
  /* About so many are to arrive. */
  readonly bytesTotal?: string | number | undefined;
  /* Entries that the new replica does not have yet; absent: not known. */
  readonly entriesBehind?: string | number | undefined;
  /* How long this step has taken so far. */
  readonly stepMs?: number | undefined;
  /* What it waits for; empty: nothing in particular. */
  readonly waitsFor?: string | undefined;
}
export interface MigrationStatusRequest {}
export interface MigrationStatusResponse {
  readonly moves?: readonly ClusterMove[] | undefined;
  /* Moves that are to follow, as of now. */
  readonly movesPlanned?: number | undefined;
  /* Moves that ended since the catalog's present leader leads. */
  readonly movesEnded?: string | number | undefined;
  /* Bytes that arrived by moves in that time. */
  readonly bytesMoved?: string | number | undefined;
  /* Nodes that give their replicas up. */
  readonly leaving?: readonly string[] | undefined;
}
export interface RebalanceRequest {
  /* Begin no further moves. */
  readonly cancel?: boolean | undefined;
}
export interface RebalanceStatusRequest {}
export interface RebalanceStatusResponse {
  /* Whether counts are being evened out. */
  readonly rebalancing?: boolean | undefined;
  /* Whether no node has two replicas, or leaders, more than another. */
  readonly balanced?: boolean | undefined;
  readonly moves?: readonly ClusterMove[] | undefined;
  /* Moves that are to follow, as of now. */
  readonly movesPlanned?: number | undefined;
  readonly nodes?: readonly NodeLoad[] | undefined;
}
export interface NodeLoad {
  readonly nodeId?: string | undefined;
  readonly replicas?: number | undefined;
  readonly leaders?: number | undefined;
}
export interface InfoRequest {}
export interface InfoResponse {
  /* Of the server, such as `0.1.0`. */
  readonly version?: string | undefined;
  /* The collection that an empty `collection` means. */
  readonly defaultCollection?: string | undefined;
  readonly ready?: boolean | undefined;
  /* Whether writes are taken. */
  readonly writable?: boolean | undefined;
  /* Why it is not ready, or what writes are refused for. */
  readonly reasons?: readonly string[] | undefined;
  readonly collections?: string | number | undefined;
  readonly points?: string | number | undefined;
  readonly limits?: Limits | undefined;
}
export interface Limits {
  /* Bytes of a message. */
  readonly bodyBytesMax?: string | number | undefined;
  readonly batchPointsMax?: string | number | undefined;
  readonly searchBatchMax?: string | number | undefined;
  readonly limitMax?: string | number | undefined;
  readonly offsetMax?: string | number | undefined;
  readonly efMax?: string | number | undefined;
  readonly idBytesMax?: string | number | undefined;
  readonly payloadBytesMax?: string | number | undefined;
  readonly payloadDepthMax?: string | number | undefined;
  readonly filterConditionsMax?: string | number | undefined;
  readonly filterDepthMax?: string | number | undefined;
  readonly filterValuesMax?: string | number | undefined;
  readonly dimensionMax?: string | number | undefined;
  readonly vectorsPerCollectionMax?: string | number | undefined;
  readonly collectionsMax?: string | number | undefined;
  readonly payloadIndexesPerCollectionMax?: string | number | undefined;
  readonly nameBytesMax?: string | number | undefined;
}
