/**
 * The messages of `grape.v1` that the command line uses, as proto-loader gives and takes them: camel case, 64-bit numbers as decimal text, enums by
 * name, `bytes` as `Buffer`. A field left out of a request has the default that the proto file names.
 */

import type {
  ClusterInfoMessage,
  ClusterNodeMessage,
  ClusterShardMessage,
  JoinClusterMessage,
  LeaveClusterMessage,
  MigrationStatusMessage,
  RebalanceStatusMessage,
} from './cluster-messages.ts';

/** A point's id: an integer as decimal text, or a text. */
export interface PointIdMessage {
  readonly kind?: 'integer' | 'text';
  readonly integer?: string;
  readonly text?: string;
}

/** A vector: float32, little endian. */
export interface VectorMessage {
  readonly float32: Uint8Array;
}

/** A point as it is sent; the payload is the text of a JSON object, or empty. */
export interface PointInputMessage {
  readonly id: PointIdMessage;
  readonly vectors: Readonly<Record<string, VectorMessage>>;
  readonly payloadJson: Uint8Array;
}

/** A point as it comes back; `version` is a 64-bit integer in decimal. */
export interface StoredPointMessage {
  readonly id: PointIdMessage;
  readonly version: string;
  readonly payloadJson: Buffer;
  readonly vectors: Readonly<Record<string, { readonly float32: Buffer }>>;
}

/** A point that a search found. */
export interface ScoredPointMessage extends StoredPointMessage {
  readonly score: number;
}

/** Mirrors the filter's tree; built by `filterMessage`, never read. */
export type FilterMessage = { readonly [field: string]: unknown };

/** Which points an operation means. */
export type SelectorMessage =
  | { readonly ids: { readonly ids: readonly PointIdMessage[] } }
  | { readonly filter: FilterMessage };

/** What of the payload or the vectors is wanted. */
export interface AllOrNone {
  readonly all: boolean;
}

interface FieldPaths {
  readonly include: { readonly paths: readonly string[] };
}

/** How one segment was searched; counts are 64-bit integers in decimal. */
export interface SegmentExplanationMessage {
  readonly kind: string;
  readonly strategy: string;
  readonly rows: string;
  readonly estimated?: string;
  readonly indexed: readonly string[];
  readonly unindexed: readonly string[];
  readonly candidates: string;
  readonly rescored: string;
}

/** A search. */
export interface SearchRequestMessage {
  readonly collection: string;
  readonly vector: VectorMessage;
  readonly using?: string;
  readonly limit: number;
  readonly offset?: number;
  readonly filter?: FilterMessage;
  readonly scoreThreshold?: number;
  readonly ef?: number;
  readonly exact?: boolean;
  readonly payload?: AllOrNone | FieldPaths;
  readonly vectors?: AllOrNone;
  readonly explain?: boolean;
}

/** What a search found, best first. */
export interface SearchResponseMessage {
  readonly points: readonly ScoredPointMessage[];
  readonly explanation?: { readonly segments: readonly SegmentExplanationMessage[] } | null;
}

/** One named vector of a collection. */
export interface VectorConfigMessage {
  readonly dimension: number;
  readonly distance: string;
  readonly quantization?: string;
  readonly m?: number;
  readonly efConstruction?: number;
  readonly efSearch?: number;
}

/** The index of one payload field. */
export interface PayloadIndexMessage {
  readonly kind: string;
  readonly tokenizer?: string;
  readonly lowercase?: boolean;
  readonly minTokenLength?: number;
  readonly maxTokenLength?: number;
}

/** A collection; counts are 64-bit integers in decimal. */
export interface CollectionMessage {
  readonly name: string;
  readonly number: string;
  readonly vectors: Readonly<Record<string, VectorConfigMessage>>;
  readonly payloadIndexes: Readonly<Record<string, PayloadIndexMessage>>;
  readonly aliases: readonly string[];
  readonly state: string;
  readonly points: string;
  readonly segments: readonly {
    readonly kind: string;
    readonly rows: string;
    readonly deletedRows: string;
    readonly bytes: string;
  }[];
}

/** One change of an alias. */
export type AliasActionMessage =
  | { readonly create: { readonly alias: string; readonly collection: string } }
  | { readonly delete: { readonly alias: string } }
  | { readonly rename: { readonly alias: string; readonly newAlias: string } };

/** What a node tells of itself. */
export interface InfoMessage {
  readonly version: string;
  readonly defaultCollection: string;
  readonly ready: boolean;
  readonly writable: boolean;
  readonly reasons: readonly string[];
  readonly collections: string;
  readonly points: string;
  readonly limits: Readonly<Record<string, string>> | null;
}

interface InCollection {
  readonly collection: string;
}

interface Read {
  readonly consistency?: string;
  readonly allowPartial?: boolean;
}
/** Shards that an answer lacks. */
interface MaybePartial {
  readonly missingShards?: readonly number[];
}
interface PayloadChange extends InCollection {
  readonly selector: SelectorMessage;
  readonly payloadJson: Uint8Array;
}

interface Method<Request, Response> {
  readonly request: Request;
  readonly response: Response;
}

/** A message without fields. */
type Empty = object;
interface Write {
  readonly applied: boolean;
  readonly changed: string;
}

/** The methods the command line calls, by service and method. */
export interface GrapeMethods {
  'Points.Upsert': Method<InCollection & { readonly points: readonly PointInputMessage[] }, Write>;
  'Points.Get': Method<
    InCollection &
      Read & {
        readonly ids: readonly PointIdMessage[];
        readonly payload?: AllOrNone;
        readonly vectors?: AllOrNone;
      },
    { readonly points: readonly StoredPointMessage[] } & MaybePartial
  >;
  'Points.Delete': Method<InCollection & { readonly selector: SelectorMessage }, Write>;
  'Points.Scroll': Method<
    InCollection &
      Read & {
        readonly filter?: FilterMessage;
        readonly from?: PointIdMessage;
        readonly limit?: number;
        readonly payload?: AllOrNone;
        readonly vectors?: AllOrNone;
      },
    {
      readonly points: readonly StoredPointMessage[];
      readonly next?: PointIdMessage | null;
    } & MaybePartial
  >;
  'Points.Count': Method<
    InCollection & Read & { readonly filter?: FilterMessage },
    { readonly count: string } & MaybePartial
  >;
  'Points.Search': Method<SearchRequestMessage & Read, SearchResponseMessage & MaybePartial>;
  'Points.SearchBatch': Method<
    InCollection &
      Read & { readonly searches: readonly Omit<SearchRequestMessage, 'collection'>[] },
    { readonly results: readonly SearchResponseMessage[] } & MaybePartial
  >;
  'Points.OpenSession': Method<Empty, { readonly session: string }>;
  'Points.SetPayload': Method<PayloadChange, Write>;
  'Points.OverwritePayload': Method<PayloadChange, Write>;
  'Collections.Create': Method<
    {
      readonly name: string;
      readonly vectors: Readonly<Record<string, VectorConfigMessage>>;
    },
    Empty
  >;
  'Collections.Drop': Method<InCollection, { readonly dropped: boolean }>;
  'Collections.Describe': Method<InCollection, { readonly collection: CollectionMessage }>;
  'Collections.List': Method<Empty, { readonly collections: readonly CollectionMessage[] }>;
  'Collections.UpdateAliases': Method<{ readonly actions: readonly AliasActionMessage[] }, Empty>;
  'Collections.ListAliases': Method<
    Empty,
    { readonly aliases: readonly { readonly alias: string; readonly collection: string }[] }
  >;
  'Collections.CreatePayloadIndex': Method<
    InCollection & { readonly field: string; readonly index: PayloadIndexMessage },
    Empty
  >;
  'Collections.DropPayloadIndex': Method<
    InCollection & { readonly field: string },
    { readonly dropped: boolean }
  >;
  'Collections.Optimize': Method<InCollection, Empty>;
  'Node.Info': Method<Empty, InfoMessage>;
  'Cluster.Info': Method<Empty, ClusterInfoMessage>;
  'Cluster.Nodes': Method<Empty, { readonly nodes: readonly ClusterNodeMessage[] }>;
  'Cluster.Shards': Method<Empty, { readonly shards: readonly ClusterShardMessage[] }>;
  'Cluster.Join': Method<{ readonly nodeId: string; readonly address: string }, JoinClusterMessage>;
  'Cluster.Leave': Method<
    { readonly nodeId: string; readonly cancel: boolean },
    LeaveClusterMessage
  >;
  'Cluster.MigrationStatus': Method<Empty, MigrationStatusMessage>;
  'Cluster.Rebalance': Method<{ readonly cancel: boolean }, RebalanceStatusMessage>;
  'Cluster.RebalanceStatus': Method<Empty, RebalanceStatusMessage>;
}

export type GrapeMethod = keyof GrapeMethods;
