/** What the planner knows of a filtered search of one sealed segment. */
export interface FilteredSearch {
  readonly rows: number;
  readonly dimension: number;
  /** Rows that are expected to pass. */
  readonly matching: number;
  /** Rows whose records must be read before all that pass are known. */
  readonly unread: number;
  /** Rows that an unfiltered search would consider. */
  readonly candidates: number;
}

/** How a filtered search is done. */
export type FilteredStrategy =
  | { readonly kind: 'exactOverMatches' }
  /** `candidates`: how many the graph is asked for at first. */
  | { readonly kind: 'filteredGraph'; readonly candidates: number };

/** Microseconds: looking at a row anywhere in memory, and comparing it, for each 768 numbers; a candidate of the graph; a record, read alone and in a scan. */
const ROW_US = 0.05;
const COMPARE_US = 0.12;
const CANDIDATE_US = 1.2;
const RECORD_US = 6;
const SCANNED_RECORD_US = 3;

/**
 * The cheaper of two ways to the same answer: comparing every row that passes, or asking the graph for so many that enough of them pass. Both cost more
 * where records must be read to know what passes.
 */
export function planFilteredSearch(search: FilteredSearch): FilteredStrategy {
  const { rows, dimension, matching, unread } = search;
  const share = Math.max(matching, 0.5) / rows;
  const candidates = Math.ceil(search.candidates / share);
  const compare = ROW_US + COMPARE_US * (dimension / 768);
  const exact = unread * SCANNED_RECORD_US + matching * compare;
  const read = unread > 0 ? RECORD_US : 0;
  const graph = candidates * (CANDIDATE_US + read);
  if (candidates > rows * GRAPH_SHARE_MAX || exact <= graph) return { kind: 'exactOverMatches' };
  return { kind: 'filteredGraph', candidates };
}

/** A graph that is asked for more than this share of its rows costs more than comparing all of them. */
export const GRAPH_SHARE_MAX = 0.25;
