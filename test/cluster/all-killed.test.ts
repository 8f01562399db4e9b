import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

const ROUNDS = sized(2, 20);
const LOAD_MS = 2_000;

test('all nodes are killed at once under load, and everything acknowledged is back', async () => {
  await using cluster = await ProcessCluster.start();
  await using load = LoadRun.start(cluster, { seed: 100, by: 'plain' });
  const { workload } = load;
  const backMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await wait(LOAD_MS);
    await Promise.all(cluster.started.map((node) => node.kill()));
    await workload.stop();
    const from = performance.now();
    for (const number of [1, 2, 3]) cluster.start(number);
    await Promise.all(cluster.started.map((node) => node.ready()));
    expect(await faultsOf(cluster, workload)).toEqual([]);
    backMs.push(Math.round(performance.now() - from));
    workload.start();
  }
  await workload.stop();
  tell('all killed at once', {
    rounds: ROUNDS,
    operations: workload.history.length,
    unknown: workload.history.filter(({ returned }) => returned === undefined).length,
    backMs,
  });
});
