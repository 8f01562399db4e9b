import { assert } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';
import type { GrowingOpener } from './growing-opener.ts';
import type { GrowingSegment, IndexedPoint } from './growing-segment.ts';
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
  readonly #opener: GrowingOpener;

  constructor(opener: GrowingOpener, sealed: readonly SealedSegment[]) {
    this.#opener = opener;
    this.active = opener.first();
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

  /** The segment that takes `point`: a larger one, or the next, where it does not fit into the active one. */
  roomFor(point: IndexedPoint): GrowingSegment {
    const before = this.active;
    if (before.hasRoomFor(point)) return before;
    const bytes = point.key.length + point.payload.length;
    const larger = this.#opener.larger(before, bytes);
    if (larger === undefined) this.frozen = [...this.frozen, before];
    this.active = larger ?? this.#opener.next(before, bytes);
    assert(this.active.hasRoomFor(point), 'a new segment has room for the row');
    return this.active;
  }

  /** Has the active segment wait to be sealed, where it has rows; whether it had. */
  freeze(): boolean {
    if (this.active.rows === 0) return false;
    this.frozen = [...this.frozen, this.active];
    this.active = this.#opener.first();
    return true;
  }

  /** Deletes all rows of these shards. */
  deleteShards(shards: ReadonlySet<number>, sequence: number): void {
    for (const segment of [...this.growing, ...this.sealed]) {
      segment.deleteShards(shards, sequence);
    }
  }

  /** Of these shards nothing is known any more. */
  forgetIndexes(shards: ReadonlySet<number>): void {
    for (const segment of this.growing) {
      segment.openedAt = new Map([...segment.openedAt].filter(([shard]) => !shards.has(shard)));
    }
  }

  /** Keys of a shard's rows that are not deleted, with the versions of their points. The segments must not change while it is iterated. */
  *liveKeys(shard: number): Generator<[PointKey, number]> {
    for (const segment of [...this.sealed, ...this.growing]) {
      for (const [key, slot] of segment.liveKeys(shard)) yield [key, segment.version(slot)];
    }
  }

  /** By shard, the log index up to which sealed segments hold everything; undefined: as far as the index has come. */
  get sealedUpTo(): ReadonlyMap<number, number> | undefined {
    return this.growing.find((segment) => segment.rows > 0)?.openedAt;
  }

  get liveRows(): number {
    let rows = 0;
    for (const segment of [...this.growing, ...this.sealed]) {
      rows += segment.rows - segment.deletedRows;
    }
    return rows;
  }
}
