import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { openGrpcEdge } from '../../../test/support/grpc-edge.ts';
import { MOVE_UNDER_WAY, MemoryCluster } from '../../../test/support/memory-cluster.ts';

describe('the cluster over gRPC', () => {
  test('tells members, leader and health', async () => {
    await using edge = await openGrpcEdge({ cluster: new MemoryCluster() });
    const { response } = await edge.client.call('Cluster.Info', {});
    expect(response).toMatchObject({
      leader: 'node-2',
      term: '7',
      health: 'CLUSTER_HEALTH_YELLOW',
      isLive: true,
      reasons: ['node-3 is not heard of'],
    });
    expect(response?.['members']).toContainEqual({
      nodeId: 'node-3',
      raftAddress: 'node-3:7000',
      state: 'MEMBER_STATE_MEMBER',
      status: 'NODE_STATUS_DOWN',
    });
  });

  test('tells nodes and shards, with nothing in the place of what is not known', async () => {
    const cluster = new MemoryCluster();
    cluster.moves = [MOVE_UNDER_WAY];
    await using edge = await openGrpcEdge({ cluster });
    const { nodes } = (await edge.client.call('Cluster.Nodes', {})).response as { nodes: object[] };
    expect(nodes[0]).toMatchObject({ nodeId: 'node-1', silentMs: 120, points: '1000' });
    expect(nodes[1]).toMatchObject({
      catalogRole: 'REPLICA_ROLE_LEADER',
      status: 'NODE_STATUS_UP',
    });
    expect(nodes[2]).not.toHaveProperty('silentMs');
    expect(nodes[2]).not.toHaveProperty('diskFreeBytes');
    const { response } = await edge.client.call('Cluster.Shards', {});
    const { shards } = response as { shards: { replicas: object[] }[] };
    expect(shards[0]).toMatchObject({ primary: 'node-1', health: 'CLUSTER_HEALTH_YELLOW' });
    expect(shards[0]?.replicas[0]).toMatchObject({ role: 'REPLICA_ROLE_LEADER', isIndexed: true });
    expect(shards[1]).not.toHaveProperty('primary');
    expect(shards[1]).toMatchObject({ move: '9', health: 'CLUSTER_HEALTH_RED' });
  });

  test('takes nodes in and lets them go', async () => {
    const cluster = new MemoryCluster();
    await using edge = await openGrpcEdge({ cluster });
    const about = { nodeId: 'node-3', address: 'node-3:6334' };
    const joined = await edge.client.call('Cluster.Join', about);
    expect(joined.response).toMatchObject({ number: 3, alreadyMember: true, rebalancing: true });
    expect(cluster.joined).toEqual(['node-3:6334']);
    const left = await edge.client.call('Cluster.Leave', { nodeId: 'node-3' });
    expect(left.response).toMatchObject({ state: 'MEMBER_STATE_LEAVING', replicasLeft: 2 });
    const { response } = await edge.client.call('Cluster.MigrationStatus', {});
    expect(response).toMatchObject({ leaving: ['node-3'], movesEnded: '5' });
    const kept = await edge.client.call('Cluster.Leave', { nodeId: 'node-3', cancel: true });
    expect(kept.response).toMatchObject({ state: 'MEMBER_STATE_MEMBER' });
    expect((await edge.client.call('Cluster.Leave', { nodeId: 'x' })).code).toBe('NOT_FOUND');
  });

  test('evens counts out, and tells how far moves are', async () => {
    const cluster = new MemoryCluster();
    cluster.moves = [MOVE_UNDER_WAY];
    await using edge = await openGrpcEdge({ cluster });
    const { response } = await edge.client.call('Cluster.Rebalance', {});
    expect(response).toMatchObject({ rebalancing: true, movesPlanned: 2 });
    expect((response as { moves: object[] }).moves[0]).toMatchObject({
      reason: 'MOVE_REASON_REBALANCE',
      step: 'MOVE_STEP_ADDING',
      from: 'node-1',
      to: 'node-3',
      bytesSent: '500000',
      stepMs: 1_500,
    });
    await edge.client.call('Cluster.Rebalance', { cancel: true });
    const status = await edge.client.call('Cluster.RebalanceStatus', {});
    expect(status.response).toMatchObject({ rebalancing: false, balanced: false });
  });

  test('is refused without a name, by a reader, and by a node that is part of none', async () => {
    const auth = { full: 'all', readOnly: 'look' };
    await using edge = await openGrpcEdge({ auth, cluster: new MemoryCluster() });
    const metadata = { 'api-key': 'look' };
    const looked = await edge.client.call('Cluster.RebalanceStatus', {}, { metadata });
    expect(looked.status).toBe(0);
    const changed = await edge.client.call('Cluster.Rebalance', {}, { metadata });
    expect(changed.code).toBe('PERMISSION_DENIED');
    await using alone = await openGrpcEdge();
    expect((await alone.client.call('Cluster.Info', {})).code).toBe('FAILED_PRECONDITION');
  });

  test('passes on that its leader cannot be reached', async () => {
    const cluster = new MemoryCluster();
    cluster.failure = new VectorDbError('UNAVAILABLE', 'no leader', { retryAfterMs: 70 });
    await using edge = await openGrpcEdge({ cluster });
    const { code, trailers } = await edge.client.call('Cluster.Nodes', {});
    expect(code).toBe('UNAVAILABLE');
    expect(trailers?.get('retry-after-ms')).toEqual(['70']);
  });
});
