import type { ClusterNode } from '../cluster/cluster-node.ts';
import type { ThreadedShardHolder } from '../cluster/shard/threaded-shard-holder.ts';
import { Collections } from '../database/collections.ts';
import type { LocalDatabaseOptions } from '../database/local-database.ts';
import { PointReads } from '../database/point-reads.ts';
import { PointWrites } from '../database/point-writes.ts';
import type { DatabaseStatus } from '../database/vector-database.ts';
import type { WriteGate } from '../database/write-gate.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import type { DatabaseOptions } from './create-database.ts';

/** What the use cases stand on. */
export interface DatabaseGround {
  readonly node: ClusterNode;
  readonly holder: ThreadedShardHolder;
  readonly gate: WriteGate;
  readonly options: DatabaseOptions;
}

/** The use cases of a node: collections, writes and reads over its cluster, and how it is. */
export function databaseParts({
  node,
  holder,
  gate,
  options,
}: DatabaseGround): LocalDatabaseOptions {
  const { limits, recorder, clock } = options;
  const router = new HashRouter({ shardCount: options.shardCount });
  const { catalog, indexes, reads, shardLog } = node;
  const collections = new Collections({
    catalog,
    indexes,
    limits,
    defaults: options.vectorDefaults,
  });
  const shared = { collections, router, reads, limits };
  return {
    collections,
    writes: new PointWrites({
      ...shared,
      log: shardLog,
      codec: new ShardCommandCodec(),
      gate,
      clusterId: () => node.state.clusterId,
    }),
    reads: new PointReads({
      ...shared,
      clock,
      onStage: recorder && ((stage, seconds) => recorder.searchStageEnded(stage, seconds)),
    }),
    status: () => statusOf({ node, holder, gate, options }),
  };
}

async function statusOf({ node, holder, gate }: DatabaseGround): Promise<DatabaseStatus> {
  const waiting = node.reasons;
  const refusing = [gate.reason, holder.failure?.message].filter((reason) => reason !== undefined);
  const shards = await holder.shards();
  return {
    ready: waiting.length === 0,
    reasons: [...waiting, ...refusing],
    collections: node.catalog.state.collections.size,
    points: shards.reduce((sum, { points }) => sum + points, 0),
    writable: waiting.length === 0 && refusing.length === 0,
  };
}
