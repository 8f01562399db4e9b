import { Check } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { DEFAULT_LIMITS } from '../../database/limits.ts';
import { MOVE_UNDER_WAY, MemoryCluster } from '../../../test/support/memory-cluster.ts';
import { testHttpServer } from '../../../test/support/http-server.ts';
import { clusterAdmin } from './operations/cluster-admin.ts';

describe('the cluster over REST', () => {
  test.each(
    clusterAdmin(DEFAULT_LIMITS).map((operation) => [operation.method, operation.url, operation]),
  )('%s %s answers what its schema says', async (method, url, operation) => {
    const cluster = new MemoryCluster();
    cluster.moves = [MOVE_UNDER_WAY];
    await using api = await testHttpServer({ cluster });
    const body = method === 'GET' ? undefined : { node_id: 'node-3' };
    const answer = await api.call(method, url, url.endsWith('rebalance') ? undefined : body);
    expect(answer.status).toBe(200);
    expect(Check(operation.answers[200] as object, answer.json)).toBe(true);
    expect(answer.text).not.toMatch(/"[a-z]+[A-Z]/);
  });

  test('tells members, leader, term and health', async () => {
    await using api = await testHttpServer({ cluster: new MemoryCluster() });
    const { json } = await api.call('GET', '/cluster/info');
    expect(json).toMatchObject({
      leader: 'node-2',
      term: 7,
      health: 'yellow',
      catalog_version: 12,
    });
    expect(json.members.map(({ node_id: id }: { node_id: string }) => id)).toHaveLength(3);
    const { json: nodes } = await api.call('GET', '/cluster/nodes');
    expect(nodes.nodes[2]).toMatchObject({ node_id: 'node-3', status: 'down' });
    expect(nodes.nodes[2]).not.toHaveProperty('silent_ms');
    const { json: shards } = await api.call('GET', '/cluster/shards');
    expect(shards.shards[0].primary).toBe('node-1');
    expect(shards.shards[1]).not.toHaveProperty('primary');
  });

  test('takes a node in, with its address and without', async () => {
    const cluster = new MemoryCluster();
    await using api = await testHttpServer({ cluster });
    const about = { node_id: 'node-3', address: 'node-3:6334' };
    expect((await api.call('POST', '/cluster/join', about)).json).toMatchObject({
      already_member: true,
      rebalancing: true,
    });
    await api.call('POST', '/cluster/join', { node_id: 'node-3' });
    expect(cluster.joined).toEqual(['node-3:6334', '']);
    const stranger = await api.call('POST', '/cluster/join', { node_id: 'node-9' });
    expect(stranger.status).toBe(409);
    expect(stranger.json.error.code).toBe('FAILED_PRECONDITION');
  });

  test('has a node leave, and stay after all', async () => {
    const cluster = new MemoryCluster();
    await using api = await testHttpServer({ cluster });
    const leaving = await api.call('POST', '/cluster/leave', { node_id: 'node-3' });
    expect(leaving.json).toEqual({ node_id: 'node-3', state: 'leaving', replicas_left: 2 });
    expect((await api.call('GET', '/cluster/migration/status')).json.leaving).toEqual(['node-3']);
    await api.call('POST', '/cluster/leave', { node_id: 'node-3', cancel: true });
    expect(cluster.leaving.size).toBe(0);
    expect((await api.call('POST', '/cluster/leave', { node_id: 'node-9' })).status).toBe(404);
  });

  test('begins and ends evening out, with a body and without', async () => {
    const cluster = new MemoryCluster();
    await using api = await testHttpServer({ cluster });
    expect((await api.call('POST', '/cluster/rebalance')).json.rebalancing).toBe(true);
    const body = { cancel: true };
    expect((await api.call('POST', '/cluster/rebalance', body)).json.rebalancing).toBe(false);
    expect((await api.call('GET', '/cluster/rebalance/status')).json.rebalancing).toBe(false);
  });

  test('takes JSON whatever the body is said to be', async () => {
    const cluster = new MemoryCluster();
    await using api = await testHttpServer({ cluster });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await api.call('POST', '/cluster/leave', '{"node_id":"node-3"}', headers);
    expect(answer.status).toBe(200);
  });

  test('says when to try again where the leader cannot be reached', async () => {
    const cluster = new MemoryCluster();
    cluster.failure = new VectorDbError('UNAVAILABLE', 'the catalog has no leader');
    await using api = await testHttpServer({ cluster });
    const answer = await api.call('POST', '/cluster/rebalance');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('is refused by a node that is part of none', async () => {
    await using api = await testHttpServer();
    expect((await api.call('GET', '/cluster/info')).json.error.code).toBe('FAILED_PRECONDITION');
  });

  test('is changed with the full key only', async () => {
    const auth = { full: 'all', readOnly: 'look' };
    await using api = await testHttpServer({ cluster: new MemoryCluster(), auth });
    const headers = { 'api-key': 'look' };
    expect((await api.call('GET', '/cluster/info', undefined, headers)).status).toBe(200);
    expect((await api.call('POST', '/cluster/rebalance', {}, headers)).status).toBe(403);
  });
});
