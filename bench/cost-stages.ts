import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BenchOptions } from './benchmark.ts';
import { BenchNode } from './bench-node.ts';
import { type ProfileGroup, profiledMicroseconds } from './cpu-profile.ts';
import { runLoad } from './load-generator.ts';
import type { SearchOptions } from './node-client.ts';
import { threadSeconds, threadSecondsBetween } from './processor-time.ts';
import { report } from './report.ts';
import { RECALL_LIMIT } from './truth.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

const CONCURRENCY = 8;

/** Stages of a search, by the files that do them. */
const GROUPS: readonly ProfileGroup[] = [
  { name: 'garbage', pattern: /#\(garbage collector\)$/ },
  { name: 'graph', pattern: /usearch|hnswlib|engine\/(usearch|none)-/ },
  { name: 'rotate', pattern: /engine\/(rotation|binary-engine|float16-engine|int8-engine)/ },
  { name: 'rescore', pattern: /vector-arena|arena-chunk|top-rows|^wasm:|kernels/ },
  { name: 'find', pattern: /src\/index\/search|src\/index\/segment|worker\/read-engine/ },
  { name: 'records', pattern: /src\/storage|classic-level|abstract-level/ },
  {
    name: 'serialize',
    pattern: /point-writer|json-writer|packed-points|src\/api\/grpc.*(answer|result|message)/,
  },
  {
    name: 'parse',
    pattern: /src\/api\/json|protobufjs|proto-loader|body-validator|request-body|src\/api\/grpc/,
  },
  { name: 'queue', pattern: /src\/worker|internal\/worker|internal\/per_context\/messageport/ },
  { name: 'check', pattern: /src\/database/ },
  { name: 'route', pattern: /fastify|find-my-way|avvio|src\/api/ },
  {
    name: 'transport',
    pattern:
      /grpc-js|node:(_http|internal\/http|net|internal\/(net|stream)|stream|internal\/streams|internal\/http2|http2|_stream)/,
  },
  { name: 'node', pattern: /^node:/ },
];

/** What the stages are looked at with. */
export interface StageSetting {
  /** Of a node that has the collection in one sealed segment. */
  readonly dataDir: string;
  readonly collection: string;
  readonly set: VectorSet;
  readonly ef: number;
}

/** Where the processor time of a search goes: shares of a profile of every thread, of the time that was measured without one. */
export async function measureStages(setting: StageSetting, options: BenchOptions): Promise<void> {
  const searches = options.quick ? 1_000 : 8_000;
  const names = [...new Set(GROUPS.map(({ name }) => name)), 'other'];
  const rows: (string | number)[][] = [];
  for (const api of ['rest', 'grpc'] as const) {
    const threads = await unprofiled(setting, api, searches);
    const total = [...threads.values()].reduce((sum, each) => sum + each, 0);
    const groups = await profiled(setting, api, searches);
    const sampled = [...groups.values()].reduce((sum, each) => sum + each, 0);
    for (const name of names) {
      const share = sampled === 0 ? 0 : (groups.get(name) ?? 0) / sampled;
      rows.push([api, name, 100 * share, share * total]);
    }
    rows.push([api, 'whole', 100, total]);
    for (const [thread, microseconds] of threads) {
      rows.push([api, `thread ${thread}`, (100 * microseconds) / total, microseconds]);
    }
  }
  const columns = [
    { title: 'interface' },
    { title: 'stage' },
    { title: 'share %', digits: 1 },
    { title: 'CPU us a search', digits: 1 },
  ];
  const notes = {
    data: setting.set.name,
    ef: setting.ef,
    searches,
    method:
      'shares of a sampled profile of all JavaScript threads, times the processor time without profiler',
  };
  report({ name: 'cost-stages', command: options.command, columns, rows, notes }, options.out);
}

/** Microseconds of one search by thread. */
async function unprofiled(
  setting: StageSetting,
  api: 'rest' | 'grpc',
  searches: number,
): Promise<ReadonlyMap<string, number>> {
  await using node = await BenchNode.start({ dataDir: setting.dataDir });
  await search(node, setting, api, searches);
  const before = threadSeconds(node.pid);
  await search(node, setting, api, searches);
  const spent = threadSecondsBetween(before, threadSeconds(node.pid));
  return new Map([...spent].map(([thread, seconds]) => [thread, (seconds * 1e6) / searches]));
}

async function profiled(
  setting: StageSetting,
  api: 'rest' | 'grpc',
  searches: number,
): Promise<ReadonlyMap<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'grape-profile-'));
  try {
    const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
    const node = await BenchNode.start({ dataDir: setting.dataDir, nodeFlags });
    await search(node, setting, api, searches);
    const from = monotonicMicroseconds();
    await search(node, setting, api, searches);
    const to = monotonicMicroseconds();
    await node.stop();
    return profiledMicroseconds(folder, GROUPS, { from, to });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const monotonicMicroseconds = (): number => Number(process.hrtime.bigint() / 1000n);

async function search(
  node: BenchNode,
  { collection, set, ef }: StageSetting,
  api: 'rest' | 'grpc',
  calls: number,
): Promise<void> {
  const options: SearchOptions = { collection, limit: RECALL_LIMIT, ef };
  const queries = countOf(set, 'queries');
  const result = await runLoad({
    concurrency: CONCURRENCY,
    calls,
    call: (index) => node[api].search(vectorOf(set, 'queries', index % queries), options),
  });
  if (result.failures > 0)
    throw new Error(`${result.failures} searches failed: ${result.firstFailure}`);
}
