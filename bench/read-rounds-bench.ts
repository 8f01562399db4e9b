import type { Benchmark, BenchOptions } from './benchmark.ts';
import { quantileOf, runLoad } from './load-generator.ts';
import { ownMicroseconds } from './processor-time.ts';
import { RaftCluster } from './raft-cluster.ts';
import { report } from './report.ts';

const NODES = 3;
/** The catalog and 16 shards. */
const GROUPS = 17;
const CALLERS = [1, 16, 64] as const;
const TIME_MS = 3_000;
const QUICK_MS = 300;

/** What it costs three nodes to say that one of them has everything that was acknowledged in any group. */
export const readRoundsBench: Benchmark = {
  name: 'read-rounds',
  summary:
    'linearizable reads of 17 groups on three nodes in this process: one exchange, or a read index of each (20 s)',
  run: measureReadRounds,
};

async function measureReadRounds({ quick, command, out }: BenchOptions): Promise<void> {
  const timeMsMax = quick ? QUICK_MS : TIME_MS;
  const groups = Array.from({ length: GROUPS }, (_, group) => group);
  await using cluster = await RaftCluster.start(NODES, GROUPS);
  // An entry that is still under way would have its leader asked.
  while (!(await allConfirmed(cluster, groups))) await cluster.readAll(0, groups);
  const ways = {
    'one exchange': (node: number) => cluster.confirm(node, groups),
    'a read index of each group': (node: number) => cluster.readAll(node, groups),
  };
  const rows: (string | number)[][] = [];
  for (const [what, call] of Object.entries(ways)) {
    for (const concurrency of CALLERS) {
      await runLoad({ concurrency, call, calls: Infinity, timeMsMax: timeMsMax / 4 });
      const before = ownMicroseconds();
      const { calls, latenciesMs } = await runLoad({
        ...{ concurrency, call, calls: Infinity, timeMsMax },
      });
      const quantiles = [0.5, 0.99].map((quantile) => quantileOf(latenciesMs, quantile));
      rows.push([what, concurrency, ...quantiles, (ownMicroseconds() - before) / calls]);
    }
  }
  const columns = [
    ...[{ title: 'by' }, { title: 'callers', digits: 0 }],
    ...['p50 ms', 'p99 ms'].map((title) => ({ title, digits: 2 })),
    { title: 'CPU us a read, all nodes', digits: 1 },
  ];
  const notes = {
    nodes: NODES,
    groups: GROUPS,
    network: 'frames encoded and decoded, no sockets',
    callers: 'closed loop over all nodes in turn; idle nodes are part of it',
  };
  report({ name: 'read-rounds', command, columns, rows, notes }, out);
}

async function allConfirmed(cluster: RaftCluster, groups: readonly number[]): Promise<boolean> {
  const nodes = Array.from({ length: NODES }, (_, node) => node);
  const confirmed = await Promise.all(nodes.map((node) => cluster.confirm(node, groups)));
  return confirmed.every(Boolean);
}
