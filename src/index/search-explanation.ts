/** How a search was done, a segment at a time. */
export interface SearchExplanation {
  readonly segments: readonly SegmentExplanation[];
}

/** How one segment was searched. */
export interface SegmentExplanation {
  readonly kind: 'growing' | 'sealed';
  readonly rows: number;
  /** Rows that the filter was expected to pass, before any was looked at; absent without a filter. */
  readonly estimated?: number;
  readonly strategy: 'graph' | 'exact' | 'exactOverMatches' | 'filteredGraph' | 'nothingMatches';
  /** Key paths answered by payload indexes, and those that records were read for. */
  readonly indexed: readonly string[];
  readonly unindexed: readonly string[];
  /** Candidates that the graph gave and rows whose distance was computed exactly. */
  readonly candidates: number;
  readonly rescored: number;
}
