import type { PointKey } from '../../base/point-id.ts';
import type { GrowingSegment } from './growing-segment.ts';
import type { SealedSegment } from './sealed-segment.ts';

/** Where a live row is. */
export type RowLocation =
  | { readonly segment: GrowingSegment; readonly slot: number }
  | { readonly segment: SealedSegment; readonly slot: number };

/** The segments of a collection as the apply thread holds them: full ones that wait to be sealed (oldest first), sealed ones, and the one that takes rows. */
export class SegmentSet {
  active: GrowingSegment;
  frozen: readonly GrowingSegment[] = [];
  sealed: readonly SealedSegment[];

  constructor(active: GrowingSegment, sealed: readonly SealedSegment[]) {
    this.active = active;
    this.sealed = sealed;
  }

  /** All growing segments, oldest first. */
  get growing(): readonly GrowingSegment[] {
    return [...this.frozen, this.active];
  }

  /** The row with this key that is not deleted. */
  find(key: PointKey): RowLocation | undefined {
    const slot = this.active.find(key);
    if (slot !== undefined) return { segment: this.active, slot };
    for (const segment of this.frozen) {
      const found = segment.find(key);
      if (found !== undefined) return { segment, slot: found };
    }
    for (const segment of this.sealed) {
      const found = segment.find(key);
      if (found !== undefined) return { segment, slot: found };
    }
    return undefined;
  }

  get liveRows(): number {
    let rows = 0;
    for (const segment of [...this.growing, ...this.sealed]) {
      rows += segment.rows - segment.deletedRows;
    }
    return rows;
  }
}
