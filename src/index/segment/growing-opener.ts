import type { CollectionSchema } from '../collection-schema.ts';
import { GrowingSegment } from './growing-segment.ts';

export interface GrowingOpenerOptions {
  readonly schema: () => CollectionSchema;
  readonly nextId: () => number;
  /** Threads that have a lane in arenas. */
  readonly lanes: number;
  /** Rows of a full segment. */
  readonly growingRows: number;
  /** By shard, the log index up to which everything is in the index now. */
  readonly indexes: () => ReadonlyMap<number, number>;
}

/** Capacities that a growing segment goes through, so that small collections are cheap. */
const CAPACITY_TIERS = [256, 2_048];

/** Opens a collection's growing segments, small ones first. */
export class GrowingOpener {
  readonly #options: GrowingOpenerOptions;

  constructor(options: GrowingOpenerOptions) {
    this.#options = options;
  }

  /** The smallest segment. */
  first(): GrowingSegment {
    return this.#open(0);
  }

  /** An empty one as large as `segment`, for what comes after it, with room for so many bytes of keys and payloads. */
  next(segment: GrowingSegment, bytesMin: number): GrowingSegment {
    return this.#open(segment.handle.capacity, bytesMin);
  }

  /**
   * The same rows with room for more, or an empty one with room for larger rows, in the place of `segment`; undefined where it has rows and is as large as
   * segments get.
   */
  larger(segment: GrowingSegment, bytes: number): GrowingSegment | undefined {
    const { capacity } = segment.handle;
    const { growingRows } = this.#options;
    const tier = CAPACITY_TIERS.find((rows) => rows > capacity) ?? growingRows;
    const wanted = Math.min(tier, growingRows);
    if (capacity < wanted) {
      const larger = this.#open(wanted, segment.payloadBytes + bytes, segment.openedAt);
      larger.adopt(segment);
      return larger;
    }
    return segment.rows > 0 ? undefined : this.#open(capacity, bytes, segment.openedAt);
  }

  #open(capacity: number, bytesMin = 0, openedAt?: ReadonlyMap<number, number>): GrowingSegment {
    const { nextId, schema, lanes, growingRows, indexes } = this.#options;
    return new GrowingSegment({
      id: nextId(),
      schema: schema(),
      capacity: Math.max(capacity, Math.min(CAPACITY_TIERS[0] as number, growingRows)),
      lanes,
      openedAt: openedAt ?? indexes(),
      bytesMin,
    });
  }
}
