import type { PointId } from '../base/point-id.ts';
import type { PayloadJson } from './point-record.ts';

/** A point as a read gives it. */
export interface StoredPoint {
  readonly id: PointId;
  readonly version: number;
  /** Empty where none is wanted or stored. */
  readonly payload: PayloadJson;
  /** Absent where none is wanted. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
}

/** A point as a search gives it. */
export interface ScoredPoint extends StoredPoint {
  /** Similarity (cosine, dot) or distance (euclid, manhattan). */
  readonly score: number;
}
