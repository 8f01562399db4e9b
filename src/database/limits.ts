/** Bounds on what a caller may send or ask for; each is a key of the configuration's `[limits]`, in snake case. */
export interface Limits {
  /** Bytes of a request body or gRPC message. */
  readonly bodyBytesMax: number;
  /** Points of one upsert, ids of one get or delete. */
  readonly batchPointsMax: number;
  /** Searches of one batch. */
  readonly searchBatchMax: number;
  /** `limit` of a search or scroll. */
  readonly limitMax: number;
  /** `offset` of a search. */
  readonly offsetMax: number;
  /** `ef` of a search. */
  readonly efMax: number;
  /** UTF-8 bytes of a string id. */
  readonly idBytesMax: number;
  /** Bytes of a point's payload. */
  readonly payloadBytesMax: number;
  /** Objects and arrays inside one another in a payload or body. */
  readonly payloadDepthMax: number;
  /** Conditions of one filter, nested ones counted. */
  readonly filterConditionsMax: number;
  /** Filters inside one another. */
  readonly filterDepthMax: number;
  /** Values of one `any`, `except` or `has_id`. */
  readonly filterValuesMax: number;
  /** Numbers of a vector. */
  readonly dimensionMax: number;
  /** Named vectors of a collection. */
  readonly vectorsPerCollectionMax: number;
  readonly collectionsMax: number;
  readonly payloadIndexesPerCollectionMax: number;
  /** UTF-8 bytes of the name of a collection, alias, vector or field. */
  readonly nameBytesMax: number;
}

/** What the configuration starts from. */
export const DEFAULT_LIMITS: Limits = {
  bodyBytesMax: 32 * 1024 * 1024,
  batchPointsMax: 10_000,
  searchBatchMax: 100,
  limitMax: 10_000,
  offsetMax: 100_000,
  efMax: 10_000,
  idBytesMax: 512,
  payloadBytesMax: 1024 * 1024,
  payloadDepthMax: 32,
  filterConditionsMax: 1_000,
  filterDepthMax: 16,
  filterValuesMax: 65_536,
  dimensionMax: 65_536,
  vectorsPerCollectionMax: 64,
  collectionsMax: 1_000,
  payloadIndexesPerCollectionMax: 64,
  nameBytesMax: 255,
};
