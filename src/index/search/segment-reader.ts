import type { PointKey } from '../../base/point-id.ts';
import type { SegmentExplanation } from '../search-explanation.ts';
import type { StoredRow } from '../segment/points-file.ts';
import type { RankedSlots } from '../top-rows.ts';
import type { FilterQuery } from './filter-query.ts';
import type { LookupCounts } from './lookup-counts.ts';
import type { RowSelection } from './row-selection.ts';
import type { VectorQuery } from './vector-query.ts';

/** What is a search thread's own. */
export interface ReaderThread {
  /** In arenas. */
  readonly lane: number;
  /** Told of lookups in the caches of filters. */
  readonly lookups?: LookupCounts | undefined;
}

/** What one segment gave to a search. */
export interface SegmentFindings {
  /** At most `offset + limit` rows. */
  readonly ranked: RankedSlots;
  readonly explanation: SegmentExplanation;
}

/** A segment as a search thread reads it: growing or sealed. */
export interface SegmentReader extends Disposable {
  readonly kind: 'growing' | 'sealed';
  readonly vectorNames: readonly string[];
  /** The nearest selected rows visible at `sequence` that have the vector. */
  search(query: VectorQuery, selection: RowSelection, sequence: number): SegmentFindings;
  /** Calls `visit` with each selected row that is visible. */
  forEachMatch(
    selection: RowSelection & { readonly filter: FilterQuery },
    sequence: number,
    visit: (slot: number) => void,
  ): void;
  /** The slot of the visible row with this key. */
  find(key: PointKey, sequence: number): number | undefined;
  key(slot: number): PointKey;
  /** Key and payload, copied. */
  row(slot: number): StoredRow;
  shard(slot: number): number;
  version(slot: number): number;
  /** A copy of a vector of the row, where it has one of this name. */
  vector(name: string, slot: number): Float32Array | undefined;
}
