import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Benchmark, BenchOptions } from './benchmark.ts';
import { BenchNode } from './bench-node.ts';
import { CLUSTERED_QUERIES, clusteredData } from './clustered-data.ts';
import { measureSearches } from './cost-searches.ts';
import { measureStages } from './cost-stages.ts';
import {
  measureDefaultWrites,
  measureWrites,
  unmergedFlags,
  type WriteSetting,
} from './cost-writes.ts';
import { measureEventLoop } from './event-loop-load.ts';
import { REFERENCE_SHAPE } from './raw-libraries.ts';
import { RawProcess } from './raw-process.ts';
import { exactTruth } from './truth.ts';
import { countOf, smallerSet } from './vector-set.ts';

const POINTS = 100_000;
const QUICK_POINTS = 3_000;
const QUICK_QUERIES = 100;
const COLLECTION = 'cost';
/** As a node has it by itself. */
const GROWING_ROWS = 8192;
const ROUNDS = 5;

/** What a search and a write cost in processor time, beside the library that does the work. */
export const costBench: Benchmark = {
  name: 'cost',
  summary:
    'processor time of searches and writes, as ratios to the raw library (12 min, the first time 16)',
  run: measureCost,
};

async function measureCost(options: BenchOptions): Promise<void> {
  const points = options.points ?? (options.quick ? QUICK_POINTS : POINTS);
  const growingRows = Math.min(GROWING_ROWS, Math.floor(points / 4));
  const queries = options.quick ? QUICK_QUERIES : CLUSTERED_QUERIES;
  const set = smallerSet(clusteredData(points), { queries });
  const truth = exactTruth(set);
  const payloadOf = (row: number): string => `{"group":${row % 100}}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'grape-bench-'));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));

  const raw = opened.use(new RawProcess('usearch b1', points, queries));
  const i8 = opened.use(new RawProcess('usearch i8', points, queries, REFERENCE_SHAPE));
  const f32 = opened.use(new RawProcess('usearch f32', points, queries, REFERENCE_SHAPE));
  const hnswlib = opened.use(new RawProcess('hnswlib', points, queries, REFERENCE_SHAPE));
  say('building graphs of the raw libraries, or loading them');
  await Promise.all([Promise.all([i8.buildOnce(), f32.buildOnce()]), hnswlib.buildOnce()]);
  const firstAdd = await raw.ask({ kind: 'build' });

  const writeSetting = (node: BenchNode): WriteSetting => ({
    ...{ node, collection: COLLECTION, set, growingRows, payloadOf },
    rawMicroseconds: firstAdd.microseconds / firstAdd.count,
  });
  let ef: number;
  {
    say('writing, graphs and merges apart');
    await using node = await BenchNode.start({ dataDir, flags: unmergedFlags(growingRows) });
    await node.createCollection(COLLECTION, set.dimension);
    await measureWrites(writeSetting(node), options);
    const { segments } = await node.describe(COLLECTION);
    const sealed = segments.filter(({ kind, rows }) => kind === 'sealed' && rows > 0);
    if (sealed.length !== 1) throw new Error(`not one segment: ${JSON.stringify(segments)}`);
    say('searching');
    const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
    const others = [
      { process: i8, how: 'kernel' },
      { process: f32, how: 'none' },
      { process: hnswlib, how: 'none' },
    ] as const;
    const common = { node, collection: COLLECTION, set, truth };
    ({ ef } = await measureSearches({ ...common, raw, others, rounds }, options));
  }
  say('looking where the time of a search goes');
  await measureStages({ dataDir, collection: COLLECTION, set, ef }, options);
  say('writing with default settings, and searching meanwhile');
  await using node = await BenchNode.start();
  await node.createCollection(COLLECTION, set.dimension);
  await measureDefaultWrites(writeSetting(node), options);
  await measureEventLoop(node, COLLECTION, set, options);
  say(`${countOf(set, 'rows')} points`);
}

function say(what: string): void {
  process.stderr.write(`cost: ${what}\n`);
}
