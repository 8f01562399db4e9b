import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { SnapshotTally } from '../support/cluster-process/snapshot-tally.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { plainAsker } from '../support/cluster-process/workload/asker.ts';
import { grpcHealth } from '../support/grpc-health.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

const BALLAST = sized(2_000, 20_000);
const BATCH = 200;
const BALANCED_MS_MAX = 240_000;
/** Moves one after the other, so that there is a middle; what is counted is told soon. */
const FLAGS = ['--cluster.moves_at_once=2', '--monitoring.metrics_interval_secs=1'];
const SAMPLED_MS = 2_500;
const SHARD_COUNT = 16;
const FILLER = 'x'.repeat(1_000);
const DIMENSION = 16;
/** Of a point of the ballast, without what keys and records add. */
const POINT_BYTES = FILLER.length + DIMENSION * Float32Array.BYTES_PER_ELEMENT;
/** What keys, records, sessions and the points of the load add to the ballast; and a move that had to begin anew. */
const OVERHEAD_MAX = 1.5;

test('a fourth node joins under load, gets its share, and the third leaves', async () => {
  await using cluster = await ProcessCluster.start({ nodesMax: 4, flags: FLAGS });
  await fill(cluster);
  let moved = await MovedReplicas.begin(cluster);
  await using load = LoadRun.start(cluster, { seed: 11 });
  const { workload } = load;
  await join(cluster, 4);
  const joined = await balanced(cluster, 4);
  const came = await moved.end();
  tell('fourth node joined', { ...joined, ...came });
  expect(joined.replicas).toEqual([12, 12, 12, 12]);
  expect(joined.leaders).toEqual([4, 4, 4, 4]);
  moved = await MovedReplicas.begin(cluster);
  await cluster.ask('/cluster/leave', { node_id: 'node-3' });
  const left = await balanced(cluster, 3);
  const went = await moved.end();
  tell('third node left', { ...left, ...went });
  for (const { replicasMoved, bytes, bytesAtLeast } of [came, went]) {
    expect(replicasMoved).toBe((SHARD_COUNT * 3) / 4);
    expect(bytes).toBeGreaterThan(bytesAtLeast);
    expect(bytes).toBeLessThan(bytesAtLeast * OVERHEAD_MAX);
  }
  expect(left.replicas).toEqual([16, 16, 16]);
  expect(left.leaders).toEqual([5, 5, 6]);
  await cluster.until('the node that left refuses, and says why', () => refusalOf3(cluster));
  expect(await cluster.node(3).stop()).toBe(0);
  await wait(1_000);
  await workload.stop();
  tell('growth', {
    client: workload.log.codes(({ isPatient }) => isPatient),
    plain: workload.log.codes(({ isPatient }) => !isPatient),
    operations: workload.history.length,
  });
  expect(workload.log.failures(({ isPatient }) => isPatient)).toEqual([]);
  expect(await faultsOf(cluster, workload)).toEqual([]);
});

test('nodes are killed in the middle of moves, and the moves come to their end', async () => {
  await using cluster = await ProcessCluster.start({ nodesMax: 4, flags: FLAGS });
  await fill(cluster);
  await using load = LoadRun.start(cluster, { seed: 12 });
  const { workload } = load;
  await join(cluster, 4);
  const killed: string[] = [];
  for (const whom of ['target', 'source', 'leader'] as const) {
    let name = '';
    await cluster.until('a move is under way', async () => {
      const { moves, moves_planned: planned } = await cluster.migration();
      const { leader } = await cluster.info();
      const move = moves.find(({ to, from }) => to !== undefined && from !== undefined);
      if (move === undefined) return killed.length > 0 && planned === 0 ? undefined : 'none';
      name = { target: move.to, source: move.from, leader }[whom] ?? '';
      return undefined;
    });
    if (name === '') break;
    killed.push(`${whom} ${name}`);
    const victim = cluster.node(cluster.numberOf(name));
    await victim.kill();
    await wait(2_000);
    victim.start();
    await victim.ready();
  }
  const end = await balanced(cluster, 4);
  await workload.stop();
  tell('killed in the middle of moves', {
    killed,
    ...end,
    client: workload.log.codes(({ isPatient }) => isPatient),
  });
  expect(killed).not.toEqual([]);
  expect(end.replicas).toEqual([12, 12, 12, 12]);
  expect(workload.log.failures(({ isPatient }) => isPatient)).toEqual([]);
  expect(await faultsOf(cluster, workload)).toEqual([]);
});

/** What else the third node answers; undefined: that it was removed. */
async function refusalOf3(cluster: ProcessCluster): Promise<string | undefined> {
  const search = { vector: Array.from({ length: DIMENSION }, () => 1), limit: 1 };
  try {
    await cluster.ask('/vectors/search', search, cluster.node(3));
    return 'it answers';
  } catch (error) {
    if (!/503.*was removed from its cluster/.test(String(error))) return String(error);
    const health = await grpcHealth(new URL(cluster.node(3).grpcUrl).host);
    return health === 'NOT_SERVING' ? undefined : health;
  }
}

/** Points that nobody changes, so that there is something to move. They lie away from those of the load. */
async function fill(cluster: ProcessCluster): Promise<void> {
  using asker = plainAsker(cluster.node(1).grpcUrl, 60_000);
  await cluster.createCollection('ballast');
  for (let first = 0; first < BALLAST; first += BATCH) {
    const points = Array.from({ length: BATCH }, (_, at) => ({
      id: first + at,
      vector: Float32Array.from({ length: DIMENSION }, (_, i) =>
        Math.sin((first + at + 1) * (i + 1)),
      ),
      payload: { filler: FILLER },
    }));
    const outcome = await asker.ask({ kind: 'upsert', collection: 'ballast', points });
    if (!outcome.ok) throw outcome.failure.error;
  }
}

async function join(cluster: ProcessCluster, number: number): Promise<void> {
  const node = cluster.start(number);
  await node.ready();
  await cluster.ask('/cluster/join', { node_id: node.name, address: '' });
}

/** Waits until so many nodes have equal shares, and looks on meanwhile. */
async function balanced(cluster: ProcessCluster, nodes: number) {
  const from = performance.now();
  const progress: number[] = [];
  await cluster.until(
    `${nodes} nodes have equal shares`,
    async () => {
      const {
        rebalancing,
        balanced,
        moves_planned: planned,
        nodes: rows,
      } = await cluster.rebalance();
      const { moves } = await cluster.migration();
      const left = planned + moves.length;
      if (progress.at(-1) !== left) progress.push(left);
      const holders = rows.filter(({ replicas }) => replicas > 0);
      const leaders = holders.map((row) => row.leaders);
      const isEven = Math.max(...leaders) - Math.min(...leaders) <= 1;
      const isDone = balanced && !rebalancing && left === 0 && holders.length === nodes && isEven;
      return isDone ? undefined : JSON.stringify({ rebalancing, balanced, left, rows });
    },
    BALANCED_MS_MAX,
  );
  const { nodes: rows } = await cluster.rebalance();
  const holders = rows.filter(({ replicas }) => replicas > 0);
  return {
    ms: Math.round(performance.now() - from),
    movesLeft: progress,
    replicas: holders.map(({ replicas }) => replicas).toSorted(ascending),
    leaders: holders.map(({ leaders }) => leaders).toSorted(ascending),
  };
}

const ascending = (a: number, b: number): number => a - b;

/** Replicas that nodes get, and what comes to them by the network. */
class MovedReplicas {
  readonly #cluster: ProcessCluster;
  readonly #tally: SnapshotTally;
  readonly #before: ReadonlySet<string>;

  private constructor(cluster: ProcessCluster, tally: SnapshotTally, before: ReadonlySet<string>) {
    this.#cluster = cluster;
    this.#tally = tally;
    this.#before = before;
  }

  static async begin(cluster: ProcessCluster): Promise<MovedReplicas> {
    await wait(SAMPLED_MS);
    return new MovedReplicas(cluster, await SnapshotTally.start(cluster), await places(cluster));
  }

  /** Replicas where there were none, snapshots that began to arrive, their bytes, and those of the ballast in so many replicas. */
  async end() {
    await wait(SAMPLED_MS);
    const after = await places(this.#cluster);
    const replicasMoved = [...after].filter((place) => !this.#before.has(place)).length;
    const { snapshots, bytes } = await this.#tally.taken();
    const bytesAtLeast = Math.round((replicasMoved * BALLAST * POINT_BYTES) / SHARD_COUNT);
    return { replicasMoved, snapshots, bytes, bytesAtLeast, ratio: bytes / bytesAtLeast };
  }
}

async function places(cluster: ProcessCluster): Promise<ReadonlySet<string>> {
  const shards = await cluster.shards();
  return new Set(
    shards.flatMap(({ shard, replicas }) => replicas.map((each) => `${shard} ${each.node_id}`)),
  );
}
