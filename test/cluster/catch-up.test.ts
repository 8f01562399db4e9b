import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { NodeLinks } from '../support/cluster-process/node-links.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { patientAsker } from '../support/cluster-process/workload/asker.ts';
import { vectorOf } from '../support/cluster-process/workload/point-vectors.ts';

const ENTRIES = sized(10_000, 100_000);
const CALLERS = sized(32, 128);
const WHOLE_MS_MAX = sized(120_000, 900_000);
/** Makes a snapshot of some megabytes, and its way some seconds long. */
const PAYLOAD_BYTES = 500;
const BYTES_PER_SECOND = sized(2_000_000, 10_000_000);
const CUTS = 2;
const GROUP = 'shard-0';
/** Small, so that there are many: the one that is on its way at a cut is lost. */
const CHUNK_KIBIBYTES = 16;
/** One shard, so that all entries are of one log; which keeps few of them. */
const FLAGS = [
  '--sharding.shard_count=1',
  '--raft.log_compaction_threshold=1000',
  '--raft.snapshot_interval=100',
  `--sharding.migration_batch_size=${CHUNK_KIBIBYTES}`,
  '--monitoring.metrics_interval_secs=1',
];

test('a node far behind catches up by a snapshot whose way is cut twice, and no chunk is transferred again', async () => {
  await using cluster = await ProcessCluster.start({ flags: FLAGS });
  const caught = await caughtUp(cluster);
  tell('caught up by a snapshot that was cut', { entries: ENTRIES, ...caught });
  const { begun, taken, repeated, distinct, sent, unanswered } = caught;
  expect(caught.cutAt).toHaveLength(CUTS);
  expect({ begun, taken, repeated }).toEqual({ begun: 1, taken: distinct, repeated: 0 });
  // What a cut caught on its way arrived or did not; only where it did not is it sent again.
  expect(unanswered).toBeLessThanOrEqual(CUTS);
  expect(sent).toBeLessThanOrEqual(distinct + unanswered);
});

/** Ends a node, writes points, and starts it; what was sent until it had them all. The way is cut in between. */
async function caughtUp(cluster: ProcessCluster) {
  const { links } = cluster;
  if (links === undefined) throw new Error('nodes are linked directly');
  const late = cluster.node(3);
  await late.kill();
  const from = performance.now();
  await writeEntries(cluster.node(1).grpcUrl);
  const writtenMs = performance.now() - from;
  links.slow(3, { bytesPerSecond: BYTES_PER_SECOND });
  const before = sentTo3(links);
  const sentBefore = await chunksSent(cluster);
  const back = performance.now();
  cluster.start(3);
  const cutAt: number[] = [];
  while (cutAt.length < CUTS) {
    // Each cut comes when some more of it is there.
    const enough = before + ((cutAt.length + 1) * ENTRIES * PAYLOAD_BYTES) / 5;
    await cluster.until(
      'part of the snapshot is there',
      async () => (sentTo3(links) >= enough ? undefined : `${sentTo3(links)} of ${enough} bytes`),
      WHOLE_MS_MAX,
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
  await cluster.until('all replicas are whole', () => missingEntries(cluster), WHOLE_MS_MAX);
  const bytes = sentTo3(links) - before;
  links.heal();
  const caughtUpMs = Math.round(performance.now() - back);
  const chunks = await chunksOf(cluster, sentBefore);
  return { writtenMs: Math.round(writtenMs), caughtUpMs, cutAt, bytes, ...chunks };
}

/** What replicas of the shard lack; undefined: nothing. */
async function missingEntries(cluster: ProcessCluster): Promise<string | undefined> {
  const [shard] = await cluster.shards();
  const missing = shard?.replicas.map((each) =>
    each.is_indexed && each.points === ENTRIES ? (each.entries_behind ?? 0) : ENTRIES,
  ) ?? [ENTRIES];
  return missing.every((each) => each === 0) ? undefined : `missing: ${missing.join(', ')}`;
}

async function writeEntries(url: string): Promise<void> {
  // It writes again what was under way to the node that ends: the same point, whether that was written or not.
  using asker = patientAsker([url]);
  const filler = 'x'.repeat(PAYLOAD_BYTES);
  const left = Array.from({ length: ENTRIES }, (_, at) => ENTRIES - 1 - at);
  const call = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const point = { id, vector: vectorOf(1, `v${id % 1_000}`), payload: { filler } };
      const outcome = await asker.ask({ kind: 'upsert', points: [point] });
      if (outcome.ok) continue;
      const { error } = outcome.failure;
      if (error.code !== 'OUTCOME_UNKNOWN') throw error;
      left.push(id);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
}

interface ChunksSent {
  readonly sent: number;
  readonly unanswered: number;
}

/** By the two nodes that may lead, since they began. */
async function chunksSent(cluster: ProcessCluster): Promise<ChunksSent> {
  let [sent, unanswered] = [0, 0];
  for (const number of [1, 2]) {
    const metrics = await cluster.node(number).raftMetrics();
    sent += metrics.get(nameOf('snapshot_chunks_sent')) ?? 0;
    unanswered += metrics.get(nameOf('snapshot_chunks_unanswered')) ?? 0;
  }
  return { sent, unanswered };
}

/** What went to the node that was started, by what the nodes count, as soon as the counts of both sides are of after the end. */
async function chunksOf(cluster: ProcessCluster, before: ChunksSent) {
  const counts = { ...before, begun: 0, taken: 0, repeated: 0, distinct: 0 };
  await cluster.until('the counts of chunks are there', async () => {
    const after = await chunksSent(cluster);
    const metrics = await cluster.node(3).raftMetrics();
    const count = (what: string): number => metrics.get(nameOf(what)) ?? 0;
    counts.sent = after.sent - before.sent;
    counts.unanswered = after.unanswered - before.unanswered;
    counts.begun = count('snapshots_begun');
    counts.taken = count('snapshot_chunks_taken');
    counts.repeated = count('snapshot_chunks_repeated');
    // The last one is shorter than the others, and empty where nothing is left for it.
    counts.distinct = Math.floor(count('snapshot_taken_bytes') / (CHUNK_KIBIBYTES * 1024)) + 1;
    if (count('snapshots_taken') === 0) return 'no snapshot was taken';
    return counts.sent >= counts.taken ? undefined : JSON.stringify(counts);
  });
  return counts;
}

const nameOf = (what: string): string => `grape_raft_${what}_total{group="${GROUP}"}`;

const sentTo3 = (links: NodeLinks): number => links.bytes(1, 3) + links.bytes(2, 3);
