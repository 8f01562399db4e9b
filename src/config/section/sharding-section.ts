import { Type } from 'typebox';
import { integerSetting, numberSetting } from './setting-options.ts';

/** `[sharding]`: how many parts, how many copies, how they move. */
export const SHARDING_SECTION = Type.Object(
  {
    shardCount: integerSetting(1, 4096, {
      default: 16,
      description:
        'Shards of the whole database; fixed when the cluster is founded, whatever its nodes say later.',
    }),
    replicaCount: integerSetting(1, 15, {
      default: 3,
      description:
        'Copies of each shard; fewer while there are fewer nodes. Fixed when the cluster is founded. A shard goes on while more than half of its copies do.',
    }),
    rebalanceThreshold: numberSetting(0.001, 1, {
      default: 0.1,
      description:
        'Part of the mean by which counts of replicas may differ between members; where they differ by more, and by more than one, they are evened out without being asked. `POST /cluster/rebalance` evens them out until they differ by at most one, whatever this says.',
    }),
    migrationBatchSize: integerSetting(1, 1_000_000, {
      default: 1000,
      description: 'Points in one message while a shard moves, taken as 1 KiB each; at most 8 MiB.',
    }),
  },
  {
    description:
      'How many parts, how many copies, how they move. A single node has one copy of each shard.',
  },
);
