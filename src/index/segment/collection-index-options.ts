import type { Clock } from '../../base/clock.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import type { BuildJob, BuiltSegment } from './build-job.ts';
import type { IndexEvent } from './index-event.ts';
import type { PublishView } from './view-publisher.ts';

export interface CollectionIndexOptions {
  readonly schema: CollectionSchema;
  /** The collection's own; made where it is not there. */
  readonly directory: string;
  /** Threads that have a lane in arenas. */
  readonly lanes: number;
  /** Rows of a full growing segment. */
  readonly growingRows?: number;
  readonly mergeFanIn?: number;
  readonly rebuildDeletedRatio?: number;
  /** Rows that no merge goes beyond. */
  readonly maxSegmentPoints?: number;
  /** Without writes for so long, segments are merged as far as they may be; 0: never. */
  readonly idleOptimizeMs?: number;
  /**
   * Gives search threads a new view, before anything that needs it is acknowledged. Files that only older views need are removed after the promise
   * that it returns, if any, was resolved: when all threads have adopted the view.
   */
  readonly publish: PublishView;
  /** Builds a segment, elsewhere if need be. */
  readonly build: (job: BuildJob) => Promise<BuiltSegment>;
  readonly clock: Clock;
  readonly log?: (event: IndexEvent) => void;
}

/** Where options do not say. */
export const INDEX_DEFAULTS = {
  growingRows: 8_192,
  mergeFanIn: 4,
  rebuildDeletedRatio: 0.25,
  maxSegmentPoints: 10_000_000,
  idleOptimizeMs: 30_000,
};
