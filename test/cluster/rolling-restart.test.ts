import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { tell } from '../support/cluster-process/run-size.ts';
import { ShardProbe } from '../support/cluster-process/workload/shard-probe.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

test('all nodes are restarted one after the other under load, and no request of the client fails', async () => {
  await using cluster = await ProcessCluster.start();
  await using probe = await ShardProbe.start(cluster);
  await using load = LoadRun.start(cluster, { seed: 3 });
  const { workload } = load;
  const { log } = workload;
  const from = performance.now();
  for (const number of [1, 2, 3]) {
    await wait(1_000);
    const node = cluster.node(number);
    const at = performance.now();
    expect(await node.stop()).toBe(0);
    const stoppedMs = Math.round(performance.now() - at);
    cluster.start(number);
    await node.ready();
    await cluster.settled();
    tell(`restarted ${node.name}`, {
      stoppedMs,
      settledMs: Math.round(performance.now() - at),
      longestMsWithoutWriteOfAShard: Math.round(probe.longestGap(at, performance.now())),
    });
  }
  await probe.stop();
  await workload.stop();
  const slow = log.requests.filter(({ startMs, endMs }) => endMs - startMs > 1_000).length;
  tell('rolling restart', {
    ms: Math.round(performance.now() - from),
    client: log.codes((request) => request.isPatient),
    plain: log.codes((request) => !request.isPatient),
    slowerThanASecond: slow,
  });
  expect(probe.failures).toEqual([]);
  expect(log.failures((request) => request.isPatient)).toEqual([]);
  expect(await faultsOf(cluster, workload)).toEqual([]);
});
