import { setTimeout as wait } from 'node:timers/promises';
import { LoadRun } from '../../test/support/cluster-process/load-run.ts';
import { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import { ShardProbe } from '../../test/support/cluster-process/workload/shard-probe.ts';
import type { Benchmark, BenchOptions } from '../benchmark.ts';
import { fill } from '../bench-node.ts';
import { clusteredData } from '../clustered-data.ts';
import { GrpcClient } from '../grpc-client.ts';
import { processorSeconds } from '../processor-time.ts';
import type { VectorSet } from '../vector-set.ts';
import { ClientLoad } from './client-load.ts';
import { type FaultRun, type Phase, reportPhases, reportSeconds } from './fault-report.ts';
import { writeMeasurementsPage } from './measurements-page.ts';

const PHASE_MS = 20_000;
const QUICK_PHASE_MS = 3_000;
const POINTS = 2_000;
const QUICK_POINTS = 200;
const CALLERS_EACH = 8;
const COLLECTION = 'load';
const SEARCH = { limit: 10, ef: 200 } as const;
/** Longest that a step waits for the cluster to be whole again. */
const WHOLE_MS_MAX = 120_000;

/** What clients notice of faults, second by second. */
export const clusterFaultsBench: Benchmark = {
  name: 'cluster-faults',
  summary:
    'calls a second, latency, availability around a dead node, a partition, a rolling restart, a join, a leave (5 min)',
  run: measureFaults,
};

async function measureFaults(options: BenchOptions): Promise<void> {
  const phaseMs = options.quick ? QUICK_PHASE_MS : PHASE_MS;
  const set = clusteredData(options.points ?? (options.quick ? QUICK_POINTS : POINTS));
  const flags = [`--vector.dimension=16`];
  await using cluster = await ProcessCluster.start({ nodesMax: 4, flags });
  await fillCluster(cluster, set);
  const phases: Phase[] = [];
  const run = await loaded(cluster, set, async (phase) => {
    await playFaults(cluster, phaseMs, async (name, act) => {
      // After a step that did not come to its end, the others would measure something else.
      if (phases.every(({ failure }) => failure === undefined)) phases.push(await phase(name, act));
    });
  });
  const finished = { ...run, phases, dataset: set.name, callersEach: CALLERS_EACH };
  reportPhases(finished, options);
  reportSeconds(finished, options);
  if (options.out === undefined) writeMeasurementsPage();
  const failure = phases.at(-1)?.failure;
  if (failure !== undefined) throw failure;
}

type RunPhase<T> = (name: string, act: () => Promise<unknown>) => Promise<T>;

/** Has clients ask while `play` plays; what they noticed. */
async function loaded(
  cluster: ProcessCluster,
  set: VectorSet,
  play: (phase: RunPhase<Phase>) => Promise<void>,
): Promise<Pick<FaultRun, 'calls' | 'requests'>> {
  await using probe = await ShardProbe.start(cluster);
  await using plain = LoadRun.start(cluster, { seed: 5, keys: 500, by: 'plain' });
  await using load = new ClientLoad({
    ...{ cluster, set, collection: COLLECTION, callersEach: CALLERS_EACH },
    ...SEARCH,
  });
  await play(async (name, act) => {
    const before = processorTimes(cluster);
    const from = performance.now();
    const failure = await act().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    const to = performance.now();
    const coreSeconds = spent(before, processorTimes(cluster));
    const withoutWriteMs = probe.longestGap(from, to);
    return { name, from, to, coreSeconds, withoutWriteMs, failure };
  });
  return { calls: load.calls, requests: plain.workload.log.requests };
}

async function playFaults(
  cluster: ProcessCluster,
  phaseMs: number,
  phase: RunPhase<void>,
): Promise<void> {
  const whole = (): Promise<void> => cluster.settled(WHOLE_MS_MAX);
  await phase('healthy', () => wait(phaseMs));
  await phase('one node killed', async () => {
    await cluster.node(2).kill();
    await wait(phaseMs);
  });
  await phase('it comes back', async () => {
    cluster.start(2);
    await cluster.node(2).ready();
    await whole();
  });
  await phase('one node cut off', async () => {
    cluster.links?.isolate([3]);
    await wait(phaseMs);
  });
  await phase('links are whole', async () => {
    cluster.links?.heal();
    await whole();
  });
  await phase('rolling restart', async () => {
    for (const number of [1, 2, 3]) {
      await cluster.node(number).stop();
      cluster.start(number);
      await cluster.node(number).ready();
      await whole();
    }
  });
  await phase('a fourth node joins', async () => {
    cluster.start(4);
    await cluster.node(4).ready();
    await cluster.ask('/cluster/join', { node_id: 'node-4' });
    await atRest(cluster, 4);
  });
  await phase('the third node leaves', async () => {
    await cluster.ask('/cluster/leave', { node_id: 'node-3' });
    await atRest(cluster, 3);
  });
}

/** Waits until so many nodes have equal shares. */
async function atRest(cluster: ProcessCluster, nodes: number): Promise<void> {
  await cluster.until(
    `${nodes} nodes have equal shares`,
    async () => {
      const {
        balanced,
        rebalancing,
        moves_planned: planned,
        nodes: rows,
      } = await cluster.rebalance();
      const { moves } = await cluster.migration();
      const holders = rows.filter(({ replicas }) => replicas > 0).length;
      const isDone = balanced && !rebalancing && planned + moves.length === 0 && holders === nodes;
      return isDone ? undefined : `${planned + moves.length} moves are left`;
    },
    WHOLE_MS_MAX,
  );
}

async function fillCluster(cluster: ProcessCluster, set: VectorSet): Promise<void> {
  await cluster.createCollection(COLLECTION, set.dimension);
  using client = new GrpcClient(cluster.node(1).grpcUrl.slice('grpc://'.length), 1);
  await fill(client, COLLECTION, set);
}

/** Seconds on a processor that the nodes' processes have used, by process. */
function processorTimes(cluster: ProcessCluster): ReadonlyMap<number, number> {
  const running = cluster.started.filter((node) => node.isRunning);
  return new Map(running.map(({ pid }) => [pid, processorSeconds(pid)]));
}

/** Seconds between two readings; those of a process that ended meanwhile are not known, and left out. */
function spent(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  return [...after].reduce((sum, [pid, seconds]) => sum + seconds - (before.get(pid) ?? 0), 0);
}
