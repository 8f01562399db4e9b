import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { ShardProbe } from '../support/cluster-process/workload/shard-probe.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import type { LoggedRequest } from '../support/cluster-process/workload/request-log.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

const DOWN_MS = sized(4_000, 10_000);
/** Far more than an election takes: a machine may be busy, and the figure is told. */
const GAP_MS_MAX = 15_000;
const RETRYABLE = [
  'OK',
  'UNSENT',
  'UNANSWERED',
  'NOT_READY',
  'UNAVAILABLE',
  'NOT_LEADER',
  'SHUTTING_DOWN',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'OUTCOME_UNKNOWN',
];

test('each node is killed in turn, the leader of the catalog among them, and nobody notices', async () => {
  await using cluster = await ProcessCluster.start();
  await using probe = await ShardProbe.start(cluster);
  await using load = LoadRun.start(cluster, { seed: 1 });
  const { workload } = load;
  const { log } = workload;
  await wait(2_000);
  const killedLeaders: string[] = [];
  for (const number of [1, 2, 3]) {
    const { leader = '' } = await cluster.info();
    // The leader first, then who led since.
    const name = number === 1 ? leader : `node-${(cluster.numberOf(leader) % 3) + 1}`;
    const victim = cluster.node(number === 3 ? cluster.numberOf(leader) : cluster.numberOf(name));
    if (victim.name === leader) killedLeaders.push(leader);
    const at = performance.now();
    await victim.kill();
    await wait(DOWN_MS);
    const back = performance.now();
    cluster.start(cluster.numberOf(victim.name));
    await victim.ready();
    const readyMs = performance.now() - back;
    await cluster.settled();
    const isOther = ({ asked }: LoggedRequest): boolean =>
      asked !== victim.restUrl && asked !== victim.grpcUrl;
    const localsElsewhere = (each: LoggedRequest): boolean =>
      each.what === 'local' && !each.isPatient && isOther(each) && each.startMs > at;
    tell(`killed ${victim.name}`, {
      wasLeader: victim.name === leader,
      longestMsWithoutWriteOfAShard: Math.round(probe.longestGap(at, back)),
      longestMsWithoutWrite: Math.round(log.longestGap(({ what }) => what === 'write', at, back)),
      longestMsWithoutLocalSearch: Math.round(log.longestGap(localsElsewhere, at, back)),
      readyMs: Math.round(readyMs),
      settledMs: Math.round(performance.now() - back),
    });
    expect(probe.longestGap(at, back)).toBeLessThan(GAP_MS_MAX);
    expect(log.failures(localsElsewhere)).toEqual([]);
  }
  await probe.stop();
  await workload.stop();
  tell('kills', {
    leaders: killedLeaders,
    client: log.codes((r) => r.isPatient),
    plain: log.codes((r) => !r.isPatient),
    operations: workload.history.length,
  });
  expect(probe.failures).toEqual([]);
  expect(log.failures((request) => request.isPatient)).toEqual([]);
  expect(log.failures((request) => !RETRYABLE.includes(request.code))).toEqual([]);
  expect(await faultsOf(cluster, workload)).toEqual([]);
});
