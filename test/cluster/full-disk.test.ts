import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { ShardProbe } from '../support/cluster-process/workload/shard-probe.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';
import { smallDisk, takeRoom } from '../support/small-disk.ts';

const FULL_MS = sized(10_000, 30_000);
/** Longer than a node takes to end. */
const ENDING_MS = 5_000;
const DISK_MEBIBYTES = 192;
const FLAGS = ['--storage.min_free_disk_bytes=8000000'];
/** Room that is left: so few bytes that a node refuses writes, or so few that it cannot write at all. */
const LEFT_BYTES = [4_000_000, 0];

test.for(LEFT_BYTES)(
  'a node whose disk has %i bytes left harms nobody, and goes on when there is room again',
  async (leftBytes, { skip }) => {
    const why = await noSmallDisk();
    skip(why !== undefined, why);
    await using cluster = await ProcessCluster.start({
      flags: FLAGS,
      smallDisks: { 3: DISK_MEBIBYTES },
    });
    const full = cluster.node(3);
    await using probe = await ShardProbe.start(cluster);
    await using load = LoadRun.start(cluster, { seed: 21 });
    const { workload } = load;
    const { log } = workload;
    await wait(2_000);
    const at = performance.now();
    const giveBack = takeRoom(full.dataDirectory, leftBytes);
    await cluster.until('others lead in its place', async () => {
      const led = (await cluster.shards()).filter(({ primary }) => primary === full.name);
      return led.length === 0 ? undefined : `it leads ${led.length} shards`;
    });
    const ledByOthers = performance.now();
    await cluster.until('every shard is written while the disk is full', () => {
      const unwritten = probe.unwritten(ledByOthers).join(', ');
      const why = probe.failures.slice(-2).join('; ');
      return Promise.resolve(unwritten === '' ? undefined : `shards ${unwritten} are not: ${why}`);
    });
    await wait(FULL_MS);
    giveBack();
    const back = performance.now();
    // A node that could not write its log ends, perhaps only now, and is started again as any supervisor would.
    await wait(ENDING_MS);
    const didEnd = !full.isRunning;
    if (didEnd) full.start();
    await full.ready();
    await cluster.settled();
    const settledMs = performance.now() - back;
    await probe.stop();
    await workload.stop();
    const isOfFull = ({ asked }: { readonly asked: string }): boolean =>
      asked === full.restUrl || asked === full.grpcUrl;
    tell(`disk with ${leftBytes} bytes left`, {
      didEnd,
      ledByOthersMs: Math.round(ledByOthers - at),
      longestMsWithoutWriteOfAShard: Math.round(probe.longestGap(at, back)),
      settledMs: Math.round(settledMs),
      client: log.codes(({ isPatient }) => isPatient),
      full: log.codes(isOfFull),
      others: log.codes((request) => !request.isPatient && !isOfFull(request)),
      probeFailures: probe.failures.slice(0, 3),
    });
    expect(full.isRunning).toBe(true);
    expect(log.failures(({ isPatient }) => isPatient)).toEqual([]);
    expect(await faultsOf(cluster, workload)).toEqual([]);
  },
);

/** Why there can be no disk of its own here. */
async function noSmallDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'grape-disk-'));
  const disk = smallDisk(folder, 1);
  if (typeof disk !== 'string') disk[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
  return typeof disk === 'string' ? disk : undefined;
}
