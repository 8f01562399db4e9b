/**
 * A payload as the UTF-8 text of a JSON object, as its writer sent it: so `1.0` stays `1.0`, an integer beyond 2^53 keeps all its digits, and an answer
 * carries it without parsing. An empty array of bytes is no payload.
 */
export type PayloadJson = Uint8Array;

/** A point as it is stored. */
export interface PointRecord {
  /** The shard's log index of the last change of this point. */
  readonly version: number;
  /** Named vectors; each a `Float32Array` of its schema's dimension. A point may lack some. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: PayloadJson;
}
