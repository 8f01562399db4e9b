import type { PointKey } from '../base/point-id.ts';
import type { PointRecord } from '../storage/point-record.ts';

/** What a command did to one point, for the index: the point as it is now, or that it is gone. */
export interface PointMutation {
  readonly collection: number;
  readonly shard: number;
  readonly key: PointKey;
  readonly record: PointRecord | undefined;
}
