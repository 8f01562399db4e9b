import { VectorArena } from '../src/index/vector-arena.ts';
import { cachedIntegers } from './cache-folder.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

/** Which rows are really nearest to each query: `width` rows of it, nearest first, one query after another. */
export interface Truth {
  readonly width: number;
  readonly rows: Int32Array;
}

/** Rows wanted of each search, as recall@10 has it. */
export const RECALL_LIMIT = 10;

/** The set's rows in the memory that the project's kernels score. */
export function arenaOf(set: VectorSet): VectorArena {
  const { dimension } = set;
  const rows = countOf(set, 'rows');
  const arena = VectorArena.create({ dimension, capacity: rows, lanes: 1 });
  for (let row = 0; row < rows; row += 1) arena.write(row, vectorOf(set, 'rows', row));
  return arena;
}

/** The ten nearest by looking at every row; kept after the first time, under the set's name. */
export function exactTruth(set: VectorSet): Truth {
  const queries = countOf(set, 'queries');
  const name = `${set.name}-${countOf(set, 'rows')}x${queries}-truth.i32`;
  const rows = cachedIntegers(name, () => {
    const arena = arenaOf(set);
    const all = new Int32Array(queries * RECALL_LIMIT);
    for (let query = 0; query < queries; query += 1) {
      all.set(nearestOf(arena, vectorOf(set, 'queries', query)), query * RECALL_LIMIT);
    }
    return all;
  });
  return { width: RECALL_LIMIT, rows };
}

/** The nearest rows of the arena, of those that `accept` takes. */
export function nearestOf(
  arena: VectorArena,
  query: Float32Array,
  accept?: (row: number) => boolean,
): readonly number[] {
  const { slots, count } = arena.nearest('cosine', query, 0, arena.capacity, RECALL_LIMIT, accept);
  return [...slots.subarray(0, count)];
}

/** The rows nearest to one query. */
export function truthOf(truth: Truth, query: number): readonly number[] {
  const first = query * truth.width;
  return [...truth.rows.subarray(first, first + Math.min(RECALL_LIMIT, truth.width))];
}

/** The part of the wanted rows that was found, over all queries; queries that want nothing do not count. */
export function recallOf(
  found: readonly (readonly number[])[],
  wanted: (query: number) => readonly number[],
): number {
  let hits = 0;
  let total = 0;
  for (const [query, rows] of found.entries()) {
    const rowsWanted = wanted(query);
    const rowsFound = new Set(rows.slice(0, RECALL_LIMIT));
    total += rowsWanted.length;
    for (const row of rowsWanted) if (rowsFound.has(row)) hits += 1;
  }
  return total === 0 ? 1 : hits / total;
}
