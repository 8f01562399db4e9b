import { describe, expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { testEdits, upsert } from '../../test/support/shard-commands.ts';
import { VectorDbError } from '../base/error.ts';
import { encodePointId } from '../base/point-id.ts';
import { recordKey } from '../storage/keyspace.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { ShardStore } from '../storage/shard-store.ts';
import type { PointMutation } from './point-mutation.ts';
import { ShardApplier } from './shard-applier.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';
import { decodeShardResult } from './shard-result-codec.ts';
import type { ShardStep, StepOutcome } from './shard-step.ts';

const COLLECTION = 7;
const codec = new ShardCommandCodec();
const id = (n: number): Uint8Array => encodePointId(n, 'id', 512);
const bytes = (point: number): Uint8Array => codec.encode(upsert(COLLECTION, { [point]: {} }));

/** A step that puts points, each by a command of its own, from the index after `previous` on. */
function step(shard: number, previous: number, points: readonly number[]): ShardStep {
  const commands = points.map((point, at) => ({
    index: previous + 1 + at,
    command: bytes(point),
  }));
  const index = previous + points.length;
  return { shard, previous, commands, last: { term: 2, index }, rows: [] };
}

/** Changed points, or the error's code, of each command. */
function changed(outcome: StepOutcome | undefined): unknown {
  if (outcome === undefined || outcome.kind === 'failed') return outcome?.error.code;
  return outcome.results.map((result) => {
    const decoded = decodeShardResult(result);
    return decoded.kind === 'applied' ? decoded.result.changed : decoded.error.code;
  });
}

async function node(shardCount: number) {
  const disks = Array.from({ length: shardCount }, () => new FailingStore(new MemoryStore()));
  const stores = new Map<number, ShardStore>();
  let full = false;
  const survived: PointMutation[] = [];
  const applier = new ShardApplier({
    onSurvived: async (mutations) => void survived.push(...mutations),
    edits: testEdits,
    onRefused: () => {},
    assertRoom: () => {
      if (full) throw new VectorDbError('DISK_FULL', 'the disk is full');
    },
  });
  for (const [shard, store] of disks.entries()) {
    stores.set(shard, await ShardStore.open({ store, shard, shardCount }));
    applier.open(stores.get(shard) as ShardStore);
  }
  const store = (shard: number): ShardStore => stores.get(shard) as ShardStore;
  return { disks, applier, store, survived, setFull: (value: boolean) => (full = value) };
}

describe('the shard applier', () => {
  test('applies steps to all shards they touch and answers in their order', async () => {
    const { applier, store } = await node(3);
    const applied = await applier.apply([step(2, 0, [20, 21]), step(0, 0, [1])]);
    expect(applied.outcomes.map(changed)).toEqual([[1, 1], [1]]);
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

  test('steps given together are applied one after another', async () => {
    const { applier, store } = await node(1);
    await Promise.all([1, 2, 3].map((index) => applier.apply([step(0, index - 1, [index])])));
    expect(store(0).appliedIndex).toBe(3);
  });

  test('a refused command takes its index and the rest goes on', async () => {
    const { applier, store } = await node(1);
    const commands = [
      { index: 1, command: Uint8Array.of(0xc1) },
      { index: 2, command: bytes(5) },
    ];
    const { outcomes } = await applier.apply([{ ...step(0, 0, [1, 2]), commands }]);
    expect(outcomes.map(changed)).toEqual([['DATA_CORRUPT', 1]]);
    expect(store(0).appliedIndex).toBe(2);
  });

  test('keeps the entry it has come to, and the rows of the host with the results they ask for', async () => {
    const { applier, store } = await node(1);
    const rows = [
      { key: 'a', value: Uint8Array.of(1) },
      { key: 'result', value: { resultOf: 0 } },
    ];
    const last = { term: 3, index: 9 };
    const { outcomes } = await applier.apply([{ ...step(0, 0, [1]), last, rows }]);
    const results = outcomes[0]?.kind === 'applied' ? outcomes[0].results : [];
    expect(await store(0).hostRows()).toEqual(
      new Map([
        ['a', Uint8Array.of(1)],
        ['result', results[0]],
      ]),
    );
    expect([store(0).appliedTerm, store(0).appliedIndex]).toEqual([3, 9]);
    const next = { ...step(0, 9, []), last: { term: 3, index: 10 } };
    await applier.apply([{ ...next, rows: [{ key: 'a', value: undefined }] }]);
    expect([...(await store(0).hostRows()).keys()]).toEqual(['result']);
  });

  test('a shard that cannot be written fails alone and takes no index', async () => {
    const { applier, disks, store } = await node(2);
    (disks[0] as FailingStore).failsAt = () => true;
    const { outcomes, appliedIndexes, mutations } = await applier.apply([
      step(0, 0, [1, 3]),
      step(1, 0, [2]),
    ]);
    expect(outcomes.map(changed)).toEqual(['DISK_FULL', [1]]);
    expect(appliedIndexes.get(0)).toBe(0);
    expect(mutations).toHaveLength(1);
    const next = await applier.apply([step(0, 2, [4]), step(1, 1, [5])]);
    expect(next.outcomes.map(changed)).toEqual(['DISK_FULL', [1]]);
    await expect(applier.probe()).rejects.toMatchObject({ code: 'DISK_FULL' });
    (disks[0] as FailingStore).failsAt = () => false;
    expect(await applier.probe()).toEqual(
      new Map([
        [0, 0],
        [1, 2],
      ]),
    );
    await applier.apply([step(0, 0, [1, 3])]);
    expect(store(0).count(COLLECTION)).toBe(2);
  });

  test('writes nothing while there is no room, nor what comes behind a write that failed', async () => {
    const { applier, setFull, disks } = await node(1);
    const writes = disks[0]?.writes;
    setFull(true);
    const first = await applier.apply([step(0, 0, [1])]);
    expect(first.outcomes.map(changed)).toEqual(['DISK_FULL']);
    await expect(applier.probe()).rejects.toMatchObject({ code: 'DISK_FULL' });
    setFull(false);
    const second = await applier.apply([step(0, 1, [2])]);
    expect(second.outcomes.map(changed)).toEqual(['STORAGE_FAILED']);
    expect(disks[0]?.writes).toBe(writes);
    expect((await applier.apply([step(0, 0, [1])])).outcomes.map(changed)).toEqual([[1]]);
  });

  test('a probe tells of writes that survived their failure, and the same step again has its results', async () => {
    const { applier, disks, store, survived } = await node(1);
    const disk = disks[0] as FailingStore;
    await applier.apply([step(0, 0, [1])]);
    // The batch arrives and the error does too, as when the disk fails in the flush after the write.
    disk.failsAfter = (write) => write === disk.writes - 1 && disk.reopenings === 0;
    disk.failsAt = () => disk.reopenings === 0 && store(0).failure !== undefined;
    const { outcomes } = await applier.apply([step(0, 1, [2])]);
    expect(outcomes[0]?.kind).toBe('failed');
    expect(store(0).appliedIndex).toBe(1);
    expect(await applier.probe()).toEqual(new Map([[0, 2]]));
    expect(survived.map(({ key, record }) => [key[8], record?.version])).toEqual([[2, 2]]);
    const { writes } = disk;
    expect((await applier.apply([step(0, 1, [2])])).outcomes.map(changed)).toEqual([[1]]);
    expect(disk.writes).toBe(writes);
    expect((await applier.apply([step(0, 2, [3])])).outcomes.map(changed)).toEqual([[1]]);
  });

  test("damage that a command comes upon is the shard's, and not the command's", async () => {
    const { applier, disks, store } = await node(1);
    await applier.apply([step(0, 0, [1])]);
    const key = recordKey(COLLECTION, id(1));
    await disks[0]?.disk.write([{ type: 'put', key, value: Uint8Array.of(1, 2, 3, 4, 5, 6) }], {
      sync: true,
    });
    const command = codec.encode({
      kind: 'overwritePayload',
      collection: COLLECTION,
      keys: [id(1)],
      payload: new Uint8Array(0),
    });
    const damaged = { ...step(0, 1, [1]), commands: [{ index: 2, command }] };
    const { outcomes } = await applier.apply([damaged]);
    expect(outcomes.map(changed)).toEqual(['DATA_CORRUPT']);
    expect(store(0).appliedIndex).toBe(1);
  });
});
