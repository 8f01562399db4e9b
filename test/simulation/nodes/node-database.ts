import type { Clock } from '../../../src/base/clock.ts';
import type { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import { Collections } from '../../../src/database/collections.ts';
import { DEFAULT_LIMITS } from '../../../src/database/limits.ts';
import { PointReads } from '../../../src/database/point-reads.ts';
import { PointWrites } from '../../../src/database/point-writes.ts';
import { WriteGate } from '../../../src/database/write-gate.ts';
import { HashRouter } from '../../../src/sharding/hash-router.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';

/** The use cases of a node, as the edges see them. */
export interface NodeDatabase {
  readonly collections: Collections;
  readonly writes: PointWrites;
  readonly reads: PointReads;
}

/** The production's use cases over a whole node. */
export function openNodeDatabase(
  node: ClusterNode,
  clock: Clock,
  shardCount: number,
): NodeDatabase {
  const { catalog, indexes, reads, shardLog } = node;
  const limits = DEFAULT_LIMITS;
  const router = new HashRouter({ shardCount });
  const collections = new Collections({
    catalog,
    indexes,
    limits,
    defaults: { m: 16, efConstruction: 100, efSearch: 100 },
  });
  const shared = { collections, router, reads, limits };
  return {
    collections,
    writes: new PointWrites({
      ...shared,
      log: shardLog,
      codec: new ShardCommandCodec(),
      gate: new WriteGate(),
      clusterId: () => node.state.clusterId,
    }),
    reads: new PointReads({ ...shared, clock }),
  };
}
