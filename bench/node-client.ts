import type { Filter } from '../src/index/filter/filter.ts';

/** A point to be written; the id is its row's number. */
export interface BenchPoint {
  readonly id: number;
  readonly vector: Float32Array;
  /** The text of a JSON object; absent: none. */
  readonly payload?: string;
}

export interface SearchOptions {
  readonly collection: string;
  readonly limit: number;
  readonly ef?: number;
  readonly exact?: boolean;
  readonly filter?: Filter;
  /** Whether answers bring the payload; absent: no. */
  readonly payload?: boolean;
  readonly explain?: boolean;
  /** Absent: the default of the server. */
  readonly consistency?: 'linearizable' | 'local';
}

/** One interface of a running node, as benchmarks use it; calls may run side by side. */
export interface NodeClient {
  readonly api: 'rest' | 'grpc';
  /** The ids found, nearest first. */
  search(query: Float32Array, options: SearchOptions): Promise<readonly number[]>;
  /** Resolves when searches see the points. */
  upsert(collection: string, points: readonly BenchPoint[]): Promise<void>;
}
