import { expect, test } from 'vitest';
import { METRIC_TABLE } from '../../src/observability/metric-table.ts';
import { restCall } from '../support/crash/change-writer.ts';
import { startServer, temporaryFolder } from '../support/server-process.ts';

const POINTS = 300;

test('every metric of the table is fed by a running server', async () => {
  await using folder = await temporaryFolder('grape-metrics');
  const server = await startServer({
    dataDir: folder.path,
    flags: [
      '--vector.dimension=2',
      '--index.growing_rows=64',
      '--index.idle_optimize_ms=50',
      '--monitoring.metrics_interval_secs=1',
    ],
  });
  await using _ = { [Symbol.asyncDispose]: async () => void (await server.stop()) };
  const points = Array.from({ length: POINTS }, (__, id) => ({
    id,
    vector: [id + 1, 1],
    payload: { even: id % 2 === 0 },
  }));
  await restCall(server.restUrl, '/vectors', { points });
  const filter = { must: [{ key: 'even', match: { value: true } }] };
  for (let i = 0; i < 40; i += 1)
    await restCall(server.restUrl, '/vectors/search', { vector: [1, 1], filter, limit: 3 });
  await expect(restCall(server.restUrl, '/vectors/search', { vector: [1] })).rejects.toThrow('400');

  const shown = async (): Promise<string> => (await fetch(server.metricsUrl)).text();
  await expect
    .poll(async () => unfed(await shown()), { timeout: 30_000, interval: 200 })
    .toEqual([]);
  // What is sampled may be of before the points were written.
  await expect
    .poll(async () => sum(await shown(), 'grape_shard_points'), { timeout: 30_000, interval: 200 })
    .toBe(POINTS);
  const text = await shown();
  expect(sum(text, 'grape_collection_points')).toBe(POINTS);
  expect(sum(text, 'grape_points_written_total')).toBe(POINTS);
  expect(sum(text, 'grape_build_rows_total')).toBeGreaterThanOrEqual(POINTS);
  expect(text).toMatch(/^grape_cache_lookups_total\{cache="filter",result="hit"\} [1-9]/m);
  expect(text).toMatch(/^grape_cache_lookups_total\{cache="filter",result="miss"\} [1-9]/m);
});

/** What a node alone has nothing to tell of. */
const OF_OTHERS = /^grape_(?:transport_|raft_snapshot)/;

/** Metrics without a value; counters and histograms that stand at 0 are without one. */
function unfed(text: string): string[] {
  return Object.values(METRIC_TABLE)
    .filter(({ name }) => !OF_OTHERS.test(name))
    .filter(({ name, type, labels }) => {
      if (labels.length === 0 && type === 'gauge') return !text.includes(`\n${name} `);
      const total = type === 'histogram' || type === 'summary' ? `${name}_count` : name;
      const lines = text.split('\n').filter((line) => line.startsWith(total));
      return type === 'gauge' ? lines.length === 0 : sum(text, total) === 0;
    })
    .map(({ name }) => name);
}

function sum(text: string, name: string): number {
  let total = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))) {
    total += Number(value);
  }
  return total;
}
