import type { Distance } from './distance.ts';

/** How a sealed segment finds candidates; all of them rescore with the original vectors. */
export const QUANTIZATIONS = ['binary', 'int8', 'float16', 'none'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];

/** One named vector of a collection; the unnamed one has the name `""`. */
export interface VectorSchema {
  /** Numbers in each vector. */
  readonly dimension: number;
  readonly distance: Distance;
  readonly quantization: Quantization;
  /** Links of a graph node on the upper layers; the bottom layer has twice as many (Malkov and Yashunin 2018, section 4). */
  readonly m: number;
  /** Candidates considered when a node is added. */
  readonly efConstruction: number;
  /** Candidates considered by a search that does not say. */
  readonly efSearch: number;
}

/** What a payload field is indexed as. */
export const PAYLOAD_INDEX_KINDS = [
  'keyword',
  'integer',
  'float',
  'bool',
  'datetime',
  'geo',
  'text',
  'uuid',
] as const;
export type PayloadIndexKind = (typeof PAYLOAD_INDEX_KINDS)[number];

/** How a text is cut into words. */
export const TOKENIZERS = ['word', 'whitespace', 'prefix', 'multilingual'] as const;
export type Tokenizer = (typeof TOKENIZERS)[number];

/** The index of one payload field. */
export interface PayloadIndexSchema {
  readonly kind: PayloadIndexKind;
  /** Of kind `text` only. */
  readonly tokenizer?: Tokenizer;
  readonly lowercase?: boolean;
  readonly minTokenLength?: number;
  readonly maxTokenLength?: number;
}

/** What the index of a collection is made from: the same on every thread and node. */
export interface CollectionSchema {
  /** The collection's number: never used again, not even after it was dropped. */
  readonly number: number;
  readonly name: string;
  readonly vectors: Readonly<Record<string, VectorSchema>>;
  /** By key path of the payload. */
  readonly payloadIndexes: Readonly<Record<string, PayloadIndexSchema>>;
}
