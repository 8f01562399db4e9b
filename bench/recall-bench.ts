import { QUANTIZATIONS, type Quantization } from '../src/index/collection-schema.ts';
import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode, fill, searchAll } from './bench-node.ts';
import { median, quantileOf, runLoad } from './load-generator.ts';
import type { NodeClient } from './node-client.ts';
import { type RawKind, rawGraph, Rescorer, type Rescoring } from './raw-libraries.ts';
import { report } from './report.ts';
import { arenaOf, RECALL_LIMIT, recallOf, truthOf } from './truth.ts';
import { countOf, smallerSet, vectorOf, type VectorSet } from './vector-set.ts';
import { type WordnetData, wordnetData } from './wordnet-data.ts';

const EFS = [64, 100, 200, 400] as const;
const TARGET = 0.95;
const TARGET_EF = 200;
const CONCURRENCY = 2;

/** Which engine has which library below it. */
const RAW_OF: Readonly<Record<Quantization, RawKind>> = {
  binary: 'usearch b1',
  int8: 'usearch i8',
  float16: 'usearch f16',
  none: 'hnswlib',
};

/** One way to search at one ef. */
interface Reading {
  readonly recall: number;
  /** Milliseconds that one search took, in the middle. */
  readonly medianMs: number;
}

interface Line {
  readonly engine: Quantization;
  readonly ef: number;
  readonly rest: Reading;
  readonly grpc: Reading;
  /** The library as it answers, and with its candidates put in order by the original vectors. */
  readonly raw: Reading;
  readonly rescored: Reading;
}

/** Recall of every engine through both interfaces, beside the libraries alone. */
export const recallBench: Benchmark = {
  name: 'recall',
  summary: 'recall@10 of every engine over REST and gRPC, beside the raw libraries (3 min)',
  run: measureRecall,
};

async function measureRecall(options: BenchOptions): Promise<void> {
  const whole = await wordnetData(options.sample || undefined);
  const set = options.quick ? smallerSet(whole.set, { queries: 50 }) : whole.set;
  const data = { ...whole, set };
  const lines: Line[] = [];
  await using node = await BenchNode.start();
  for (const engine of QUANTIZATIONS) {
    await node.createCollection(engine, set.dimension, engine);
    await fill(node.grpc, engine, set, { payloadOf: (row) => data.payloads[row] as string });
    await node.optimize(engine);
    const readRaw = rawReader(RAW_OF[engine], data);
    for (const ef of EFS) {
      lines.push({
        engine,
        ef,
        rest: await readNode(node.rest, engine, ef, data),
        grpc: await readNode(node.grpc, engine, ef, data),
        raw: readRaw(ef, 'none'),
        rescored: readRaw(ef, 'kernel'),
      });
    }
  }
  reportLines(lines, options, set);
}

async function readNode(
  client: NodeClient,
  engine: Quantization,
  ef: number,
  { set, truth }: WordnetData,
): Promise<Reading> {
  const search = { collection: engine, limit: RECALL_LIMIT, ef };
  const found = await searchAll(client, set, search, CONCURRENCY);
  const { latenciesMs } = await runLoad({
    concurrency: 1,
    calls: Math.min(200, countOf(set, 'queries')),
    call: (index) => client.search(vectorOf(set, 'queries', index), search),
  });
  return {
    recall: recallOf(found, (query) => truthOf(truth, query)),
    medianMs: quantileOf(latenciesMs, 0.5),
  };
}

function rawReader(
  kind: RawKind,
  { set, truth }: WordnetData,
): (ef: number, how: Rescoring) => Reading {
  const graph = rawGraph(kind, set);
  const rows = countOf(set, 'rows');
  for (let first = 0; first < rows; first += 100) {
    graph.add(set, first, Math.min(rows, first + 100));
  }
  const rescorer = new Rescorer(set, arenaOf(set));
  return (ef, how) => {
    const found: number[][] = [];
    const times: number[] = [];
    for (let query = 0; query < countOf(set, 'queries'); query += 1) {
      const vector = vectorOf(set, 'queries', query);
      const began = performance.now();
      found.push(rescorer.best(vector, graph.search(vector, ef), how));
      times.push(performance.now() - began);
    }
    return { recall: recallOf(found, (query) => truthOf(truth, query)), medianMs: median(times) };
  };
}

function reportLines(
  lines: readonly Line[],
  { command, out, quick }: BenchOptions,
  set: VectorSet,
): void {
  const isReached = (line: Line): boolean => Math.min(line.rest.recall, line.grpc.recall) >= TARGET;
  const verdict = (line: Line): string => {
    if (line.ef !== TARGET_EF) return '';
    return isReached(line) ? 'yes' : 'NO';
  };
  const columns = [
    { title: 'engine' },
    { title: 'ef', digits: 0 },
    ...['REST', 'gRPC', 'raw', 'raw rescored'].map((title) => ({ title, digits: 4 })),
    { title: `>= ${TARGET}` },
    ...['REST ms', 'gRPC ms', 'raw ms', 'rescored ms'].map((title) => ({ title, digits: 2 })),
  ];
  const rows = lines.map((line) => {
    const readings = [line.rest, line.grpc, line.raw, line.rescored];
    return [
      line.engine,
      line.ef,
      ...readings.map(({ recall }) => recall),
      verdict(line),
      ...readings.map(({ medianMs }) => medianMs),
    ];
  });
  const notes = {
    data: set.name,
    rows: countOf(set, 'rows'),
    queries: countOf(set, 'queries'),
    parameters:
      'recall@10, cosine, m 32, efConstruction 400; milliseconds are medians of one caller',
    raw: QUANTIZATIONS.map((engine) => `${engine}: ${RAW_OF[engine]}`).join(', '),
    quick: String(quick),
  };
  const plot = {
    kind: 'line',
    title: `recall@10 by ef, ${set.name}`,
    x: 'ef',
    series: ['REST', 'raw rescored'],
    by: ['engine'],
    yTitle: 'recall@10',
    logX: true,
  } as const;
  report({ name: 'recall', command, columns, rows, notes, plot }, out);
  if (set.name === 'wordnet-sample') {
    process.stdout.write(
      'only the sample of 1,000 rows was measured, not the 20,000 of ../shared\n',
    );
  }
  if (lines.some((line) => verdict(line) === 'NO')) process.exitCode = 1;
}
