import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode, fill, pointsOf } from './bench-node.ts';
import { clusteredData } from './clustered-data.ts';
import { type LoadResult, quantileOf, runLoad } from './load-generator.ts';
import type { NodeClient } from './node-client.ts';
import { rawGraph, Rescorer } from './raw-libraries.ts';
import { report } from './report.ts';
import { arenaOf, RECALL_LIMIT } from './truth.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

const CONCURRENCIES = [1, 4, 16, 64] as const;
const POINTS = 20_000;
const QUICK_POINTS = 1_000;
const TIME_MS = 5_000;
const QUICK_TIME_MS = 300;
const COLLECTION = 'load';
const EF = 200;
const BATCH = 10;
/** Of mixed calls, one in ten writes. */
const WRITE_EVERY = 10;

const MIXTURES = ['reads', 'writes', 'mixed'] as const;
type Mixture = (typeof MIXTURES)[number];

/** How many calls are answered and how soon, by how many wait at the same time. */
export const loadBench: Benchmark = {
  name: 'load',
  summary: 'throughput and latency by concurrency over REST and gRPC (3 min)',
  run: measureLoad,
};

async function measureLoad(options: BenchOptions): Promise<void> {
  const points = options.points ?? (options.quick ? QUICK_POINTS : POINTS);
  const timeMsMax = options.quick ? QUICK_TIME_MS : TIME_MS;
  const set = clusteredData(points);
  const rows: (string | number)[][] = [rawRow(set, timeMsMax)];
  await using node = await BenchNode.start();
  await node.createCollection(COLLECTION, set.dimension);
  await fill(node.grpc, COLLECTION, set);
  await node.optimize(COLLECTION);
  for (const mixture of MIXTURES) {
    for (const client of node.clients) {
      for (const concurrency of CONCURRENCIES) {
        const before = node.processorSeconds();
        const result = await load(client, mixture, set, concurrency, timeMsMax);
        const spent = node.processorSeconds() - before;
        rows.push(rowOf(`${client.api} ${mixture}`, concurrency, result, spent));
      }
    }
  }
  reportRows(rows, set, options);
}

/** Searches of the library alone, by one thread. */
function rawRow(set: VectorSet, timeMsMax: number): (string | number)[] {
  const graph = rawGraph('usearch b1', set);
  const rows = countOf(set, 'rows');
  for (let first = 0; first < rows; first += 100) {
    graph.add(set, first, Math.min(rows, first + 100));
  }
  const rescorer = new Rescorer(set, arenaOf(set));
  const times: number[] = [];
  const start = performance.now();
  while (performance.now() - start < timeMsMax) {
    const query = vectorOf(set, 'queries', times.length % countOf(set, 'queries'));
    const began = performance.now();
    rescorer.best(query, graph.search(query, EF), 'kernel');
    times.push(performance.now() - began);
  }
  const seconds = (performance.now() - start) / 1000;
  const latenciesMs = Float64Array.from(times).sort();
  return rowOf(
    'raw usearch b1, rescored by kernels',
    1,
    { calls: times.length, failures: 0, firstFailure: '', seconds, latenciesMs },
    seconds,
  );
}

function load(
  client: NodeClient,
  mixture: Mixture,
  set: VectorSet,
  concurrency: number,
  timeMsMax: number,
): Promise<LoadResult> {
  const rows = countOf(set, 'rows');
  const queries = countOf(set, 'queries');
  const search = { collection: COLLECTION, limit: RECALL_LIMIT, ef: EF };
  const isWrite = (index: number): boolean =>
    mixture === 'writes' || (mixture === 'mixed' && index % WRITE_EVERY === 0);
  return runLoad({
    ...{ concurrency, timeMsMax, calls: 10_000_000 },
    call: (index) => {
      if (!isWrite(index)) return client.search(vectorOf(set, 'queries', index % queries), search);
      const first = (index * BATCH) % (rows - BATCH);
      return client.upsert(COLLECTION, pointsOf(set, first, first + BATCH));
    },
  });
}

function rowOf(
  what: string,
  concurrency: number,
  { calls, failures, seconds, latenciesMs }: LoadResult,
  processorSeconds: number,
): (string | number)[] {
  return [
    what,
    concurrency,
    (calls - failures) / seconds,
    ...[0.5, 0.95, 0.99].map((quantile) => quantileOf(latenciesMs, quantile)),
    (processorSeconds * 1e6) / calls,
    failures,
  ];
}

function reportRows(
  rows: readonly (readonly (string | number)[])[],
  set: VectorSet,
  { command, out, quick }: BenchOptions,
): void {
  const columns = [
    { title: 'load' },
    { title: 'callers', digits: 0 },
    { title: 'calls/s', digits: 0 },
    ...['p50 ms', 'p95 ms', 'p99 ms'].map((title) => ({ title, digits: 2 })),
    { title: 'CPU us a call', digits: 0 },
    { title: 'failures', digits: 0 },
  ];
  const notes = {
    data: set.name,
    search: `10 nearest, ef ${EF}, default engine`,
    write: `${BATCH} points, replaced; of mixed calls one in ${WRITE_EVERY} writes`,
    callers: 'closed loop, on the same machine',
    quick: String(quick),
  };
  const plot = {
    kind: 'line',
    title: 'Calls a second by concurrent callers',
    x: 'callers',
    series: ['calls/s'],
    by: ['load'],
    logX: true,
  } as const;
  report({ name: 'load', command, columns, rows, notes, plot }, out);
}
