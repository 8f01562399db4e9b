import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryShardDisk } from '../../test/support/memory-shard-disk.ts';
import { seededRandom } from '../base/random.ts';
import { ShardReplicas } from './shard-replicas.ts';

const SHARD = 4;
const LAST = { term: 1, index: 3 };

const onDisk = (disk: MemoryShardDisk): ShardReplicas =>
  new ShardReplicas({ disk, shardCount: 16, random: seededRandom(9) });

/** Stages the shard's own state; its generation. */
async function stageItself(replicas: ShardReplicas, finish: boolean): Promise<number> {
  const { id, last } = await replicas.snapshot(SHARD);
  const generation = await replicas.stage(SHARD, last);
  await replicas.writeStaged(SHARD, generation, await replicas.readSnapshot(id, 0, 1e6));
  await replicas.closeSnapshot(id);
  if (finish) await replicas.finishStaged(SHARD, generation);
  return generation;
}

describe('the shards of a node on disk', () => {
  let disk: MemoryShardDisk;
  let replicas: ShardReplicas;

  beforeEach(async () => {
    disk = new MemoryShardDisk();
    replicas = onDisk(disk);
    const store = await replicas.open(SHARD, 0);
    const nothing = { journal: [], records: [], countDeltas: new Map() };
    await store.write({ ...nothing, last: LAST });
  });

  test('leave nothing of a state that was staged and does not count', async () => {
    await stageItself(replicas, true);
    await stageItself(replicas, false);
    expect(await disk.generations(SHARD)).toEqual([0, 1, 2]);
    const next = onDisk(disk);
    expect((await next.open(SHARD, 0)).appliedIndex).toBe(3);
    expect(await disk.generations(SHARD)).toEqual([0]);
    // Not a number that may be half deleted.
    expect(await stageItself(next, false)).toBe(3);
  });

  test('open no state that was not finished or never there, and make none of it', async () => {
    const half = await stageItself(replicas, false);
    for (const generation of [half, 9]) {
      const opened = onDisk(disk).open(SHARD, generation);
      await expect(opened).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    }
    await expect(replicas.activate(SHARD, 9)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    expect(await disk.generations(SHARD)).toEqual([0, half]);
  });

  test('have a lineage each, which stays', async () => {
    const first = replicas.stores.get(SHARD)?.lineage ?? 0;
    expect(first).toBeGreaterThan(0);
    expect((await onDisk(disk).open(SHARD, 0)).lineage).toBe(first);
    const second = await replicas.activate(SHARD, await stageItself(replicas, true));
    expect(second.lineage).not.toBe(first);
    expect(await disk.generations(SHARD)).toEqual([replicas.generationOf(SHARD)]);
    await replicas.destroy(SHARD);
    expect(await disk.generations(SHARD)).toEqual([]);
    expect((await replicas.open(SHARD, 0)).lineage).not.toBe(first);
  });
});
