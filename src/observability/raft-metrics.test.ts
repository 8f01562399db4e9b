import { expect, onTestFinished, test } from 'vitest';
import { RaftMetrics, type RaftGroupReading, type RaftReading } from './raft-metrics.ts';
import type { TransportReading } from './transport-metrics.ts';

const NO_SNAPSHOTS = {
  chunksSent: 0,
  chunksUnanswered: 0,
  snapshotsBegun: 0,
  snapshotsTaken: 0,
  chunksTaken: 0,
  chunksRepeated: 0,
  bytesTaken: 0,
};

const TRANSPORT: TransportReading = {
  calls: { answered: 4, failed: 1, cancelled: 0 },
  callsServed: { answer: 3, none: 0 },
  callBytes: { sent: 10, received: 20 },
  messages: { sent: 6, received: 7 },
  messagesDropped: { unreachable: 2 },
  bytes: { sent: 100, received: 200 },
  connects: 1,
  connectionEnds: { closed: 1 },
  callsUnderWay: { 2: 1 },
};

function group(name: string, replicaLagEntries?: number): RaftGroupReading {
  return {
    group: name,
    term: 3,
    isLeader: replicaLagEntries !== undefined,
    hasLeader: true,
    commitIndex: 10,
    unappliedEntries: 2,
    replicaLagEntries,
    snapshots: { ...NO_SNAPSHOTS, chunksTaken: 5 },
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
  transport: TRANSPORT,
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

test('tells of snapshots by group, and of what nodes say to each other', async () => {
  const metrics = shown();
  const text = await metrics.text();
  expect(text).toContain('grape_raft_snapshot_chunks_taken_total{group="shard-0"} 5');
  expect(text).toContain('grape_raft_snapshot_chunks_repeated_total{group="shard-0"} 0');
  expect(text).toContain('grape_transport_calls_total{end="failed"} 1');
  expect(text).toContain('grape_transport_messages_dropped_total{reason="unreachable"} 2');
  expect(text).toContain('grape_transport_bytes_total{direction="received"} 200');
  expect(text).toContain('grape_transport_calls_under_way{node="2"} 1');
  metrics.read({ ...READING, transport: { ...TRANSPORT, callsUnderWay: {} } });
  expect(await metrics.text()).not.toContain('grape_transport_calls_under_way{node="2"}');
});
