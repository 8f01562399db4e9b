import { expect, test } from 'vitest';
import { machineIo } from '../../src/observability/machine-io.ts';
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

  const { network, disk } = await machineIo();
  const looked = async (): Promise<string[]> => {
    // A cache of filters is asked again, whatever views came meanwhile.
    await restCall(server.restUrl, '/vectors/search', { vector: [1, 1], filter, limit: 3 });
    const text = await (await fetch(server.metricsUrl)).text();
    const lines = [
      ...(disk === undefined ? [] : DISK_METRICS),
      ...network.flatMap(({ name }) =>
        NETWORK_METRICS.map((each) => `${each}{interface="${name}"}`),
      ),
    ];
    return [
      ...unfed(text),
      ...lines.filter((line) => !text.includes(`\n${line} `)),
      ...Object.entries(COUNTED)
        .filter(([name, isRight]) => !isRight(sum(text, name)))
        .map(([name]) => `${name} is ${sum(text, name)}`),
      ...['hit', 'miss']
        .map((result) => `grape_cache_lookups_total{cache="filter",result="${result}"} `)
        .filter((line) => !text.includes(`\n${line}`) || text.includes(`\n${line}0\n`)),
    ];
  };
  // What is sampled may be of before the points were written, and segments take their time.
  await expect.poll(looked, { timeout: 150_000, interval: 200 }).toEqual([]);
});

const isAll = (value: number): boolean => value === POINTS;
const COUNTED: Readonly<Record<string, (value: number) => boolean>> = {
  grape_shard_points: isAll,
  grape_collection_points: isAll,
  grape_points_written_total: isAll,
  grape_build_rows_total: (value) => value >= POINTS,
};

/** What the machine says, where it says anything: a process whose files are all cached has read nothing from a disk. */
const DISK_METRICS = ['grape_disk_read_bytes_total', 'grape_disk_written_bytes_total'] as const;
const NETWORK_METRICS = [
  'grape_network_received_bytes_total',
  'grape_network_sent_bytes_total',
] as const;
const OF_THE_MACHINE: ReadonlySet<string> = new Set([...DISK_METRICS, ...NETWORK_METRICS]);

/** What a node alone has nothing to tell of. */
const OF_OTHERS = /^grape_(?:transport_|raft_snapshot)/;

/** Metrics without a value; counters and histograms that stand at 0 are without one. */
function unfed(text: string): string[] {
  return Object.values(METRIC_TABLE)
    .filter(({ name }) => !OF_OTHERS.test(name) && !OF_THE_MACHINE.has(name))
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
