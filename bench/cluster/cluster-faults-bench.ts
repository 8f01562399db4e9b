import { setTimeout as wait } from 'node:timers/promises';
import { LoadRun } from '../../test/support/cluster-process/load-run.ts';
import { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import type { LoggedRequest } from '../../test/support/cluster-process/workload/request-log.ts';
import { ShardProbe } from '../../test/support/cluster-process/workload/shard-probe.ts';
import type { Benchmark, BenchOptions } from '../benchmark.ts';
import { quantileOf } from '../load-generator.ts';
import { report } from '../report.ts';

const PHASE_MS = 10_000;
const QUICK_PHASE_MS = 3_000;
const SLOW_MS = 500;

interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Of the shard that had it longest, in milliseconds. */
  readonly withoutWriteMs: number;
}

/** What clients notice of faults, second by second. */
export const clusterFaultsBench: Benchmark = {
  name: 'cluster-faults',
  summary:
    'calls a second, failed and slow ones, around a dead node, a partition, a rolling restart, a join (3 min)',
  run: measureFaults,
};

async function measureFaults(options: BenchOptions): Promise<void> {
  const phaseMs = options.quick ? QUICK_PHASE_MS : PHASE_MS;
  await using cluster = await ProcessCluster.start({ nodesMax: 4 });
  await using probe = await ShardProbe.start(cluster);
  await using load = LoadRun.start(cluster, { seed: 5, keys: 500 });
  const phases: Phase[] = [];
  const phase = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    const from = performance.now();
    await act();
    const to = performance.now();
    phases.push({ name, from, to, withoutWriteMs: probe.longestGap(from, to) });
  };
  await phase('healthy', () => wait(phaseMs));
  await phase('one node killed', async () => {
    await cluster.node(2).kill();
    await wait(phaseMs);
  });
  await phase('it comes back', async () => {
    cluster.start(2);
    await cluster.node(2).ready();
    await cluster.settled();
  });
  await phase('one node cut off', async () => {
    cluster.links?.isolate([3]);
    await wait(phaseMs);
  });
  await phase('links are whole', async () => {
    cluster.links?.heal();
    await cluster.settled();
  });
  await phase('rolling restart', async () => {
    for (const number of [1, 2, 3]) {
      await cluster.node(number).stop();
      cluster.start(number);
      await cluster.node(number).ready();
      await cluster.settled();
    }
  });
  await phase('a fourth node joins', async () => {
    cluster.start(4);
    await cluster.node(4).ready();
    await cluster.ask('/cluster/join', { node_id: 'node-4' });
    await cluster.until('it has its share', async () => {
      const { balanced, rebalancing } = await cluster.rebalance();
      return balanced && !rebalancing ? undefined : 'moves go on';
    });
  });
  await probe.stop();
  await load.workload.stop();
  const { requests } = load.workload.log;
  reportPhases(phases, requests, options);
  reportSeconds(phases, requests, options);
}

function reportPhases(
  phases: readonly Phase[],
  requests: readonly LoggedRequest[],
  { command, out, quick }: BenchOptions,
): void {
  const rows = phases.flatMap(({ name, from, to, withoutWriteMs }) =>
    (['write', 'read', 'local'] as const).flatMap((what) =>
      [true, false].map((isPatient) => {
        const own = requests.filter(
          (each) =>
            each.what === what &&
            each.isPatient === isPatient &&
            each.endMs >= from &&
            each.endMs < to,
        );
        const good = own.filter(({ code }) => code === 'OK');
        const times = good.map(({ startMs, endMs }) => endMs - startMs).toSorted((a, b) => a - b);
        return [
          ...[name, what, isPatient ? 'client' : 'plain', (good.length * 1_000) / (to - from)],
          ...[0.5, 0.95, 0.99].map((quantile) => quantileOf(times, quantile)),
          own.length === 0 ? 0 : (100 * good.length) / own.length,
          ...[own.length - good.length, withoutWriteMs],
        ];
      }),
    ),
  );
  const columns = [
    ...[{ title: 'phase' }, { title: 'call' }, { title: 'by' }, { title: 'calls/s', digits: 0 }],
    ...['p50 ms', 'p95 ms', 'p99 ms'].map((title) => ({ title, digits: 1 })),
    { title: 'answered %', digits: 2 },
    { title: 'failed', digits: 0 },
    { title: 'longest ms without a write of a shard', digits: 0 },
  ];
  const notes = {
    client: 'the ClusterClient, which tries again',
    plain: 'each node asked once, dead and cut ones too',
    quick: String(quick),
  };
  report({ name: 'cluster-faults', command, columns, rows, notes }, out);
}

function reportSeconds(
  phases: readonly Phase[],
  requests: readonly LoggedRequest[],
  { command, out }: BenchOptions,
): void {
  const start = phases[0]?.from ?? 0;
  const end = phases.at(-1)?.to ?? 0;
  const rows: (string | number)[][] = [];
  for (let second = 0; start + (second + 1) * 1_000 <= end; second += 1) {
    const from = start + second * 1_000;
    const own = requests.filter(({ endMs }) => endMs >= from && endMs < from + 1_000);
    const answered = own.filter(({ code }) => code === 'OK').length;
    const slow = own.filter(({ startMs, endMs }) => endMs - startMs > SLOW_MS).length;
    const failed = own.filter(({ isPatient, code }) => isPatient && code !== 'OK').length;
    const phase = phases.find(({ to }) => from < to)?.name ?? '';
    rows.push([second, phase, answered, own.length - answered, failed, slow]);
  }
  const figures = ['answered', 'failed, asked once', 'failed, client', `slower than ${SLOW_MS} ms`];
  const columns = [
    { title: 'second', digits: 0 },
    { title: 'phase' },
    ...figures.map((title) => ({ title, digits: 0 })),
  ];
  const plot = {
    kind: 'line',
    title: phases.map(({ name }) => name).join(', '),
    x: 'second',
    series: figures,
    yTitle: 'calls',
  } as const;
  report({ name: 'cluster-seconds', command, columns, rows, plot }, out);
}
