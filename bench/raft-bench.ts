import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Benchmark, BenchOptions } from './benchmark.ts';
import { type ProfileGroup, profiledMicroseconds } from './cpu-profile.ts';
import { quantileOf, runLoad } from './load-generator.ts';
import { ownMicroseconds } from './processor-time.ts';
import { RaftCluster } from './raft-cluster.ts';
import { report } from './report.ts';

const NODES = 5;
const CLIENTS = [1, 16, 256] as const;
const GROUPS_MANY = 17;
const COMMAND_BYTES = 1024;
const TIME_MS = 5_000;
const QUICK_MS = 500;

/** Parts of the program, by their files. */
const PARTS: readonly ProfileGroup[] = [
  { name: 'garbage', pattern: /#\(garbage collector\)$/ },
  { name: 'core', pattern: /src\/raft\/core/ },
  { name: 'log', pattern: /src\/raft\/log/ },
  { name: 'codec and transport', pattern: /src\/raft\/transport/ },
  {
    name: 'apply',
    pattern: /src\/raft\/host\/(apply-pipeline|entry-applier|command-envelope|session-table)/,
  },
  { name: 'host', pattern: /src\/raft\/host/ },
  { name: 'clients', pattern: /bench\// },
  { name: 'event loop', pattern: /^node:|#runMicrotasks|#processTicksAndRejections/ },
];

/** How fast a group of five nodes in one process commits, and where the time goes. */
export const raftBench: Benchmark = {
  name: 'raft',
  summary:
    'committed proposals a second of five nodes in this process, and where the time goes (1 min)',
  run: measureRaft,
};

interface Line {
  readonly what: string;
  readonly groups: number;
  readonly clients: number;
}

async function measureRaft(options: BenchOptions): Promise<void> {
  const timeMs = options.quick ? QUICK_MS : TIME_MS;
  const rows: (string | number)[][] = [];
  const parts = new Map<number, ReadonlyMap<string, number>>();
  for (const groups of [1, GROUPS_MANY]) {
    await using cluster = await RaftCluster.start(NODES, groups);
    for (const clients of groups === 1 ? CLIENTS : CLIENTS.slice(-1)) {
      await load(cluster, { what: 'propose', groups, clients }, timeMs / 4);
      rows.push(await load(cluster, { what: 'propose', groups, clients }, timeMs));
      if (groups > 1) continue;
      parts.set(clients, await profiled(cluster, clients, timeMs));
    }
    rows.push(await load(cluster, { what: 'read on a follower', groups, clients: 16 }, timeMs));
  }
  const columns = [
    { title: 'what' },
    { title: 'groups' },
    { title: 'clients' },
    { title: 'calls/s', digits: 0 },
    { title: 'p50 ms', digits: 2 },
    { title: 'p99 ms', digits: 2 },
    { title: 'CPU us a call', digits: 0 },
  ];
  const notes = { nodes: NODES, bytes: COMMAND_BYTES, log: 'segment files of this machine' };
  report({ name: 'raft', command: options.command, columns, rows, notes }, options.out);
  reportParts(parts, options);
}

async function load(
  cluster: RaftCluster,
  { what, groups, clients }: Line,
  timeMsMax: number,
): Promise<(string | number)[]> {
  const command = new Uint8Array(COMMAND_BYTES).fill(7);
  const before = ownMicroseconds();
  const { latenciesMs, seconds } = await runLoad({
    concurrency: clients,
    calls: Infinity,
    timeMsMax,
    call: (index) =>
      what === 'propose' ? cluster.propose(index % groups, command) : cluster.read(index % groups),
  });
  const calls = latenciesMs.length;
  const microseconds = (ownMicroseconds() - before) / calls;
  const quantiles = [0.5, 0.99].map((quantile) => quantileOf(latenciesMs, quantile));
  return [what, groups, clients, calls / seconds, ...quantiles, microseconds];
}

/** Microseconds of this thread by part. */
async function profiled(
  cluster: RaftCluster,
  clients: number,
  timeMs: number,
): Promise<ReadonlyMap<string, number>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  await load(cluster, { what: 'propose', groups: 1, clients }, timeMs);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const folder = await mkdtemp(join(tmpdir(), 'grape-profile-'));
  try {
    await writeFile(join(folder, 'raft.cpuprofile'), JSON.stringify(profile));
    return profiledMicroseconds(folder, PARTS, { from: 0, to: Infinity });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reportParts(
  parts: ReadonlyMap<number, ReadonlyMap<string, number>>,
  options: BenchOptions,
): void {
  const names = [...PARTS.map(({ name }) => name), 'other'];
  const clients = [...parts.keys()];
  const share = (each: number, name: string): number => {
    const all = parts.get(each) ?? new Map<string, number>();
    const total = [...all.values()].reduce((sum, microseconds) => sum + microseconds, 0);
    return (100 * (all.get(name) ?? 0)) / total;
  };
  const rows = names.map((name) => [name, ...clients.map((each) => share(each, name))]);
  const columns = [
    { title: 'part' },
    ...clients.map((each) => ({ title: `% at ${each} clients`, digits: 1 })),
  ];
  const notes = { method: 'samples of the one thread of all nodes; waiting is left out' };
  report({ name: 'raft-parts', command: options.command, columns, rows, notes }, options.out);
}
