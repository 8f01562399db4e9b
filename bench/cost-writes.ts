import type { BenchOptions } from './benchmark.ts';
import { type BenchNode, fill } from './bench-node.ts';
import { median } from './load-generator.ts';
import type { NodeClient } from './node-client.ts';
import { threadSeconds, threadSecondsBetween } from './processor-time.ts';
import { report } from './report.ts';
import { countOf, type VectorSet } from './vector-set.ts';

const RATIO_MAX = 3.5;
const BATCH = 100;

/** What the writes of the cost benchmark are measured with. */
export interface WriteSetting {
  readonly node: BenchNode;
  readonly collection: string;
  readonly set: VectorSet;
  /** Rows of a segment when it is sealed. */
  readonly growingRows: number;
  /** Microseconds that the library takes to add one row, a hundred a call. */
  readonly rawMicroseconds: number;
  readonly payloadOf: (row: number) => string;
}

/** Flags of a node that builds graphs of new rows but does not merge them on its own, so that both can be told apart. */
export function unmergedFlags(growingRows: number): readonly string[] {
  return [
    `--index.growing_rows=${growingRows}`,
    '--index.merge_fan_in=64',
    '--index.idle_optimize_ms=86400000',
  ];
}

interface Line {
  readonly what: string;
  readonly points: number;
  /** By name of the thread. */
  readonly seconds: ReadonlyMap<string, number>;
  readonly isJudged: boolean;
}

/**
 * Fills the collection of a node with {@link unmergedFlags}, interfaces taking turns by segments, and then merges everything into one segment.
 * Processor time of a point until it is in a sealed graph, and of merging, each beside the library's.
 */
export async function measureWrites(setting: WriteSetting, options: BenchOptions): Promise<void> {
  const { node, collection, set, growingRows, payloadOf } = setting;
  const rows = countOf(set, 'rows');
  const segments = Math.floor((rows - 1) / growingRows);
  const byApi = new Map<NodeClient['api'], Line[]>();
  for (let segment = 0; segment < segments; segment += 1) {
    const client = node.clients[segment % 2] as NodeClient;
    // A full segment is sealed by the row that does not fit.
    const from = segment === 0 ? 0 : segment * growingRows + 1;
    const to = (segment + 1) * growingRows + 1;
    const sealed = (segment + 1) * growingRows;
    const line = await spending(setting, client.api, to - from, async () => {
      await fill(client, collection, set, { batch: BATCH, from, to, payloadOf });
      await node.until(collection, (state) => sealedRows(state.segments) >= sealed);
    });
    byApi.set(client.api, [...(byApi.get(client.api) ?? []), line]);
  }
  const rest = segments * growingRows + 1;
  await fill(node.grpc, collection, set, { batch: BATCH, from: Math.min(rest, rows), payloadOf });
  const merges = await spending(setting, 'merging all into one segment', rows, () =>
    node.optimize(collection),
  );
  const lines = [...byApi].map(([api, of]) => middleOf(api, of));
  reportWrites('cost-upsert', [...lines, merges], setting, options);
}

/** The same with the settings that a node has by itself: merges come while points come. */
export async function measureDefaultWrites(
  setting: WriteSetting,
  options: BenchOptions,
): Promise<void> {
  const { node, collection, set, payloadOf } = setting;
  const rows = countOf(set, 'rows');
  const line = await spending(
    setting,
    'gRPC until one segment, default settings',
    rows,
    async () => {
      await fill(node.grpc, collection, set, { batch: BATCH, payloadOf });
      await node.optimize(collection);
    },
  );
  reportWrites('cost-upsert-default', [line], setting, options);
}

async function spending(
  { node }: WriteSetting,
  what: string,
  points: number,
  work: () => Promise<void>,
): Promise<Line> {
  const before = threadSeconds(node.pid);
  await work();
  const seconds = threadSecondsBetween(before, threadSeconds(node.pid));
  return { what, points, seconds, isJudged: false };
}

const sumOf = (seconds: ReadonlyMap<string, number>): number =>
  [...seconds.values()].reduce((sum, each) => sum + each, 0);

function sealedRows(segments: readonly { kind: string; rows: number }[]): number {
  return segments.reduce((sum, { kind, rows }) => sum + (kind === 'sealed' ? rows : 0), 0);
}

function middleOf(api: string, lines: readonly Line[]): Line {
  const perPoint = ({ seconds, points }: Line): number => sumOf(seconds) / points;
  const middle = median(lines.map(perPoint));
  const line = lines.find((each) => perPoint(each) === middle) as Line;
  return { ...line, what: `${api} until in a sealed graph`, isJudged: true };
}

function reportWrites(
  name: string,
  lines: readonly Line[],
  { rawMicroseconds, set, growingRows }: WriteSetting,
  { command, out, quick }: BenchOptions,
): void {
  const threads = [...new Set(lines.flatMap(({ seconds }) => [...seconds.keys()]))].toSorted();
  const perPoint = (seconds: number, { points }: Line): number => (seconds * 1e6) / points;
  const rows = lines.map((line) => {
    const microseconds = perPoint(sumOf(line.seconds), line);
    const ratio = microseconds / rawMicroseconds;
    const verdict = line.isJudged ? `${ratio <= RATIO_MAX ? 'yes' : 'NO'} (<= ${RATIO_MAX})` : '';
    return [
      line.what,
      line.points,
      microseconds,
      ratio,
      verdict,
      ...threads.map((thread) => perPoint(line.seconds.get(thread) ?? 0, line)),
    ];
  });
  const columns = [
    { title: 'upsert' },
    { title: 'points', digits: 0 },
    { title: 'CPU us a point', digits: 1 },
    { title: 'to raw', digits: 2 },
    { title: 'reached' },
    ...threads.map((title) => ({ title, digits: 1 })),
  ];
  const raw = ['raw add', countOf(set, 'rows'), rawMicroseconds, 1, '', ...threads.map(() => 0)];
  const notes = {
    data: set.name,
    parameters: 'default engine, cosine, m 32, efConstruction 400, batches of 100',
    growingRows,
    raw: 'the library adds the same rows to one graph, a hundred a call, rotation included',
    quick: String(quick),
  };
  report({ name, command, columns, rows: [raw, ...rows], notes }, out);
  if (!quick && rows.some((row) => String(row[4]).startsWith('NO'))) process.exitCode = 1;
}
