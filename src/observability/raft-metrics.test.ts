import { expect, onTestFinished, test } from 'vitest';
import { RaftMetrics, type RaftGroupReading, type RaftReading } from './raft-metrics.ts';

function group(name: string, replicaLagEntries?: number): RaftGroupReading {
  return {
    group: name,
    term: 3,
    isLeader: replicaLagEntries !== undefined,
    hasLeader: true,
    commitIndex: 10,
    unappliedEntries: 2,
    replicaLagEntries,
  };
}

const READING: RaftReading = {
  groups: [group('catalog'), group('shard-0', 7)],
  corruptGroups: 0,
  proposals: 0,
  reads: 0,
  logBytes: 0,
  logStalledSeconds: 0,
  logBatches: 10,
  logWrites: 0,
  nodes: { member: 3, leaving: 0 },
  moves: 0,
  catalogVersion: 1,
  shards: [{ shard: 0, replicas: 2 }],
  replicasWanted: 3,
};

function shown(): RaftMetrics {
  const metrics = new RaftMetrics();
  onTestFinished(() => metrics[Symbol.dispose]());
  metrics.read(READING);
  return metrics;
}

test('tells the lag of replicas only where the node leads', async () => {
  const text = await shown().text();
  expect(text).toContain('grape_raft_replica_lag_entries{group="shard-0"} 7');
  expect(text).not.toContain('grape_raft_replica_lag_entries{group="catalog"}');
  expect(text).toContain('grape_raft_is_leader{group="catalog"} 0');
  expect(text).toContain('grape_cluster_nodes{state="member"} 3');
});

test('a group that went is no longer shown', async () => {
  const metrics = shown();
  metrics.read({ ...READING, groups: [group('catalog')], shards: [] });
  const text = await metrics.text();
  expect(text).not.toContain('shard-0');
  expect(text).not.toContain('shard="0"');
});

test('what is counted elsewhere since the start goes up by what came since', async () => {
  const metrics = shown();
  metrics.read({ ...READING, logBatches: 25 });
  expect(await metrics.text()).toContain('grape_raft_log_batches_total 25');
  metrics.read({ ...READING, logBatches: 5 });
  expect(await metrics.text()).toContain('grape_raft_log_batches_total 30');
});
