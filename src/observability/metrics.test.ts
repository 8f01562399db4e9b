import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { METRIC_TABLE } from './metric-table.ts';
import { type CollectionsReading, Metrics, type MetricsReading } from './metrics.ts';

function metrics(processMetrics = false): Metrics {
  const made = new Metrics({ clock: systemClock, version: '1.2.3', processMetrics });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

const READING: MetricsReading = {
  memoryBytes: 10,
  memoryLimitBytes: 100,
  diskFreeBytes: 1000,
  writable: true,
  queues: { search: 2 },
  shards: [{ shard: 3, points: 5, bytes: 77 }],
  io: { disk: { read: 1, written: 2 }, network: [{ name: 'eth0', received: 3, sent: 4 }] },
  raft: {
    groups: [
      {
        group: 'catalog',
        term: 2,
        isLeader: true,
        hasLeader: true,
        commitIndex: 9,
        unappliedEntries: 1,
        replicaLagEntries: 4,
        snapshots: {
          chunksSent: 1,
          chunksUnanswered: 1,
          snapshotsBegun: 1,
          snapshotsTaken: 1,
          chunksTaken: 1,
          chunksRepeated: 1,
          bytesTaken: 1,
        },
      },
    ],
    corruptGroups: 0,
    proposals: 1,
    reads: 1,
    logBytes: 100,
    logStalledSeconds: 0,
    logBatches: 5,
    logWrites: 9,
    nodes: { member: 3 },
    moves: 0,
    catalogVersion: 12,
    shards: [{ shard: 3, replicas: 3 }],
    replicasWanted: 3,
    transport: {
      calls: { answered: 1, failed: 0, cancelled: 0 },
      callsServed: { answer: 1, none: 0 },
      callBytes: { sent: 1, received: 1 },
      messages: { sent: 1, received: 1 },
      messagesDropped: { unreachable: 0 },
      bytes: { sent: 1, received: 1 },
      connects: 1,
      connectionEnds: { closed: 0 },
      callsUnderWay: { 2: 0 },
    },
  },
};

const COLLECTIONS: CollectionsReading = {
  collections: [{ name: 'books', points: 5 }],
  segments: [{ kind: 'growing', segments: 1, rows: 5, deletedRows: 1, bytes: 400 }],
};

async function shownAfterEverything(): Promise<string> {
  const all = metrics();
  all.requestEnded('rest', 'search', 'OVERLOADED', 0.002);
  all.queryEnded(0.002);
  all.searchStageEnded('graph', 0.001);
  all.committed(3, 300, 0.004);
  all.pointsWritten(3);
  all.segmentBuilt('seal', 8192, 2);
  all.cacheLookedUp('views', 'hit');
  all.read(READING);
  all.readCollections(COLLECTIONS);
  return all.text();
}

test('shows every metric of the table with its type, and no other', async () => {
  const types = [...(await shownAfterEverything()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  const shown = types.map(([, name, type]) => `${name} ${type}`).toSorted();
  expect(shown).toEqual(
    Object.values(METRIC_TABLE)
      .map(({ name, type }) => `${name} ${type}`)
      .toSorted(),
  );
});

test('every metric of the table has a value once something happened', async () => {
  const text = await shownAfterEverything();
  for (const { name, labels } of Object.values(METRIC_TABLE)) {
    const line = text.split('\n').find((each) => each.startsWith(name) && !each.startsWith('#'));
    expect(line, name).toBeDefined();
    for (const label of labels) expect(line).toContain(`${label}="`);
  }
});

test('the alert rules find their names', async () => {
  const text = await shownAfterEverything();
  const value = /^grape_query_duration_seconds\{quantile="0.95"\} (\S+)$/m.exec(text)?.[1];
  expect(Math.abs(Number(value) / 0.002 - 1)).toBeLessThan(0.05);
  expect(text).toMatch(/^grape_memory_usage_bytes 10$/m);
  expect(text).toMatch(/^grape_memory_limit_bytes 100$/m);
  expect(text).toMatch(/^grape_query_duration_seconds_count 1$/m);
});

test('counts errors by code, and requests that went well not among them', async () => {
  const some = metrics();
  some.requestEnded('grpc', 'upsert', 'OK', 0.1);
  some.requestEnded('grpc', 'upsert', 'MEMORY_LIMIT', 0.1);
  const text = await some.text();
  expect(text).toContain('grape_errors_total{api="grpc",code="MEMORY_LIMIT"} 1');
  expect(text).not.toContain('grape_errors_total{api="grpc",code="OK"');
});

test('a dropped collection is no longer shown', async () => {
  const some = metrics();
  some.readCollections(COLLECTIONS);
  expect(await some.text()).toContain('books');
  some.readCollections({ ...COLLECTIONS, collections: [] });
  expect(await some.text()).not.toContain('books');
});

test('two nodes in one process do not share metrics', async () => {
  const [one, other] = [metrics(), metrics()];
  one.pointsWritten(7);
  expect(await other.text()).toMatch(/^grape_points_written_total 0$/m);
});

test('shows the process where asked to', async () => {
  expect(await metrics(true).text()).toContain('process_cpu_seconds_total');
  expect(await metrics().text()).not.toContain('process_');
});
