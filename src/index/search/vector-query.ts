import type { PointKey } from '../../base/point-id.ts';
import type { Filter } from '../filter/filter.ts';
import type { SearchExplanation } from '../search-explanation.ts';
import type { Selectors } from '../selectors.ts';
import type { StageTimer } from './stage-timer.ts';

/** One search of one collection, checked and with all defaults filled in. */
export interface VectorQuery {
  /** Only points of these shards, ascending; absent: all that are here. */
  readonly shards?: Uint16Array | undefined;
  /** Name of the vector that is compared. */
  readonly using: string;
  /** `dimension` numbers; of length 1 under cosine. */
  readonly vector: Float32Array;
  readonly limit: number;
  readonly offset: number;
  /** Candidates that each graph considers; at least `offset + limit` are. */
  readonly ef: number;
  /** Every row is compared; no graph is walked. */
  readonly exact: boolean;
  readonly filter: Filter | undefined;
  /** Only rows strictly nearer than this. */
  readonly scoreThreshold: number | undefined;
  readonly select: Selectors;
  readonly explain: boolean;
  /** Told where the time goes; absent: nobody asks. */
  readonly timer?: StageTimer | undefined;
}

/** A point that was found; nothing in it is shared memory. */
export interface SearchHit {
  readonly key: PointKey;
  readonly shard: number;
  readonly version: number;
  readonly score: number;
  /** What was selected of it; empty where nothing was. */
  readonly payload: Uint8Array;
  /** Undefined where none was selected. */
  readonly vectors: Readonly<Record<string, Float32Array>> | undefined;
}

/** What a search found. */
export interface VectorQueryResult {
  /** Nearest first; equal scores by key. */
  readonly hits: readonly SearchHit[];
  /** Where it was asked for. */
  readonly explanation: SearchExplanation | undefined;
}
