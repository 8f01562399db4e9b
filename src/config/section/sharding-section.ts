import { Type } from 'typebox';
import { integerSetting, numberSetting } from './setting-options.ts';

/** `[sharding]`: how many parts, how many copies, how they move. */
export const SHARDING_SECTION = Type.Object(
  {
    shardCount: integerSetting(1, 4096, {
      default: 16,
      description: 'Shards of the whole database; fixed once data was written.',
    }),
    replicaCount: integerSetting(1, 15, {
      default: 3,
      description: 'Copies of each shard in a cluster.',
    }),
    rebalanceThreshold: numberSetting(0.001, 1, {
      default: 0.1,
      description: 'Part by which nodes may differ in load before shards are moved.',
    }),
    migrationBatchSize: integerSetting(1, 1_000_000, {
      default: 1000,
      description: 'Points in one message while a shard moves.',
    }),
  },
  {
    description:
      'How many parts, how many copies, how they move. Only `shard_count` has an effect on a single node.',
  },
);
