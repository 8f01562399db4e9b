import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { NodeLinks } from '../support/cluster-process/node-links.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { plainAsker } from '../support/cluster-process/workload/asker.ts';
import { vectorOf } from '../support/cluster-process/workload/point-vectors.ts';

const ENTRIES = sized(10_000, 100_000);
const CALLERS = 32;
/** Makes a snapshot of some megabytes, and its way some seconds long. */
const PAYLOAD_BYTES = 500;
/** What may be lost on its way at a cut, and what else nodes tell each other meanwhile. */
const BYTES_BESIDE_MAX = 300_000;
const BYTES_PER_SECOND = sized(2_000_000, 10_000_000);
const CUTS = 2;
/** One shard, so that all entries are of one log; which keeps few of them. */
const FLAGS = [
  '--sharding.shard_count=1',
  '--raft.log_compaction_threshold=1000',
  '--raft.snapshot_interval=100',
  // Small parts: the one that is on its way at a cut is lost.
  '--sharding.migration_batch_size=16',
];

test('a node far behind catches up by a snapshot whose way is cut twice, and no part is sent again', async () => {
  await using cluster = await ProcessCluster.start({ flags: FLAGS });
  const whole = await caughtUp(cluster, 0);
  tell('caught up by a snapshot', { entries: ENTRIES, ...whole });
  const cut = await caughtUp(cluster, CUTS);
  tell('caught up by a snapshot that was cut', { entries: ENTRIES, ...cut });
  expect(cut.cutAt).toHaveLength(CUTS);
  expect(cut.bytes).toBeLessThan(whole.bytes + BYTES_BESIDE_MAX);
});

/** Ends a node, writes every point again, and starts it; what was sent until it had them all. The way is cut so often in between. */
async function caughtUp(cluster: ProcessCluster, cuts: number) {
  const { links } = cluster;
  if (links === undefined) throw new Error('nodes are linked directly');
  const late = cluster.node(3);
  await late.kill();
  const from = performance.now();
  await writeEntries(cluster.node(1).grpcUrl, cuts);
  const writtenMs = performance.now() - from;
  links.slow(3, { bytesPerSecond: BYTES_PER_SECOND });
  const before = sentTo3(links);
  const back = performance.now();
  cluster.start(3);
  const cutAt: number[] = [];
  while (cutAt.length < cuts) {
    // Each cut comes when some more of it is there.
    const enough = before + ((cutAt.length + 1) * ENTRIES * PAYLOAD_BYTES) / 5;
    await cluster.until('part of the snapshot is there', async () =>
      sentTo3(links) >= enough ? undefined : `${sentTo3(links)} of ${enough} bytes`,
    );
    links.isolate([3]);
    cutAt.push(sentTo3(links) - before);
    links.reset(1, 3);
    links.reset(2, 3);
    await wait(1_000);
    links.heal();
    links.slow(3, { bytesPerSecond: BYTES_PER_SECOND });
  }
  await late.ready();
  await cluster.until('all replicas are whole', async () => {
    const [shard] = await cluster.shards();
    const missing = shard?.replicas.map((each) =>
      each.is_indexed && each.points === ENTRIES ? (each.entries_behind ?? 0) : ENTRIES,
    ) ?? [ENTRIES];
    return missing.every((each) => each === 0) ? undefined : `missing: ${missing.join(', ')}`;
  });
  const bytes = sentTo3(links) - before;
  links.heal();
  const caughtUpMs = Math.round(performance.now() - back);
  return { writtenMs: Math.round(writtenMs), caughtUpMs, cutAt, bytes };
}

async function writeEntries(url: string, round: number): Promise<void> {
  using asker = plainAsker(url, 60_000);
  const filler = 'x'.repeat(PAYLOAD_BYTES);
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < ENTRIES) {
      const id = next++;
      const point = { id, vector: vectorOf(1, `v${id % 1_000}`), payload: { filler, round } };
      const outcome = await asker.ask({ kind: 'upsert', points: [point] });
      if (!outcome.ok) throw outcome.failure.error;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
}

const sentTo3 = (links: NodeLinks): number => links.bytes(1, 3) + links.bytes(2, 3);
