/** Vectors to store, and vectors to look for. */
export interface VectorSet {
  /** Names the set in tables and files: kebab-case. */
  readonly name: string;
  /** Numbers of a vector. */
  readonly dimension: number;
  /** Vectors one after another; of length 1. */
  readonly rows: Float32Array;
  readonly queries: Float32Array;
}

/** Vectors in `rows` or `queries` of a set. */
export function countOf(set: VectorSet, kind: 'rows' | 'queries'): number {
  return set[kind].length / set.dimension;
}

/** One vector of a set, not a copy. */
export function vectorOf(set: VectorSet, kind: 'rows' | 'queries', index: number): Float32Array {
  return set[kind].subarray(index * set.dimension, (index + 1) * set.dimension);
}

/** The set with fewer queries, and with fewer rows where `rows` is given. */
export function smallerSet(
  set: VectorSet,
  { rows, queries }: { readonly rows?: number; readonly queries?: number },
): VectorSet {
  return {
    ...set,
    rows: rows === undefined ? set.rows : set.rows.subarray(0, rows * set.dimension),
    queries: queries === undefined ? set.queries : set.queries.subarray(0, queries * set.dimension),
  };
}
