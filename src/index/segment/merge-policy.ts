/** A sealed segment as the policy sees it. */
export interface SegmentSize {
  readonly id: number;
  readonly rows: number;
  readonly deletedRows: number;
}

export interface MergePolicyOptions {
  /** Segments of about one size that are merged together. */
  readonly fanIn: number;
  /** A segment with this share of dead rows is rebuilt. */
  readonly rebuildDeletedRatio: number;
  /** No merge makes a segment of more rows than this. */
  readonly maxSegmentRows: number;
  /** Segments below this size count as one size. */
  readonly smallRows: number;
}

const liveRows = (segment: SegmentSize): number => segment.rows - segment.deletedRows;

/**
 * What to merge or rebuild next; empty: nothing. Size-tiered (as in Bigtable and Cassandra): segments belong to the tier of their live rows' order of
 * magnitude to the base `fanIn`, and a tier that has `fanIn` of them is merged into one of the next tier. So a row is rewritten once a tier, and
 * there are fewer than `fanIn` segments in each.
 */
export function planMerge(segments: readonly SegmentSize[], options: MergePolicyOptions): number[] {
  const dying = segments
    .filter((segment) => segment.deletedRows > 0 && isDying(segment, options))
    .toSorted((a, b) => b.deletedRows / b.rows - a.deletedRows / a.rows)[0];
  if (dying !== undefined) return [dying.id];
  const tiers = new Map<number, SegmentSize[]>();
  for (const segment of segments) {
    const size = Math.max(1, liveRows(segment) / options.smallRows);
    const tier = Math.floor(Math.log(size) / Math.log(options.fanIn) + 1e-9);
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment]);
  }
  for (const [, tier] of [...tiers].toSorted((a, b) => a[0] - b[0])) {
    if (tier.length < options.fanIn) continue;
    const chosen = fitting(tier, options.maxSegmentRows);
    if (chosen.length > 1) return chosen.map((segment) => segment.id);
  }
  return [];
}

/** What an idle collection merges: the smallest segments, as many as fit into one; empty: it is as good as it gets. */
export function planIdleMerge(
  segments: readonly SegmentSize[],
  options: MergePolicyOptions,
): number[] {
  const chosen = fitting(segments, options.maxSegmentRows);
  if (chosen.length > 1) return chosen.map((segment) => segment.id);
  const dying = segments.find((segment) => segment.deletedRows > 0 && isDying(segment, options));
  return dying === undefined ? [] : [dying.id];
}

function isDying(segment: SegmentSize, options: MergePolicyOptions): boolean {
  return segment.deletedRows >= segment.rows * options.rebuildDeletedRatio;
}

function fitting(segments: readonly SegmentSize[], maxRows: number): SegmentSize[] {
  const chosen: SegmentSize[] = [];
  let total = 0;
  for (const segment of segments.toSorted((a, b) => liveRows(a) - liveRows(b) || a.id - b.id)) {
    total += liveRows(segment);
    if (total > maxRows) break;
    chosen.push(segment);
  }
  return chosen;
}
