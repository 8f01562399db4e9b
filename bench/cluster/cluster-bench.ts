import { loadavg } from 'node:os';
import { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import type { Benchmark, BenchOptions } from '../benchmark.ts';
import { fill, pointsOf } from '../bench-node.ts';
import { clusteredData } from '../clustered-data.ts';
import { GrpcClient } from '../grpc-client.ts';
import { quantileOf, runLoad } from '../load-generator.ts';
import { processorSeconds } from '../processor-time.ts';
import { report } from '../report.ts';
import { countOf, vectorOf, type VectorSet } from '../vector-set.ts';
import { writeMeasurementsPage } from './measurements-page.ts';

const POINTS = 5_000;
const QUICK_POINTS = 500;
const TIME_MS = 8_000;
const QUICK_TIME_MS = 1_000;
const CALLERS = [1, 16, 64] as const;
const COLLECTION = 'load';
const LIMIT = 10;
const EF = 200;
const BATCHES = [1, 100] as const;
const CONNECTIONS = 2;

type Row = readonly (string | number)[];

/** What a call costs on three nodes and on one, in the same run and by the same code. */
export const clusterBench: Benchmark = {
  name: 'cluster',
  summary: 'throughput, latency and processor time of three nodes beside one, by gRPC (6 min)',
  run: measureCluster,
};

async function measureCluster(options: BenchOptions): Promise<void> {
  const points = options.points ?? (options.quick ? QUICK_POINTS : POINTS);
  const timeMsMax = options.quick ? QUICK_TIME_MS : TIME_MS;
  const set = clusteredData(points);
  const rows: Row[] = [];
  for (const nodes of [1, 3]) {
    const flags = [`--vector.dimension=${set.dimension}`];
    await using cluster = await ProcessCluster.start({ nodes, flags, isDirect: true });
    rows.push(...(await rowsOf(cluster, set, timeMsMax)));
  }
  reportRows(rows, set, options);
}

async function rowsOf(
  cluster: ProcessCluster,
  set: VectorSet,
  timeMsMax: number,
): Promise<readonly Row[]> {
  await cluster.createCollection(COLLECTION, set.dimension);
  const clients = cluster.started.map(
    ({ grpcUrl }) => new GrpcClient(grpcUrl.slice('grpc://'.length), CONNECTIONS),
  );
  const clientOf = (index: number): GrpcClient => clients[index % clients.length] as GrpcClient;
  await fill(clientOf(0), COLLECTION, set);
  await cluster.ask(
    `/admin/collections/${COLLECTION}/optimize?timeout_ms=60000`,
    {},
    undefined,
    70_000,
  );
  const count = countOf(set, 'rows');
  const queries = countOf(set, 'queries');
  const kinds = [
    ...BATCHES.map((batch) => ({
      what: `write of ${batch}`,
      call: (index: number) => {
        const first = (index * batch) % (count - batch);
        return clientOf(index).upsert(COLLECTION, pointsOf(set, first, first + batch));
      },
    })),
    {
      what: 'search',
      call: (index: number) =>
        clientOf(index).search(vectorOf(set, 'queries', index % queries), {
          ...{ collection: COLLECTION, limit: LIMIT, ef: EF },
        }),
    },
  ];
  const rows: Row[] = [];
  for (const { what, call } of kinds) {
    for (const concurrency of CALLERS) {
      await runLoad({ concurrency, call, calls: 100 });
      const before = processorTime(cluster);
      const result = await runLoad({ concurrency, timeMsMax, call, calls: 10_000_000 });
      const spent = processorTime(cluster) - before;
      rows.push([
        ...[what, cluster.started.length, concurrency, result.calls / result.seconds],
        ...[0.5, 0.95, 0.99].map((quantile) => quantileOf(result.latenciesMs, quantile)),
        ...[(spent * 1e6) / result.calls, result.calls, result.failures],
        result.firstFailure,
      ]);
    }
  }
  for (const client of clients) client[Symbol.dispose]();
  return rows;
}

/** Seconds that all nodes have used. */
const processorTime = (cluster: ProcessCluster): number =>
  cluster.started.reduce((sum, { pid }) => sum + processorSeconds(pid), 0);

function reportRows(
  measured: readonly Row[],
  set: VectorSet,
  { command, out, quick }: BenchOptions,
): void {
  const rows = measured.map((row) => {
    const [what, nodes, callers] = row;
    const alone = measured.find((each) => each[0] === what && each[1] === 1 && each[2] === callers);
    return [...row, nodes === 1 ? 1 : Number(row[7]) / Number(alone?.[7])];
  });
  const columns = [
    ...[{ title: 'call' }, { title: 'nodes', digits: 0 }, { title: 'callers', digits: 0 }],
    { title: 'calls/s', digits: 0 },
    ...['p50 ms', 'p95 ms', 'p99 ms'].map((title) => ({ title, digits: 2 })),
    { title: 'CPU us a call', digits: 0 },
    { title: 'calls', digits: 0 },
    { title: 'failures', digits: 0 },
    { title: 'first failure' },
    { title: 'CPU against one node', digits: 2 },
  ];
  const notes = {
    data: set.name,
    nodes:
      'each one process on this machine, which clients share with them; 16 shards, 3 replicas on three nodes',
    search: `${LIMIT} nearest, ef ${EF}, linearizable`,
    callers: 'closed loop over all nodes in turn',
    'load of the machine': loadavg()[0]?.toFixed(1) ?? '',
    quick: String(quick),
  };
  const plot = {
    kind: 'line',
    title: 'calls a second, by call and nodes',
    x: 'callers',
    logX: true,
    by: ['call', 'nodes'],
    series: ['calls/s'],
  } as const;
  report({ name: 'cluster', command, columns, rows, notes, plot }, out);
  if (out === undefined) writeMeasurementsPage();
}
