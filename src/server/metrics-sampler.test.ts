import { expect, onTestFinished, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import { EMPTY_CLUSTER } from '../cluster/catalog/cluster-state.ts';
import { Metrics } from '../observability/metrics.ts';
import { HandClock } from '../../test/support/hand-clock.ts';
import type { RunningDatabase } from './create-database.ts';
import { newTransportCounters } from '../raft/transport/transport-statistics.ts';
import { metricsSampler } from './metrics-sampler.ts';

const STATISTICS = {
  turns: 0,
  logBatches: 4,
  logWrites: 9,
  logStalledMs: 0,
  logBytes: 100,
  logFiles: 1,
};

/** As much of a node as is measured; its collections cannot be read. */
function cutOffNode(): RunningDatabase {
  return {
    database: {
      listCollections: () => Promise.reject(new VectorDbError('UNAVAILABLE', 'cut off')),
    },
    gate: { reason: undefined },
    node: {
      host: { groups: () => [], statistics: STATISTICS },
      state: EMPTY_CLUSTER,
      traffic: { ...newTransportCounters(), peers: [] },
    },
    queueDepths: () => ({ search: 7, write: 0, writeBytes: 0 }),
    shardSizes: () => Promise.resolve([{ shard: 3, points: 5, bytes: 6 }]),
    filterLookups: () => ({ hits: 0, misses: 0 }),
  } as unknown as RunningDatabase;
}

test('a node that cannot read its collections still tells what it knows by itself', async () => {
  const clock = new HandClock();
  const metrics = new Metrics({ clock, version: '1', processMetrics: false });
  onTestFinished(() => metrics[Symbol.dispose]());
  const stopping = new AbortController();
  const failure = Promise.withResolvers<unknown>();
  const ended = metricsSampler({
    metrics,
    running: cutOffNode(),
    clock,
    intervalMs: 10_000,
    memoryLimitBytes: 100,
    resources: () => ({ memoryBytes: 10, diskFreeBytes: 1 }),
    onFailure: failure.resolve,
  }).run(stopping.signal);
  expect(String(await failure.promise)).toContain('cut off');
  const text = await metrics.text();
  expect(text).toContain('grape_queue_depth{queue="search"} 7');
  expect(text).toContain('grape_shard_points{shard="3"} 5');
  expect(text).toContain('grape_raft_log_bytes 100');
  expect(text).toContain('grape_writable 1');
  stopping.abort();
  await ended;
});
