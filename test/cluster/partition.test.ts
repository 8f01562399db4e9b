import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { plainAsker } from '../support/cluster-process/workload/asker.ts';
import { directionOf } from '../support/cluster-process/workload/point-vectors.ts';
import { ShardProbe } from '../support/cluster-process/workload/shard-probe.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

const CUT_MS = sized(8_000, 20_000);

test('a node that is cut off refuses what it cannot vouch for, and is back by itself', async () => {
  await using cluster = await ProcessCluster.start();
  const { links } = cluster;
  if (links === undefined) throw new Error('nodes are linked directly');
  await using probe = await ShardProbe.start(cluster);
  await using load = LoadRun.start(cluster, { seed: 7 });
  const { workload } = load;
  const { log } = workload;
  await wait(2_000);
  // On a busy machine the catalog may be without one for a moment.
  let leader = '';
  await cluster.until('the catalog has a leader', async () => {
    leader = (await cluster.info()).leader ?? '';
    return leader === '' ? 'nobody leads it' : undefined;
  });
  const alone = cluster.node(cluster.numberOf(leader));
  const at = performance.now();
  links.isolate([cluster.numberOf(leader)]);
  // It knows by now that nobody follows it: what is asked from now on is refused, not left open.
  await wait(CUT_MS / 2);
  const refused = await askEverything(alone.restUrl);
  const refusedGrpc = await askEverything(alone.grpcUrl);
  await wait(CUT_MS / 2);
  const back = performance.now();
  links.heal();
  await cluster.settled();
  const settledMs = performance.now() - back;
  await probe.stop();
  await workload.stop();
  const others = cluster.started.filter((node) => node !== alone);
  const askedOthers = ({ asked }: { readonly asked: string }): boolean =>
    others.some((node) => asked === node.restUrl || asked === node.grpcUrl);
  tell('cut off', {
    wasLeader: true,
    longestMsWithoutWriteOfAShard: Math.round(probe.longestGap(at, back)),
    refused,
    refusedGrpc,
    settledMs: Math.round(settledMs),
    client: log.codes((r) => r.isPatient),
    others: log.codes((r) => !r.isPatient && askedOthers(r)),
    alone: log.codes((r) => !r.isPatient && !askedOthers(r)),
  });
  for (const answers of [refused, refusedGrpc]) {
    expect(answers).toEqual({ write: 'UNAVAILABLE', search: 'UNAVAILABLE', local: 'OK' });
  }
  expect(probe.failures).toEqual([]);
  expect(log.failures((request) => request.isPatient)).toEqual([]);
  expect(await faultsOf(cluster, workload)).toEqual([]);
});

/** How a write and reads end; the write is of a point that nobody else knows. */
async function askEverything(url: string) {
  using asker = plainAsker(url, 15_000);
  const vector = directionOf(0);
  const code = async (asked: ReturnType<typeof asker.ask>): Promise<string> => {
    const outcome = await asked;
    if (outcome.ok) return 'OK';
    return outcome.failure.kind === 'answered' ? outcome.failure.error.code : 'UNANSWERED';
  };
  const [write, search, local] = await Promise.all([
    code(asker.ask({ kind: 'delete', selector: { ids: ['nobody'] } })),
    code(asker.ask({ kind: 'search', vector, limit: 1 })),
    code(asker.ask({ kind: 'search', vector, limit: 1, consistency: 'local' })),
  ]);
  return { write, search, local };
}
