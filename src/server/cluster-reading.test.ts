import { expect, test } from 'vitest';
import { EMPTY_CLUSTER, type MemberNode } from '../cluster/catalog/cluster-state.ts';
import type { PeerProgress, RaftStatus } from '../raft/core/raft-status.ts';
import type { GroupStatus } from '../raft/host/group-status.ts';
import { newSnapshotCounts } from '../raft/host/snapshot-counts.ts';
import { newTransportCounters } from '../raft/transport/transport-statistics.ts';
import { clusterReading } from './cluster-reading.ts';

const PEER = {
  node: 3,
  isConnected: true,
  queuedMessages: 0,
  queuedBytes: 0,
  chunksUnderWay: 0,
  callsUnderWay: 2,
  callsServing: 0,
};

const TRAFFIC = { ...newTransportCounters(), callsAnswered: 8, callsNotServed: 1, peers: [PEER] };

const STATISTICS = {
  turns: 0,
  logBatches: 4,
  logWrites: 9,
  logStalledMs: 1_500,
  logBytes: 100,
  logFiles: 1,
};

function group(number: number, raft: Partial<RaftStatus>): GroupStatus {
  return {
    state: 'open',
    group: number,
    raft: {
      replica: 1,
      role: 'follower',
      term: 2,
      lastIndex: 0,
      progress: [],
      ...raft,
    } as RaftStatus,
    leaderNode: 1,
    unappliedEntries: 3,
    unappliedBytes: 0,
    proposals: 2,
    reads: 1,
    messagesDropped: 0,
    snapshotsSent: [],
    snapshotBytesReceived: undefined,
    snapshotCounts: { ...newSnapshotCounts(), chunksTaken: number },
  };
}

const progress = (replica: number, match: number): PeerProgress =>
  ({ replica, match }) as PeerProgress;

function member(number: number, state: MemberNode['state']): [number, MemberNode] {
  return [number, { number, state } as MemberNode];
}

test('names groups, tells a leader how far the slowest replica is behind, and adds callers up', () => {
  const groups = [
    group(1, {}),
    group(5, {
      role: 'leader',
      lastIndex: 90,
      progress: [progress(1, 90), progress(2, 80), progress(3, 89)],
    }),
  ];
  const host = { groups: () => groups, statistics: STATISTICS };
  const reading = clusterReading({ host, state: EMPTY_CLUSTER, traffic: TRAFFIC });
  expect(reading.groups).toMatchObject([
    { group: 'catalog', isLeader: false, hasLeader: true, replicaLagEntries: undefined },
    { group: 'shard-3', isLeader: true, replicaLagEntries: 10 },
  ]);
  expect(reading).toMatchObject({
    proposals: 4,
    reads: 2,
    corruptGroups: 0,
    logStalledSeconds: 1.5,
  });
});

test('tells what groups have taken of snapshots, and what nodes say to each other', () => {
  const host = { groups: () => [group(1, {})], statistics: STATISTICS };
  const reading = clusterReading({ host, state: EMPTY_CLUSTER, traffic: TRAFFIC });
  expect(reading.groups[0]?.snapshots).toMatchObject({ chunksTaken: 1, chunksSent: 0 });
  expect(reading.transport).toMatchObject({
    calls: { answered: 8, failed: 0 },
    callsServed: { answer: 0, none: 1 },
    callsUnderWay: { 3: 2 },
  });
});

test('counts damaged groups apart', () => {
  const damaged: GroupStatus = { state: 'corrupt', group: 2, replica: 1, damage: 'a bad record' };
  const host = { groups: () => [damaged, group(1, {})], statistics: STATISTICS };
  expect(clusterReading({ host, state: EMPTY_CLUSTER, traffic: TRAFFIC })).toMatchObject({
    corruptGroups: 1,
    groups: [{ group: 'catalog' }],
  });
});

test('wants no more replicas than there are members to hold them', () => {
  const state = {
    ...EMPTY_CLUSTER,
    settings: { shardCount: 1, replicaCount: 3 },
    nodes: new Map([
      member(1, 'member'),
      member(2, 'leaving'),
      member(3, 'gone'),
      member(4, 'member'),
    ]),
    shards: [{ epoch: 1, replicas: [{ node: 1, replica: 1 }], generations: new Map() }],
  };
  const host = { groups: () => [], statistics: STATISTICS };
  expect(clusterReading({ host, state, traffic: TRAFFIC })).toMatchObject({
    nodes: { member: 2, leaving: 1 },
    replicasWanted: 2,
    shards: [{ shard: 0, replicas: 1 }],
  });
});
