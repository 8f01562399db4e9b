import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode, pointsOf } from './bench-node.ts';
import { clusteredData } from './clustered-data.ts';
import { Grape } from '../src/server/grape.ts';
import { temporaryFolder } from '../test/support/server-process.ts';
import { runLoad } from './load-generator.ts';
import type { BenchPoint } from './node-client.ts';
import { ownMicroseconds } from './processor-time.ts';
import { EF_CONSTRUCTION, M, rawGraph } from './raw-libraries.ts';
import { report } from './report.ts';
import { countOf, type VectorSet } from './vector-set.ts';

const BATCHES = [1, 10, 100, 1000] as const;
const CONCURRENCY = 4;
/** Below a growing segment's size: what is measured is writing, not building graphs. */
const POINTS = 8_000;
const QUICK_POINTS = 500;
/** Single points are so slow that fewer do. */
const CALLS_MAX = 2_000;
const TIME_MS_MAX = 30_000;

interface Line {
  readonly way: string;
  readonly batch: number;
  readonly points: number;
  readonly seconds: number;
  /** Processor time of the server, or of this process where that holds the database or the library. */
  readonly processorSeconds: number;
}

/** How fast points are taken, by interface and batch size. */
export const ingestBench: Benchmark = {
  name: 'ingest',
  summary: 'acknowledged points a second by interface and batch size, embedded and raw too (4 min)',
  run: measureIngest,
};

async function measureIngest(options: BenchOptions): Promise<void> {
  const points = options.points ?? (options.quick ? QUICK_POINTS : POINTS);
  const set = clusteredData(points);
  const lines: Line[] = [];
  for (const batch of BATCHES) {
    lines.push(rawLine('hnswlib', set, batch), rawLine('usearch b1', set, batch));
    {
      await using node = await BenchNode.start({ flags: ['--index.idle_optimize_ms=0'] });
      lines.push(await servedLine(node, 'rest', set, batch));
      lines.push(await servedLine(node, 'grpc', set, batch));
      lines.push(await streamedLine(node, set, batch));
    }
    lines.push(await embeddedLine(set, batch));
  }
  reportLines(lines, set, options);
}

/** Rows that one measurement writes. */
function rowsFor(set: VectorSet, batch: number): number {
  return Math.min(countOf(set, 'rows'), batch * CALLS_MAX);
}

function rawLine(kind: 'hnswlib' | 'usearch b1', set: VectorSet, batch: number): Line {
  const graph = rawGraph(kind, set);
  const rows = rowsFor(set, batch);
  const start = performance.now();
  const before = ownMicroseconds();
  let first = 0;
  while (first < rows && performance.now() - start < TIME_MS_MAX) {
    const last = Math.min(rows, first + batch);
    graph.add(set, first, last);
    first = last;
  }
  const seconds = (performance.now() - start) / 1000;
  const spent = (ownMicroseconds() - before) / 1e6;
  return { way: `raw ${kind}`, batch, points: first, seconds, processorSeconds: spent };
}

async function servedLine(
  node: BenchNode,
  api: 'rest' | 'grpc',
  set: VectorSet,
  batch: number,
): Promise<Line> {
  await node.createCollection(api, set.dimension);
  const write = (points: readonly BenchPoint[]): Promise<void> => node[api].upsert(api, points);
  const before = node.processorSeconds();
  const { points, seconds } = await writeAll(set, batch, write);
  const processorSeconds = node.processorSeconds() - before;
  return { way: api === 'rest' ? 'REST' : 'gRPC', batch, points, seconds, processorSeconds };
}

async function streamedLine(node: BenchNode, set: VectorSet, batch: number): Promise<Line> {
  await node.createCollection('stream', set.dimension);
  const rows = rowsFor(set, batch);
  const end = performance.now() + TIME_MS_MAX;
  function* batches(): Generator<readonly BenchPoint[]> {
    for (let first = 0; first < rows && performance.now() < end; first += batch) {
      yield pointsOf(set, first, Math.min(rows, first + batch));
    }
  }
  const before = node.processorSeconds();
  const start = performance.now();
  const points = await node.grpc.upsertStream('stream', batches());
  const seconds = (performance.now() - start) / 1000;
  const processorSeconds = node.processorSeconds() - before;
  return { way: 'gRPC stream', batch, points, seconds, processorSeconds };
}

async function embeddedLine(set: VectorSet, batch: number): Promise<Line> {
  await using folder = await temporaryFolder('grape-bench');
  await using grape = await Grape.open(folder.path, { idleOptimizeMs: 0 });
  const { dimension } = set;
  const vector = { dimension, distance: 'cosine', m: M, efConstruction: EF_CONSTRUCTION } as const;
  await grape.createCollection({ name: 'embedded', vectors: { '': vector } });
  const payload = new Uint8Array(0);
  const before = ownMicroseconds();
  const { points, seconds } = await writeAll(set, batch, async (given) => {
    // The database keeps what it is given.
    const written = given.map((point) => ({
      id: point.id,
      vectors: { '': point.vector.slice() },
      payload,
    }));
    await grape.upsertPoints('embedded', written);
  });
  const processorSeconds = (ownMicroseconds() - before) / 1e6;
  return { way: 'embedded', batch, points, seconds, processorSeconds };
}

async function writeAll(
  set: VectorSet,
  batch: number,
  write: (points: readonly BenchPoint[]) => Promise<void>,
): Promise<{ readonly points: number; readonly seconds: number }> {
  const rows = rowsFor(set, batch);
  let points = 0;
  const { seconds, failures } = await runLoad({
    concurrency: CONCURRENCY,
    calls: Math.ceil(rows / batch),
    timeMsMax: TIME_MS_MAX,
    call: async (index) => {
      const first = index * batch;
      const last = Math.min(rows, first + batch);
      await write(pointsOf(set, first, last));
      points += last - first;
    },
  });
  if (failures > 0) throw new Error(`${failures} writes failed`);
  return { points, seconds };
}

function reportLines(
  lines: readonly Line[],
  set: VectorSet,
  { command, out, quick }: BenchOptions,
): void {
  const columns = [
    { title: 'way' },
    { title: 'batch', digits: 0 },
    { title: 'points', digits: 0 },
    { title: 'points/s', digits: 0 },
    { title: 'CPU us a point', digits: 1 },
  ];
  const rows = lines.map(({ way, batch, points, seconds, processorSeconds }) => [
    way,
    batch,
    points,
    points / seconds,
    (processorSeconds * 1e6) / points,
  ]);
  const notes = {
    data: set.name,
    dimension: set.dimension,
    concurrency: `${CONCURRENCY} callers; a stream is one, the libraries are one thread`,
    what: 'until acknowledged: on disk and seen by searches, graphs not yet built; the raw libraries build their graph, and keep nothing on disk',
    quick: String(quick),
  };
  const plot = {
    kind: 'line',
    title: `Points a second by batch size, ${set.dimension} numbers`,
    x: 'batch',
    series: ['points/s'],
    by: ['way'],
    logX: true,
  } as const;
  report({ name: 'ingest', command, columns, rows, notes, plot }, out);
}
