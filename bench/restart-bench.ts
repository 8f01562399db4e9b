import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode, fill, searchAll } from './bench-node.ts';
import { clusteredData } from './clustered-data.ts';
import { damage, type Damage, DAMAGES, indexFiles } from './index-damage.ts';
import { median } from './load-generator.ts';
import { RawProcess } from './raw-process.ts';
import { report } from './report.ts';
import { exactTruth, RECALL_LIMIT, recallOf, truthOf } from './truth.ts';
import { countOf, smallerSet, type VectorSet } from './vector-set.ts';

const SIZES = [20_000, 200_000] as const;
const QUICK_SIZES = [1_000] as const;
/** From here on only some of the damages are tried, as each brings all vectors back from disk. */
const LARGE = 100_000;
const LARGE_KINDS: ReadonlySet<string> = new Set(['manifest', 'vectors-']);
/** Starts over files as they were, of which the middle one counts. */
const STARTS = 5;
const QUERIES = 100;
const EF = 200;
const COLLECTION = 'restart';

/** How soon a node is ready again, with its files as they were and with one of them damaged. */
export const restartBench: Benchmark = {
  name: 'restart',
  summary:
    'time to ready of 20,000 and 200,000 points, whole and with each index file damaged (10 min)',
  run: measureRestarts,
};

interface Line {
  readonly points: number;
  readonly what: string;
  readonly readyMs: number;
  /** What the log says of it. */
  readonly noticed: string;
  /** Whether exact searches find what they found before. */
  readonly same: string;
  readonly recall: number | string;
}

/** A data directory, and what exact searches find in it. */
interface Whole {
  readonly dataDir: string;
  readonly set: VectorSet;
  readonly found: string;
}

async function measureRestarts(options: BenchOptions): Promise<void> {
  const sizes = options.points ? [options.points] : options.quick ? QUICK_SIZES : SIZES;
  const lines: Line[] = [];
  for (const points of sizes) {
    const set = smallerSet(clusteredData(points), { queries: QUERIES });
    const folder = await mkdtemp(join(tmpdir(), 'grape-bench-'));
    try {
      lines.push(...(await rawLines(points)), memoryLine(set));
      const dataDir = join(folder, 'whole');
      const whole = { dataDir, set, found: await make(dataDir, set) };
      lines.push(await lineOf(whole, join(folder, 'copy'), undefined));
      const files = await indexFiles(dataDir);
      for (const file of files) {
        if (points >= LARGE && !LARGE_KINDS.has(file.kind)) continue;
        const ways = points >= LARGE ? DAMAGES.slice(0, 1) : DAMAGES;
        const path = relative(dataDir, file.path);
        for (const how of ways) {
          lines.push(await lineOf(whole, join(folder, 'copy'), { path, kind: file.kind, how }));
        }
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  reportLines(lines, options);
}

/** The library alone: reading the vectors and the graph that it saved. */
async function rawLines(points: number): Promise<Line[]> {
  const lines: Line[] = [];
  for (const kind of ['usearch b1', 'hnswlib'] as const) {
    if (kind === 'hnswlib' && points >= LARGE) continue;
    {
      await using builder = new RawProcess(kind, points, QUERIES);
      await builder.buildOnce();
    }
    const start = performance.now();
    await using reader = new RawProcess(kind, points, QUERIES);
    await reader.buildOnce();
    const readyMs = performance.now() - start;
    const search = await reader.ask({ kind: 'search', ef: EF, how: 'kernel' });
    const what = `raw ${kind}: reads vectors and its graph`;
    lines.push({ points, what, readyMs, noticed: '', same: '', recall: search.recall });
  }
  return lines;
}

/** What the machine alone takes for as much memory as the vectors need: it may have to get it from a host first. */
function memoryLine(set: VectorSet): Line {
  const bytes = countOf(set, 'rows') * set.dimension * Float32Array.BYTES_PER_ELEMENT;
  const start = performance.now();
  new Uint8Array(new SharedArrayBuffer(bytes)).fill(1);
  const readyMs = performance.now() - start;
  const what = 'machine: touches new memory for the vectors';
  return { points: countOf(set, 'rows'), what, readyMs, noticed: '', same: '', recall: '' };
}

/** Makes a collection in one sealed segment with a payload index, and stops; gives what exact searches find. */
async function make(dataDir: string, set: VectorSet): Promise<string> {
  await using node = await BenchNode.start({ dataDir });
  await node.createCollection(COLLECTION, set.dimension);
  const index = `/admin/collections/${COLLECTION}/indexes/group`;
  await node.rest.call('PUT', index, '{"kind":"integer"}');
  await fill(node.grpc, COLLECTION, set, { payloadOf: (row) => `{"group":${row % 100}}` });
  await node.optimize(COLLECTION);
  return await exactly(node, set);
}

/** What exact searches find, to be compared. */
async function exactly(node: BenchNode, set: VectorSet): Promise<string> {
  const search = { collection: COLLECTION, limit: RECALL_LIMIT, exact: true };
  return JSON.stringify(await searchAll(node.grpc, set, search));
}

async function lineOf(
  { dataDir, set, found }: Whole,
  copy: string,
  broken: { readonly path: string; readonly kind: string; readonly how: Damage } | undefined,
): Promise<Line> {
  await cp(dataDir, copy, { recursive: true });
  try {
    if (broken !== undefined) await damage(join(copy, broken.path), broken.how);
    const readyMs: number[] = [];
    for (let start = broken === undefined ? 1 : STARTS; start < STARTS; start += 1) {
      await using before = await BenchNode.start({ dataDir: copy });
      readyMs.push(before.startMs);
    }
    await using node = await BenchNode.start({ dataDir: copy });
    readyMs.push(node.startMs);
    const { points } = await node.describe(COLLECTION);
    const isSame = points === countOf(set, 'rows') && (await exactly(node, set)) === found;
    const search = { collection: COLLECTION, limit: RECALL_LIMIT, ef: EF };
    const answers = await searchAll(node.grpc, set, search);
    const truth = exactTruth(set);
    const events = node.log.flatMap(({ event = '' }) => (/damage/.test(event) ? [event] : []));
    return {
      points: countOf(set, 'rows'),
      what: broken === undefined ? `whole, ${rangeOf(readyMs)}` : `${broken.kind} ${broken.how}`,
      readyMs: median(readyMs),
      noticed: [...new Set(events)].join(', '),
      same: isSame ? 'yes' : 'NO',
      recall: recallOf(answers, (query) => truthOf(truth, query)),
    };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function rangeOf(readyMs: readonly number[]): string {
  const [least, most] = [Math.min(...readyMs), Math.max(...readyMs)].map((ms) =>
    (ms / 1000).toFixed(2),
  );
  return `${readyMs.length} starts from ${least} to ${most} s`;
}

function reportLines(lines: readonly Line[], { command, out, quick }: BenchOptions): void {
  const columns = [
    { title: 'points', digits: 0 },
    { title: 'files' },
    { title: 'ready s', digits: 2 },
    { title: 'logged' },
    { title: 'same results' },
    { title: 'recall@10', digits: 4 },
  ];
  const rows = lines.map(({ points, what, readyMs, noticed, same, recall }) => [
    ...[points, what, readyMs / 1000, noticed, same, recall],
  ]);
  const notes = {
    data: 'clustered, 768 numbers, default engine, one sealed segment, one payload index',
    ready:
      'from the start of the process until it answers; of files as they were the median of the starts',
    same: 'exact searches and the count of points, as before',
    ef: EF,
    quick: String(quick),
  };
  const plot = {
    kind: 'bar',
    title: 'Seconds until a node is ready',
    x: 'files',
    series: ['ready s'],
    by: ['points'],
    yTitle: 'seconds',
  } as const;
  report({ name: 'restart', command, columns, rows, notes, plot }, out);
  if (lines.some(({ same }) => same === 'NO')) process.exitCode = 1;
}
