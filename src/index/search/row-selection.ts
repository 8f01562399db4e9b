import type { FilterQuery } from './filter-query.ts';
import type { ShardSelection } from './shard-selection.ts';

/** Which rows a read is about; absent parts leave nothing out. */
export interface RowSelection {
  readonly filter?: FilterQuery | undefined;
  readonly shards?: ShardSelection | undefined;
}
