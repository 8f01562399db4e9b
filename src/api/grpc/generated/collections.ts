/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

import type { SegmentKind } from './points.ts';

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
