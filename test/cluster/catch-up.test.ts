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
/** Of a point in a snapshot: payload, vector, id, and what is around them; twice as much would be everything sent again. */
const POINT_BYTES_MAX = PAYLOAD_BYTES + 250;
const BYTES_PER_SECOND = sized(2_000_000, 10_000_000);
const CUTS = 2;
/** One shard, so that all entries are of one log; which keeps few of them. */
const FLAGS = [
  '--sharding.shard_count=1',
  '--raft.log_compaction_threshold=1000',
  '--raft.snapshot_interval=100',
];

test('a node far behind catches up by a snapshot whose way is cut twice, and no part is sent again', async () => {
  await using cluster = await ProcessCluster.start({ flags: FLAGS });
  const { links } = cluster;
  if (links === undefined) throw new Error('nodes are linked directly');
  const late = cluster.node(3);
  await late.kill();
  const from = performance.now();
  await writeEntries(cluster.node(1).grpcUrl);
  const writtenMs = performance.now() - from;
  links.slow(3, { bytesPerSecond: BYTES_PER_SECOND });
  const before = sentTo3(links);
  const back = performance.now();
  cluster.start(3);
  const cutAt: number[] = [];
  for (let cuts = 1; cuts <= CUTS; cuts += 1) {
    // Each cut comes when some more of it is there.
    const enough = before + (cuts * (ENTRIES * PAYLOAD_BYTES)) / 5;
    await cluster.until('part of the snapshot is there', async () =>
      sentTo3(links) >= enough ? undefined : `${sentTo3(links)} of ${enough} bytes`,
    );
    cutAt.push(sentTo3(links) - before);
    links.isolate([3]);
    links.reset(1, 3);
    links.reset(2, 3);
    await wait(1_000);
    links.heal();
    links.slow(3, { bytesPerSecond: BYTES_PER_SECOND });
  }
  await late.ready();
  await cluster.until('all replicas are whole', async () => {
    const [shard] = await cluster.shards();
    const points = shard?.replicas.map((each) => (each.is_indexed ? each.points : 0)) ?? [];
    return points.every((each) => each === ENTRIES) ? undefined : points.join(', ');
  });
  const bytes = sentTo3(links) - before;
  const caughtUpMs = performance.now() - back;
  const metrics = await raftMetrics(cluster);
  tell('caught up by a snapshot', {
    entries: ENTRIES,
    writtenMs: Math.round(writtenMs),
    caughtUpMs: Math.round(caughtUpMs),
    cutAt,
    bytes,
    bytesOfPayloads: ENTRIES * PAYLOAD_BYTES,
    metrics,
  });
  expect(bytes).toBeLessThan(ENTRIES * POINT_BYTES_MAX);
});

async function writeEntries(url: string): Promise<void> {
  using asker = plainAsker(url, 60_000);
  const filler = 'x'.repeat(PAYLOAD_BYTES);
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < ENTRIES) {
      const id = next++;
      const point = { id, vector: vectorOf(1, `v${id % 1_000}`), payload: { filler } };
      const outcome = await asker.ask({ kind: 'upsert', points: [point] });
      if (!outcome.ok) throw outcome.failure.error;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
}

const sentTo3 = (links: NodeLinks): number => links.bytes(1, 3) + links.bytes(2, 3);

/** What nodes count of snapshots. */
async function raftMetrics(cluster: ProcessCluster): Promise<readonly string[]> {
  const lines = await Promise.all(
    cluster.started.map(async (node) => {
      const answer = await fetch(`http://127.0.0.1:${node.raftPort}/raft/metrics`);
      const text = await answer.text();
      const told = text.split('\n').filter((line) => /^grape\w*(snapshot|chunk)/.test(line));
      return told.map((line) => `${node.name} ${line}`);
    }),
  );
  return lines.flat();
}
