/** A point's id: a string, or an unsigned integer up to 2^64-1. */
export type ClientPointId = string | number | bigint;
/** Any JSON object. */
export type ClientPayload = Readonly<Record<string, unknown>>;
/** Numbers, as many as the collection asks for; they are kept as float32. */
export type ClientVector = Float32Array | readonly number[];

/** A point to be stored: one unnamed vector, named ones, or both. */
export interface ClientPoint {
  readonly id: ClientPointId;
  readonly vector?: ClientVector;
  readonly vectors?: Readonly<Record<string, ClientVector>>;
  readonly payload?: ClientPayload;
}

/** Which points an operation means: those named, or all that a filter passes; filters are written as in REST. */
export type ClientSelector =
  | { readonly ids: readonly ClientPointId[] }
  | { readonly filter: object };

/** How a read is done. */
export interface ReadFields {
  /** Absent: the server's default collection. */
  readonly collection?: string | undefined;
  /** Absent: `linearizable`: the read sees every write acknowledged before it began. */
  readonly consistency?: 'linearizable' | 'local' | undefined;
  /** Answer without shards that cannot be read, and name them in `missingShards`, instead of failing. */
  readonly allowPartial?: boolean | undefined;
}

/** What of each point is wanted. */
export interface SelectFields {
  /** Absent: true. */
  readonly withPayload?: boolean | undefined;
  /** Absent: false. */
  readonly withVectors?: boolean | undefined;
}

/** A search for the nearest points. */
export interface ClientSearch extends SelectFields {
  readonly vector: ClientVector;
  /** Which named vector is compared; absent: the unnamed one. */
  readonly using?: string | undefined;
  /** Absent: 10. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly filter?: object | undefined;
  /** Only points nearer than this score. */
  readonly scoreThreshold?: number | undefined;
  readonly ef?: number | undefined;
  readonly exact?: boolean | undefined;
}

/** What a client asks of a node; each kind is one operation of the node's interfaces. */
export type ClientRequest =
  | { readonly kind: 'openSession' }
  | {
      readonly kind: 'upsert';
      readonly collection?: string | undefined;
      readonly points: readonly ClientPoint[];
    }
  | {
      readonly kind: 'delete';
      readonly collection?: string | undefined;
      readonly selector: ClientSelector;
    }
  | {
      readonly kind: 'setPayload' | 'overwritePayload';
      readonly collection?: string | undefined;
      readonly selector: ClientSelector;
      readonly payload: ClientPayload;
    }
  | ({
      readonly kind: 'get';
      readonly ids: readonly ClientPointId[];
    } & ReadFields &
      SelectFields)
  | ({ readonly kind: 'search' } & ReadFields & ClientSearch)
  | ({ readonly kind: 'searchBatch'; readonly searches: readonly ClientSearch[] } & ReadFields)
  | ({
      readonly kind: 'scroll';
      readonly filter?: object | undefined;
      readonly from?: ClientPointId | undefined;
      readonly limit?: number | undefined;
    } & ReadFields &
      SelectFields)
  | ({ readonly kind: 'count'; readonly filter?: object | undefined } & ReadFields)
  | { readonly kind: 'collections' }
  | { readonly kind: 'clusterInfo' };

export type ClientRequestKind = ClientRequest['kind'];

/** What a write did. */
export interface WriteAnswer {
  /** Points inserted, replaced, deleted or changed. */
  readonly changed: number;
}

/** In answers of reads that were allowed to be partial. */
export interface PartialAnswer {
  /** Shards whose points are not in the answer; absent: none is missing. */
  readonly missingShards?: readonly number[];
}

/** A point as it is stored. */
export interface FoundPoint {
  readonly id: ClientPointId;
  /** Grows with every change of the point. */
  readonly version?: number;
  readonly payload?: ClientPayload;
  /** The unnamed vector. */
  readonly vector?: Float32Array;
  readonly vectors?: Readonly<Record<string, Float32Array>>;
}

/** A point that a search found. */
export interface ScoredAnswer extends FoundPoint {
  readonly score: number;
}

/** A collection, in short. */
export interface CollectionAnswer {
  readonly name: string;
  readonly points: number;
  readonly state: 'ready' | 'building';
  readonly aliases: readonly string[];
}

/** The cluster, in short. */
export interface ClusterAnswer {
  readonly clusterId: string;
  /** The node that answered. */
  readonly nodeId: string;
  /** Absent: none that is known. */
  readonly leader?: string;
  readonly term: number;
  readonly health: 'green' | 'yellow' | 'red';
  readonly reasons: readonly string[];
  readonly members: readonly {
    readonly nodeId: string;
    readonly state: string;
    readonly status: string;
  }[];
}

/** Answers, by the kind of the request. */
export interface ClientAnswers {
  readonly openSession: { readonly session: string };
  readonly upsert: WriteAnswer;
  readonly delete: WriteAnswer;
  readonly setPayload: WriteAnswer;
  readonly overwritePayload: WriteAnswer;
  readonly get: { readonly points: readonly FoundPoint[] } & PartialAnswer;
  readonly search: { readonly results: readonly ScoredAnswer[] } & PartialAnswer;
  readonly searchBatch: {
    readonly searches: readonly { readonly results: readonly ScoredAnswer[] }[];
  } & PartialAnswer;
  readonly scroll: {
    readonly points: readonly FoundPoint[];
    /** `from` of the next page; absent on the last. */
    readonly next?: ClientPointId;
  } & PartialAnswer;
  readonly count: { readonly count: number } & PartialAnswer;
  readonly collections: { readonly collections: readonly CollectionAnswer[] };
  readonly clusterInfo: ClusterAnswer;
}
