import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { encodePointId } from '../base/point-id.ts';
import { VectorDbError } from '../base/error.ts';
import type { StoreEntry } from './key-value-store.ts';
import { STATE_KEY, countKey, recordKey } from './keyspace.ts';
import { MemoryStore } from './memory-store.ts';
import { encodeRecord } from './record-codec.ts';
import { encodeCount } from './shard-rows.ts';
import { digestShard } from './shard-digest.ts';
import { ShardSnapshot } from './shard-snapshot.ts';
import { ShardStore } from './shard-store.ts';
import { decodeFrame, encodeFrame, frameBytes } from './snapshot-frame.ts';
import { StagedShard } from './staged-shard.ts';

const SHARD = { shard: 2, shardCount: 16 };
const id = (n: number): Uint8Array => new Uint8Array(encodePointId(n, 'id', 512));

/** A shard with points of two collections, of so many bytes each, host rows and an epoch; one collection was dropped. */
async function filled(points: number, payloadBytes = 10) {
  const store = new MemoryStore();
  const shard = await ShardStore.open({ store, ...SHARD, lineage: 1 });
  const records = Array.from({ length: points }, (_, n) => {
    const key = recordKey(n % 3, id(n));
    const vectors = { '': Float32Array.of(n) };
    const payload = new Uint8Array(payloadBytes).fill(n);
    return { key, row: encodeRecord(key, { version: 1, vectors, payload }) };
  });
  const count = (of: number): number => records.filter((_, n) => n % 3 === of).length;
  await shard.write({
    last: { term: 4, index: 20 },
    journal: [],
    records,
    countDeltas: new Map([0, 1, 2].map((of) => [of, count(of)])),
    hostRows: [{ key: 'configuration', value: Uint8Array.of(1, 2, 3) }],
    epoch: 6,
  });
  await shard.write({
    last: { term: 5, index: 21 },
    journal: [],
    records: [],
    countDeltas: new Map(),
    dropped: [2],
  });
  return { store, shard };
}

async function streamOf(store: MemoryStore): Promise<Uint8Array> {
  await using snapshot = await ShardSnapshot.take({ store, ...SHARD });
  return await snapshot.read(0, 1e9);
}

async function staged(bytes: Uint8Array, last = { term: 5, index: 21 }, piece = 50_000) {
  const store = new MemoryStore();
  const shard = new StagedShard({ store, ...SHARD, lineage: 77, last });
  for (let at = 0; at < bytes.length; at += piece)
    await shard.write(bytes.subarray(at, at + piece));
  await shard.finish();
  return ShardStore.open({ store, ...SHARD, mayBeNew: false });
}

describe("a shard's snapshot", () => {
  test('becomes a shard that holds the same, and has a name of its own', async () => {
    const { store, shard } = await filled(3_000, 300);
    const bytes = await streamOf(store);
    expect(bytes.length).toBeGreaterThan(3 * 256 * 1024 * 0.7);
    const copy = await staged(bytes);
    expect(await digestShard(copy)).toEqual(await digestShard(shard));
    expect([copy.appliedTerm, copy.appliedIndex, copy.epoch]).toEqual([5, 21, 6]);
    expect([copy.lineage, copy.journalStart]).toEqual([77, 22]);
    expect(await copy.hostRows()).toEqual(await shard.hostRows());
    expect([copy.isSwept(2), shard.isSwept(2)]).toEqual([true, false]);
    expect([0, 1, 2].map((of) => copy.count(of))).toEqual([1_000, 1_000, 0]);
  });

  test('is the same whatever the replica has swept', async () => {
    const { store, shard } = await filled(30);
    const before = await streamOf(store);
    await shard.sweep(2, 1_000);
    expect(Buffer.compare(await streamOf(store), before)).toBe(0);
  });

  test('stands still, and can be read from any place any number of times', async () => {
    const { store, shard } = await filled(2_000, 600);
    const whole = await streamOf(store);
    await using snapshot = await ShardSnapshot.take({ store, ...SHARD });
    await shard.write({
      last: { term: 5, index: 22 },
      journal: [],
      records: [{ key: recordKey(0, id(0)), row: undefined }],
      countDeltas: new Map([[0, -1]]),
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length + 10), fc.nat(600_000), async (offset, length) => {
        const part = await snapshot.read(offset, length);
        expect(Buffer.compare(part, whole.subarray(offset, offset + length))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('with one changed, missing or additional byte is refused', async () => {
    const { store } = await filled(4);
    const bytes = await streamOf(store);
    const refused = async (bad: Uint8Array): Promise<void> => {
      const error = await staged(bad, undefined, 7).then(() => undefined, String);
      expect(error).toContain('is damaged');
    };
    for (let at = 0; at < bytes.length; at += 1) {
      const bad = Uint8Array.from(bytes);
      bad[at] = (bad[at] as number) ^ (1 << (at % 8));
      await refused(bad);
      await refused(bytes.subarray(0, at));
    }
    await refused(new Uint8Array([...bytes, ...bytes.subarray(0, 40)]));
  });

  test('of another entry or shard is refused', async () => {
    const { store } = await filled(4);
    const bytes = await streamOf(store);
    for (const last of [
      { term: 5, index: 20 },
      { term: 4, index: 21 },
    ]) {
      await expect(staged(bytes, last)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    }
    const other = new StagedShard({
      ...{ store: new MemoryStore(), shard: 3, shardCount: 16, lineage: 1 },
      last: { term: 5, index: 21 },
    });
    await expect(other.write(bytes)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('whose frames are whole and do not add up is refused', async () => {
    const last = { term: 5, index: 21 };
    const head = encodeFrame({ kind: 'head', head: { ...SHARD, ...last, epoch: 0 } });
    const count = { key: countKey(0), value: encodeCount(0, 2) };
    const recordAt = recordKey(0, id(1));
    const version = { version: 1, vectors: {}, payload: new Uint8Array(0) };
    const record = { key: recordAt, value: encodeRecord(recordAt, version) };
    const state = { key: STATE_KEY, value: encodeRecord(STATE_KEY, version) };
    const stream = (rows: readonly StoreEntry[], said = rows.length): Uint8Array =>
      Buffer.concat([
        head,
        encodeFrame({ kind: 'rows', rows }),
        encodeFrame({ kind: 'end', rows: said }),
      ]);
    for (const [bytes, why] of [
      [stream([count, record]), '1 points of collection 0, not 2'],
      [stream([record, count]), 'not in order'],
      [stream([record], 2), '1 rows came, not 2'],
      [stream([state]), 'a row of another kind'],
      [stream([{ ...record, value: count.value }]), 'checksum'],
      [Buffer.concat([head, head]), 'two heads'],
      [head.subarray(0, 0), 'cut short'],
      [encodeFrame({ kind: 'end', rows: 0 }), 'begin with its head'],
    ] as const) {
      await expect(staged(bytes)).rejects.toThrow(why);
    }
  });

  test('has left the log before it counts', async () => {
    const { store } = await filled(5);
    const disk = new FailingStore(new MemoryStore());
    const shard = new StagedShard({
      ...{ store: disk, ...SHARD, lineage: 1 },
      last: { term: 5, index: 21 },
    });
    await shard.write(await streamOf(store));
    const { writes } = disk;
    let compactionsBefore = 0;
    disk.failsAt = () => {
      compactionsBefore = disk.compactions;
      return false;
    };
    await shard.finish();
    expect([disk.writes, compactionsBefore]).toEqual([writes + 1, 1]);
  });

  test('that has not come as a whole is no shard', async () => {
    const { store } = await filled(50);
    const bytes = await streamOf(store);
    const half = new MemoryStore();
    const shard = new StagedShard({
      ...{ store: half, ...SHARD, lineage: 1 },
      last: { term: 5, index: 21 },
    });
    await shard.write(bytes);
    for (const mayBeNew of [true, false]) {
      const opened = ShardStore.open({ store: half, ...SHARD, mayBeNew });
      await expect(opened).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    }
    await shard.finish();
    expect((await ShardStore.open({ store: half, ...SHARD, mayBeNew: false })).appliedIndex).toBe(
      21,
    );
  });
});

describe("a snapshot's frames", () => {
  const frames = {
    head: encodeFrame({
      kind: 'head',
      head: { shard: 2, shardCount: 16, term: 5, index: 0x1_0000_0001, epoch: 6 },
    }),
    rows: encodeFrame({
      kind: 'rows',
      rows: [{ key: Uint8Array.of(0x68, 0x61), value: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
    }),
    end: encodeFrame({ kind: 'end', rows: 1 }),
  };

  test('have the bytes that docs/formats/shard-snapshot.md describes', () => {
    const file = new URL('../../test/golden/shard-snapshot-v1.json', import.meta.url);
    const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    expect(
      Object.fromEntries(
        Object.entries(frames).map(([name, bytes]) => [name, bytes.toString('hex')]),
      ),
    ).toEqual(golden);
    for (const bytes of Object.values(frames)) {
      expect(encodeFrame(decodeFrame(bytes))).toEqual(bytes);
      expect(frameBytes(bytes)).toBe(bytes.length);
    }
  });

  test('of any bytes are decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 9, maxLength: 100 }), (bytes) => {
        try {
          decodeFrame(Buffer.from(bytes));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(VectorDbError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
