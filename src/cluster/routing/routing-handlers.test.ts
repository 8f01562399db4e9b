import { expect, test } from 'vitest';
import { RoutingCluster } from '../../../test/support/cluster/routing-cluster.ts';
import { ShardCommandCodec } from '../../sharding/shard-command-codec.ts';

const command = new ShardCommandCodec().encode({ kind: 'fence' });

test('a write of an older epoch is refused before the log, by the leader and by no other node', async () => {
  const cluster = await RoutingCluster.start({ nodes: 3, placement: [[1, 2, 3]] });
  cluster.epochs.set(0, 4);
  const propose = (to: number, epoch: number) =>
    cluster.finish(
      cluster
        .node(2)
        .calls.call(
          to,
          { kind: 'propose', shard: 0, epoch, command, session: undefined },
          { timeoutMs: 1_000 },
        ),
    );
  const applied = cluster.node(1).holder.machine(0)?.applied;
  await expect(propose(1, 3)).rejects.toMatchObject({ code: 'STALE_EPOCH' });
  expect(cluster.node(1).holder.machine(0)?.applied).toEqual(applied);
  await expect(propose(3, 4)).rejects.toMatchObject({ code: 'NOT_LEADER', leaderNode: 1 });
  await propose(1, 4);
  await propose(1, 5);
});

test('a read of another node has to name its shards', async () => {
  const cluster = await RoutingCluster.start({ nodes: 2, placement: [[1, 2]] });
  const request = { kind: 'count', collection: 1, filter: undefined } as const;
  const call = { kind: 'read', request, consistency: 'local' } as const;
  const reading = cluster.finish(cluster.node(1).calls.call(2, call, { timeoutMs: 1_000 }));
  await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
