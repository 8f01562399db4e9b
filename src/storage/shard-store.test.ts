import { describe, expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { encodePointId } from '../base/point-id.ts';
import type { KeyValueStore } from './key-value-store.ts';
import { countKey, journalKey, recordKey } from './keyspace.ts';
import { MemoryStore } from './memory-store.ts';
import { encodeRecord } from './record-codec.ts';
import { digestShard } from './shard-digest.ts';
import { type ShardBatch, ShardStore } from './shard-store.ts';

const COLLECTION = 5;
const id = (n: number | string): Uint8Array => new Uint8Array(encodePointId(n, 'id', 512));
const record = (version: number) => ({
  version,
  vectors: { '': Float32Array.of(version) },
  payload: new Uint8Array(0),
});

/** One log index that puts and deletes points. */
function batch(index: number, puts: number[], dels: number[] = []): ShardBatch {
  const rows: { key: Uint8Array; row: Uint8Array | undefined }[] = [];
  for (const n of puts) {
    const key = recordKey(COLLECTION, id(n));
    rows.push({ key, row: encodeRecord(key, record(index)) });
  }
  for (const n of dels) rows.push({ key: recordKey(COLLECTION, id(n)), row: undefined });
  return {
    last: { term: 1, index },
    journal: [{ index, collection: COLLECTION, keys: [...puts, ...dels].map(id) }],
    records: rows,
    countDeltas: new Map([[COLLECTION, puts.length - dels.length]]),
  };
}

const EVERYTHING = { from: new Uint8Array(0), to: Uint8Array.of(0xff) };
const open = (store: KeyValueStore, shard = 2, shardCount = 16) =>
  ShardStore.open({ store, shard, shardCount });

async function filled(store: KeyValueStore, batches: number): Promise<ShardStore> {
  const shard = await open(store);
  for (let index = 1; index <= batches; index += 1) await shard.write(batch(index, [index]));
  return shard;
}

describe('a shard store', () => {
  test('keeps records, journal, counts and the applied index together', async () => {
    const store = new MemoryStore();
    const shard = await open(store);
    await shard.write(batch(1, [10, 2]));
    await shard.write(batch(2, [3], [10]));
    for (const opened of [shard, await open(store)]) {
      expect(opened.appliedIndex).toBe(2);
      expect(opened.count(COLLECTION)).toBe(2);
      expect(await opened.collections()).toEqual(new Map([[COLLECTION, 2]]));
      expect(opened.get(COLLECTION, id(10))).toBeUndefined();
      expect(opened.has(COLLECTION, id(10))).toBe(false);
      expect(opened.getMany(COLLECTION, [id(3), id(9), id(2)])).toEqual([
        record(2),
        undefined,
        record(1),
      ]);
      const journal = [];
      for await (const slice of (await opened.journal(2)) ?? []) journal.push(...slice);
      expect(journal).toEqual([{ index: 2, collection: COLLECTION, keys: [id(3), id(10)] }]);
    }
  });

  test('scans a collection in the order of ids: integers, UUIDs, strings', async () => {
    const shard = await open(new MemoryStore());
    const uuid = '00000000-0000-0000-0000-000000000001';
    const ids = ['b', 'a', uuid, 300, 2];
    const records = ids.map((value) => {
      const key = recordKey(COLLECTION, id(value));
      return { key, row: encodeRecord(key, record(1)) };
    });
    const other = recordKey(COLLECTION + 1, id(1));
    records.push({ key: other, row: encodeRecord(other, record(1)) });
    await shard.write({
      last: { term: 1, index: 1 },
      journal: [{ index: 1, collection: COLLECTION, keys: [] }],
      records,
      countDeltas: new Map([
        [COLLECTION, 5],
        [COLLECTION + 1, 1],
      ]),
    });
    const all = await shard.scan(COLLECTION, undefined, 10);
    expect(all.map(({ key }) => new Uint8Array(key))).toEqual(
      [2, 300, uuid, 'a', 'b'].map((value) => id(value)),
    );
    const page = await shard.scan(COLLECTION, id(uuid), 2, { vectors: false, payload: true });
    expect(page.map(({ key }) => new Uint8Array(key))).toEqual(
      [uuid, 'a'].map((value) => id(value)),
    );
    expect(page[0]?.record.vectors).toEqual({});
  });

  test('refuses the folder of another shard or shard count', async () => {
    const store = new MemoryStore();
    await open(store, 2, 16);
    await expect(open(store, 3, 16)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(open(store, 2, 8)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  test('trims the journal, emptying the log first', async () => {
    const store = new FailingStore(new MemoryStore());
    const shard = await filled(store, 10);
    await shard.trimJournal(4);
    expect(store.compactions).toBe(1);
    await shard.trimJournal(4);
    expect(store.compactions).toBe(1);
    const reopened = await open(store);
    expect(reopened.journalStart).toBe(5);
    expect(reopened.appliedIndex).toBe(10);
    const indexes = [];
    for await (const slice of (await reopened.journal(5)) ?? [])
      indexes.push(...slice.map((row) => row.index));
    expect(indexes).toEqual([5, 6, 7, 8, 9, 10]);
    await reopened.trimJournal(10);
    await reopened.write(batch(11, [1]));
    expect((await open(store)).journalStart).toBe(11);
  });

  test('tells where the journal does not go back so far, and reads it as it was at that moment', async () => {
    const shard = await filled(new MemoryStore(), 10);
    const whole = await shard.journal(4);
    await shard.trimJournal(8);
    const indexes = [];
    for await (const slice of whole ?? []) indexes.push(...slice.map((row) => row.index));
    expect(indexes).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(await shard.journal(8)).toBeUndefined();
    expect(await shard.journal(9)).toBeDefined();
  });

  test.each([1, 4, 9])('notices at open that write %i of 9 is gone', async (lost) => {
    const store = new MemoryStore();
    await filled(store, 9);
    await store.write([{ type: 'del', key: journalKey(lost) }]);
    await expect(open(store)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining(`writes ${lost} to ${lost} of shard 2 are missing`),
    });
  });

  test('notices a missing format row and a state row that is too old', async () => {
    const store = new MemoryStore();
    await filled(store, 2);
    await store.write([{ type: 'put', key: journalKey(3), value: new Uint8Array(9) }]);
    await expect(open(store)).rejects.toThrow('older than its journal');
    await store.write([{ type: 'del', key: Uint8Array.of(0x66) }]);
    await expect(open(store)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('sweeps a dropped collection in slices while others are written', async () => {
    const store = new MemoryStore();
    const shard = await filled(store, 25);
    await shard.write({ ...batch(26, []), dropped: [COLLECTION] });
    expect(shard.count(COLLECTION)).toBe(0);
    const { sha256 } = await digestShard(shard);
    expect(await shard.sweep(COLLECTION, 10)).toBe(false);
    expect([shard.isDropped(COLLECTION), shard.isSwept(COLLECTION)]).toEqual([true, false]);
    expect((await open(store)).unswept).toEqual([COLLECTION]);
    await shard.write({ ...batch(27, []), countDeltas: new Map() });
    expect(await shard.sweep(COLLECTION, 10)).toBe(false);
    expect(await shard.sweep(COLLECTION, 10)).toBe(true);
    expect(await shard.sweep(COLLECTION, 10)).toBe(true);
    expect((await open(store)).isSwept(COLLECTION)).toBe(true);
    expect((await digestShard(shard)).sha256).not.toBe(sha256);
    expect(await shard.collections()).toEqual(new Map());
    expect(await shard.scan(COLLECTION, undefined, 100)).toEqual([]);
    expect((await digestShard(shard)).records).toBe(0);
  });

  test('writes nothing more after a failed write until a probe succeeds', async () => {
    const store = new FailingStore(new MemoryStore());
    const shard = await filled(store, 3);
    store.failsAt = (write) => write === store.writes - 1;
    await expect(shard.write(batch(4, [4]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    const before = store.writes;
    await expect(shard.write(batch(4, [4]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(store.writes).toBe(before);
    await expect(shard.probe()).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(shard.failure?.code).toBe('DISK_FULL');
    store.failsAt = () => false;
    expect(await shard.probe()).toBe(3);
    await shard.write(batch(4, [4]));
    expect((await open(store)).appliedIndex).toBe(4);
    expect(shard.count(COLLECTION)).toBe(4);
  });

  test('a probe opens the store again where that helps, and finds a write that survived', async () => {
    const store = new FailingStore(new MemoryStore());
    const shard = await filled(store, 3);
    const survivor = new MemoryStore();
    await filled(survivor, 4);
    store.failsAt = () => store.reopenings === 0;
    await expect(shard.write(batch(4, [4]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    const rows = [];
    for await (const slice of survivor.slices(EVERYTHING)) rows.push(...slice);
    await store.disk.write(
      rows.map(({ key, value }) => ({ type: 'put', key, value })),
      {
        sync: true,
      },
    );
    expect(await shard.probe()).toBe(4);
    expect(store.reopenings).toBe(1);
    await shard.write(batch(5, [5]));
    expect((await open(store)).appliedIndex).toBe(5);
  });

  test('has the same digest for the same records, another for others', async () => {
    const [a, b] = [await filled(new MemoryStore(), 5), await filled(new MemoryStore(), 5)];
    expect(await digestShard(a)).toEqual(await digestShard(b));
    await b.write({ ...batch(6, [5]), countDeltas: new Map() });
    expect((await digestShard(a)).sha256).not.toBe((await digestShard(b)).sha256);
  });

  test('the digest notices a damaged record and a record that vanished', async () => {
    const store = new MemoryStore();
    const shard = await filled(store, 5);
    const key = recordKey(COLLECTION, id(3));
    const row = store.get(key) as Uint8Array;
    row[row.length - 1] = 0xff;
    await store.write([{ type: 'put', key, value: row }]);
    await expect(digestShard(shard)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await store.write([{ type: 'del', key }]);
    await expect(digestShard(shard)).rejects.toThrow('has 4 points in shard 2, not 5');
    await store.write([{ type: 'del', key: countKey(COLLECTION) }]);
    await expect(digestShard(shard)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });
});
