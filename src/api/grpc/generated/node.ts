/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

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
