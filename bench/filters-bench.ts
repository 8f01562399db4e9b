import type { Filter } from '../src/index/filter/filter.ts';
import { seededRandom } from '../src/base/random.ts';
import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode, fill, searchAll } from './bench-node.ts';
import { median, quantileOf, runLoad } from './load-generator.ts';
import { rawGraph } from './raw-libraries.ts';
import { report } from './report.ts';
import { arenaOf, nearestOf, RECALL_LIMIT, recallOf, truthOf } from './truth.ts';
import { countOf, smallerSet, vectorOf, type VectorSet } from './vector-set.ts';
import { type WordnetData, wordnetData } from './wordnet-data.ts';

const SHARES = [0.5, 0.1, 0.01, 0.001] as const;
const EF = 200;
const RECALL_LOSS_MAX = 0.01;
const COLLECTION = 'filters';
const QUERIES = 300;
const QUICK_QUERIES = 50;
const SEED = 7;

/** Recall and latency of searches with filters, beside the same searches without. */
export const filtersBench: Benchmark = {
  name: 'filters',
  summary:
    'recall and latency of filters that pass 50 % to 0.1 %, with and without payload index (2 min)',
  run: measureFilters,
};

interface Line {
  readonly what: string;
  readonly passing: number;
  readonly recall: number;
  readonly latenciesMs: ArrayLike<number>;
  readonly strategy: string;
}

async function measureFilters(options: BenchOptions): Promise<void> {
  const data = await wordnetData(options.sample || undefined);
  const queries = Math.min(options.quick ? QUICK_QUERIES : QUERIES, countOf(data.set, 'queries'));
  const set = smallerSet(data.set, { queries });
  const ranks = shuffledRanks(countOf(set, 'rows'));
  await using node = await BenchNode.start();
  await node.createCollection(COLLECTION, set.dimension);
  await fill(node.grpc, COLLECTION, set, { payloadOf: (row) => payloadOf(data, ranks, row) });
  await node.optimize(COLLECTION);
  const lines: Line[] = [await unfilteredLine(node, { ...data, set })];
  for (const field of ['plain', 'indexed']) {
    if (field === 'indexed') {
      const path = `/admin/collections/${COLLECTION}/indexes/rank`;
      await node.rest.call('PUT', path, '{"kind":"integer"}');
    }
    for (const share of SHARES) lines.push(await filteredLine(node, set, ranks, share, field));
  }
  lines.push(...rawLines(set, ranks));
  reportLines(lines, set, options);
}

/** Each row's place in a random order: a bound on it passes any share of the rows, unlike ones as well as like ones. */
function shuffledRanks(rows: number): Uint32Array {
  const random = seededRandom(SEED);
  const ranks = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i -= 1) {
    const other = random.below(i + 1);
    const rank = ranks[i] as number;
    ranks[i] = ranks[other] as number;
    ranks[other] = rank;
  }
  return ranks;
}

function payloadOf({ payloads }: WordnetData, ranks: Uint32Array, row: number): string {
  return `{"rank":${ranks[row]},${(payloads[row] as string).slice(1)}`;
}

async function unfilteredLine(node: BenchNode, { set, truth }: WordnetData): Promise<Line> {
  const wanted = (query: number): readonly number[] => truthOf(truth, query);
  return measured(node, set, undefined, wanted, {
    what: 'no filter',
    passing: countOf(set, 'rows'),
  });
}

async function filteredLine(
  node: BenchNode,
  set: VectorSet,
  ranks: Uint32Array,
  share: number,
  field: string,
): Promise<Line> {
  const bound = boundOf(countOf(set, 'rows'), share);
  const arena = arenaOf(set);
  const truth = Array.from({ length: countOf(set, 'queries') }, (_, query) =>
    nearestOf(arena, vectorOf(set, 'queries', query), (row) => (ranks[row] as number) < bound),
  );
  const filter: Filter = {
    must: [{ kind: 'field', key: 'rank', test: { kind: 'range', lt: bound } }],
  };
  return measured(node, set, filter, (query) => truth[query] ?? [], {
    what: `${100 * share} %, ${field === 'indexed' ? 'payload index' : 'no index'}`,
    passing: bound,
  });
}

async function measured(
  node: BenchNode,
  set: VectorSet,
  filter: Filter | undefined,
  wanted: (query: number) => readonly number[],
  head: Pick<Line, 'what' | 'passing'>,
): Promise<Line> {
  const search = {
    ...{ collection: COLLECTION, limit: RECALL_LIMIT, ef: EF },
    ...(filter === undefined ? {} : { filter }),
  };
  const found = await searchAll(node.rest, set, search);
  const { latenciesMs } = await runLoad({
    concurrency: 1,
    calls: Math.min(200, countOf(set, 'queries')),
    call: (index) => node.rest.search(vectorOf(set, 'queries', index), search),
  });
  const { segments } = await node.explain(vectorOf(set, 'queries', 0), search);
  const strategy = [...new Set(segments.map((segment) => segment.strategy))].join(', ');
  return { ...head, recall: recallOf(found, wanted), latenciesMs, strategy };
}

/** The library alone, which asks a function of the program for each candidate. */
function rawLines(set: VectorSet, ranks: Uint32Array): Line[] {
  const rows = countOf(set, 'rows');
  const graph = rawGraph('hnswlib', set);
  graph.add(set, 0, rows);
  const arena = arenaOf(set);
  return SHARES.map((share) => {
    const bound = boundOf(rows, share);
    const accept = (row: number): boolean => (ranks[row] as number) < bound;
    const found: number[][] = [];
    const truth: (readonly number[])[] = [];
    const times: number[] = [];
    for (let query = 0; query < countOf(set, 'queries'); query += 1) {
      const vector = vectorOf(set, 'queries', query);
      const began = performance.now();
      found.push([...(graph.filtered?.(vector, EF, accept) ?? [])]);
      times.push(performance.now() - began);
      truth.push(nearestOf(arena, vector, accept));
    }
    return {
      what: `${100 * share} %, raw hnswlib`,
      passing: bound,
      recall: recallOf(found, (query) => truth[query] ?? []),
      latenciesMs: times.toSorted((a, b) => a - b),
      strategy: 'a function asked for each candidate',
    };
  });
}

/** Ranks below it make up the share. */
const boundOf = (rows: number, share: number): number => Math.max(1, Math.round(rows * share));

function reportLines(
  lines: readonly Line[],
  set: VectorSet,
  { command, out, quick }: BenchOptions,
): void {
  const unfiltered = (lines[0] as Line).recall;
  const verdict = ({ what, recall }: Line): string => {
    if (what.endsWith('raw hnswlib')) return '';
    return recall >= unfiltered - RECALL_LOSS_MAX ? 'yes' : 'NO';
  };
  const columns = [
    { title: 'filter passes' },
    { title: 'rows', digits: 0 },
    { title: 'recall@10', digits: 4 },
    { title: `within ${RECALL_LOSS_MAX}` },
    { title: 'p50 ms', digits: 2 },
    { title: 'p99 ms', digits: 2 },
    { title: 'strategy' },
  ];
  const rows = lines.map((line) => [
    line.what,
    line.passing,
    line.recall,
    verdict(line),
    median([...Array.from(line.latenciesMs)]),
    quantileOf(line.latenciesMs, 0.99),
    line.strategy,
  ]);
  const notes = {
    data: set.name,
    rows: countOf(set, 'rows'),
    queries: countOf(set, 'queries'),
    parameters: `default engine, ef ${EF}, REST, one caller; truth: exact over the rows that pass`,
    quick: String(quick),
  };
  const plot = {
    kind: 'bar',
    title: `Latency of filtered searches, ${set.name}`,
    x: 'filter passes',
    series: ['p50 ms'],
    yTitle: 'milliseconds',
  } as const;
  report({ name: 'filters', command, columns, rows, notes, plot }, out);
  if (lines.some((line) => verdict(line) === 'NO')) process.exitCode = 1;
}
