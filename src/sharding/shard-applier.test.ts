import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { testEdits, upsert } from '../../test/support/shard-commands.ts';
import { VectorDbError } from '../base/error.ts';
import { encodePointId } from '../base/point-id.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { digestShard } from '../storage/shard-digest.ts';
import { ShardStore } from '../storage/shard-store.ts';
import type { PointMutation } from './point-mutation.ts';
import { ShardApplier } from './shard-applier.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';

const COLLECTION = 7;
const codec = new ShardCommandCodec();
const id = (n: number): Uint8Array => encodePointId(n, 'id', 512);
const entry = (shard: number, index: number, point: number) => ({
  shard,
  index,
  command: codec.encode(upsert(COLLECTION, { [point]: { index } })),
});

async function node(shardCount: number) {
  const disks = Array.from({ length: shardCount }, () => new FailingStore(new MemoryStore()));
  const stores = new Map<number, ShardStore>();
  for (const [shard, store] of disks.entries()) {
    stores.set(shard, await ShardStore.open({ store, shard, shardCount }));
  }
  let full = false;
  const survived: PointMutation[] = [];
  const applier = new ShardApplier({
    stores,
    onSurvived: async (mutations) => void survived.push(...mutations),
    edits: testEdits,
    onRefused: () => {},
    assertRoom: () => {
      if (full) throw new VectorDbError('DISK_FULL', 'the disk is full');
    },
  });
  const store = (shard: number): ShardStore => stores.get(shard) as ShardStore;
  return { disks, applier, store, survived, setFull: (value: boolean) => (full = value) };
}

describe('the shard applier', () => {
  test('applies a batch to all shards it touches and answers in the order of the batch', async () => {
    const { applier, store } = await node(3);
    const applied = await applier.apply([entry(2, 1, 20), entry(0, 1, 1), entry(2, 2, 21)]);
    expect(applied.outcomes).toEqual([
      { kind: 'applied', result: { index: 1, changed: 1 } },
      { kind: 'applied', result: { index: 1, changed: 1 } },
      { kind: 'applied', result: { index: 2, changed: 1 } },
    ]);
    expect(applied.appliedIndexes).toEqual(
      new Map([
        [2, 2],
        [0, 1],
      ]),
    );
    expect(applied.mutations.map(({ shard, key }) => [shard, key[8]])).toEqual([
      [2, 20],
      [2, 21],
      [0, 1],
    ]);
    expect([0, 1, 2].map((shard) => store(shard).count(COLLECTION))).toEqual([1, 0, 2]);
  });

  test('batches given together are applied one after another', async () => {
    const { applier, store } = await node(1);
    await Promise.all([1, 2, 3].map((index) => applier.apply([entry(0, index, index)])));
    expect(store(0).appliedIndex).toBe(3);
  });

  test('a refused command takes its index and the rest goes on', async () => {
    const { applier, store } = await node(1);
    const bad = { shard: 0, index: 1, command: Uint8Array.of(0xc1) };
    const { outcomes } = await applier.apply([bad, entry(0, 2, 5)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'applied']);
    expect(store(0).appliedIndex).toBe(2);
  });

  test('a shard that cannot be written fails alone and takes no index', async () => {
    const { applier, disks, store } = await node(2);
    (disks[0] as FailingStore).failsAt = () => true;
    const { outcomes, appliedIndexes, mutations } = await applier.apply([
      entry(0, 1, 1),
      entry(1, 1, 2),
      entry(0, 2, 3),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'applied', 'failed']);
    expect(appliedIndexes.get(0)).toBe(0);
    expect(mutations).toHaveLength(1);
    const next = await applier.apply([entry(0, 3, 4), entry(1, 2, 5)]);
    expect(next.outcomes.map(({ kind }) => kind)).toEqual(['failed', 'applied']);
    await expect(applier.probe()).rejects.toMatchObject({ code: 'DISK_FULL' });
    (disks[0] as FailingStore).failsAt = () => false;
    expect(await applier.probe()).toEqual(
      new Map([
        [0, 0],
        [1, 2],
      ]),
    );
    await applier.apply([entry(0, 1, 1)]);
    expect(store(0).count(COLLECTION)).toBe(1);
  });

  test('writes nothing while there is no room, nor what comes behind a write that failed', async () => {
    const { applier, setFull, disks } = await node(1);
    const writes = disks[0]?.writes;
    setFull(true);
    const first = await applier.apply([entry(0, 1, 1)]);
    expect(first.outcomes).toMatchObject([{ kind: 'failed', error: { code: 'DISK_FULL' } }]);
    await expect(applier.probe()).rejects.toMatchObject({ code: 'DISK_FULL' });
    setFull(false);
    const second = await applier.apply([entry(0, 2, 2)]);
    expect(second.outcomes).toMatchObject([{ kind: 'failed', error: { code: 'STORAGE_FAILED' } }]);
    expect(disks[0]?.writes).toBe(writes);
    expect((await applier.apply([entry(0, 1, 1)])).outcomes[0]?.kind).toBe('applied');
  });

  test('a probe tells of writes that survived their failure', async () => {
    const { applier, disks, store, survived } = await node(1);
    const disk = disks[0] as FailingStore;
    await applier.apply([entry(0, 1, 1)]);
    // The batch arrives and the error does too, as when the disk fails in the flush after the write.
    disk.failsAfter = (write) => write === disk.writes - 1 && disk.reopenings === 0;
    disk.failsAt = () => disk.reopenings === 0 && store(0).failure !== undefined;
    const { outcomes } = await applier.apply([entry(0, 2, 2)]);
    expect(outcomes[0]?.kind).toBe('failed');
    expect(store(0).appliedIndex).toBe(1);
    expect(await applier.probe()).toEqual(new Map([[0, 2]]));
    expect(survived.map(({ key, record }) => [key[8], record?.version])).toEqual([[2, 2]]);
    expect((await applier.apply([entry(0, 3, 3)])).outcomes[0]?.kind).toBe('applied');
  });

  test('applies what was applied before no second time', async () => {
    const { applier, store } = await node(1);
    await applier.apply([entry(0, 1, 1)]);
    const again = await applier.apply([entry(0, 1, 9), entry(0, 2, 2)]);
    expect(again.outcomes.map(({ kind }) => kind)).toEqual(['skipped', 'applied']);
    expect(store(0).get(COLLECTION, id(9))).toBeUndefined();
  });

  test('whenever the disk fails, what was acknowledged is there and nothing else is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (batches, everyNth) => {
          const { applier, disks, store } = await node(4);
          for (const disk of disks) disk.failsAt = (write) => write % everyNth === everyNth - 1;
          const expected = [0, 1, 2, 3].map(() => new Set<number>());
          let point = 0;
          for (const shards of batches) {
            const next = [0, 1, 2, 3].map((shard) => store(shard).appliedIndex);
            const entries = shards.map((shard) => {
              next[shard] = (next[shard] as number) + 1;
              point += 1;
              return entry(shard, next[shard], point);
            });
            const first = point - shards.length + 1;
            const { outcomes } = await applier.apply(entries);
            for (const [i, outcome] of outcomes.entries()) {
              if (outcome.kind === 'applied') expected[shards[i] as number]?.add(first + i);
            }
            await applier.probe().catch(() => undefined);
          }
          for (const [shard, points] of expected.entries()) {
            const reopened = await ShardStore.open({
              store: disks[shard] as FailingStore,
              shard,
              shardCount: 4,
            });
            const found = await reopened.scan(COLLECTION, undefined, 1_000);
            expect(found.map(({ key }) => Number(Buffer.from(key).readBigUInt64BE(1)))).toEqual([
              ...points,
            ]);
            expect(reopened.appliedIndex).toBe(points.size);
            expect((await digestShard(reopened)).records).toBe(points.size);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
