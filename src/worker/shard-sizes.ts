import type { ShardReader } from '../storage/shard-reader.ts';

/** How much a shard holds. */
export interface ShardSize {
  readonly shard: number;
  /** Log index up to which entries are applied. */
  readonly appliedIndex: number;
  /** Of all collections. */
  readonly points: number;
  /** In tables on disk, about: what LevelDB still holds in its log and in memory is not among them. */
  readonly bytes: number;
}

/** Measures shards, in their order. @throws {VectorDbError} STORAGE_FAILED, DATA_CORRUPT */
export function shardSizes(shards: Iterable<ShardReader>): Promise<ShardSize[]> {
  return Promise.all(
    [...shards].map(async (reader) => {
      let points = 0;
      for (const count of (await reader.collections()).values()) points += count;
      const { appliedIndex } = reader.state();
      return { shard: reader.shard, appliedIndex, points, bytes: await reader.approximateBytes() };
    }),
  );
}
