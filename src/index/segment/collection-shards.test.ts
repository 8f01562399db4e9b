import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
} from '../../../test/support/local-index.ts';
import { MemoryRecoverySource } from '../../../test/support/memory-recovery-source.ts';
import { decodePointId } from '../../base/point-id.ts';
import { CollectionSearcher } from '../search/collection-searcher.ts';
import { must } from '../../base/assert.ts';
import { segmentDirectoryName, type BuiltSegment } from './build-job.ts';
import { recoverIndex } from './recovery.ts';
import { readManifest } from './segment-manifest.ts';
import { FILL_FROZEN_ROWS_MAX, ShardFill } from './shard-fill.ts';

const schema = collectionSchema();
const SHARDS = 4;
const none: readonly number[] = [];

const pointOf = (id: number, x = id) => ({
  vectors: { '': Float32Array.of(x, 0, 0, 0) },
  payload: new Uint8Array(0),
});

/** Writes to a store alone. */
const store = (source: MemoryRecoverySource, id: number, x = id): number =>
  source.write(keyOf(id), pointOf(id, x));

/** Writes to a store and the index. */
function write(local: LocalIndex, shard: number, source: MemoryRecoverySource, id: number): void {
  const version = store(source, id);
  local.index.upsert({ key: keyOf(id), shard, version, ...pointOf(id) });
  local.index.commit([[shard, source.appliedIndex]]);
}

const idsOf = (local: LocalIndex, shards?: readonly number[]): unknown[] => {
  const query = vectorQuery([0, 0, 0, 0], {
    limit: 1_000,
    ...(shards && { shards: Uint16Array.from(shards) }),
  });
  return local.searcher.search(local.view, query).hits.map(({ key }) => decodePointId(key));
};

/** An index of four shards with the ids 0 to 99, sealed and durable, and their stores. */
async function filled(growingRows = 128) {
  const local = await LocalIndex.open(schema, { growingRows, shards: none });
  const stores = new Map<number, MemoryRecoverySource>();
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const source = new MemoryRecoverySource(schema.number, 100 + shard);
    stores.set(shard, source);
    local.index.completeShard(shard, local.index.admitShard(shard, source.lineage));
  }
  const source = (shard: number): MemoryRecoverySource => stores.get(shard) as MemoryRecoverySource;
  for (let id = 0; id < 100; id += 1) write(local, id % SHARDS, source(id % SHARDS), id);
  await local.index.optimize();
  return { local, stores, source };
}

const all = Array.from({ length: 100 }, (_, id) => id);
const but = (...shards: number[]): number[] => all.filter((id) => !shards.includes(id % SHARDS));

describe('a shard that leaves', () => {
  test('takes its points with it at once, growing and sealed, and for good', async () => {
    const { local, source } = await filled();
    await using _ = local;
    write(local, 1, source(1), 101);
    write(local, 2, source(2), 102);
    local.index.forgetShard(1);
    expect(idsOf(local)).toEqual([...but(1), 102]);
    expect(local.view.shards.map(({ shard }) => shard)).toEqual([0, 2, 3]);
    expect(local.index.liveRows).toBe(76);
    expect(local.index.watermark(1)).toBe(0);
    expect([...(readManifest(local.directory)?.watermarks.keys() ?? [])]).toEqual([0, 2, 3]);
    await local.reopen('crash');
    expect(local.index.shards.map(({ shard, rows }) => [shard, rows])).toEqual([
      [0, 25],
      [2, 25],
      [3, 25],
    ]);
    expect(idsOf(local)).toEqual(but(1));
  });

  test('is still there for searches that use the view of before', async () => {
    const { local } = await filled();
    await using _ = local;
    using late = new CollectionSearcher({ lane: 0 });
    const before = local.view;
    late.adopt(before);
    local.index.forgetShard(0, 3);
    const query = vectorQuery([0, 0, 0, 0], { limit: 1_000, exact: true });
    expect(late.search(before, query).hits).toHaveLength(100);
    expect(late.search(local.view, query).hits).toHaveLength(50);
  });

  test('writes nothing where nothing of it is known', async () => {
    const { local } = await filled();
    await using _ = local;
    const views = local.views.length;
    local.index.forgetShard(1);
    const manifest = readManifest(local.directory);
    local.index.forgetShard(1, 9);
    expect(readManifest(local.directory)).toEqual(manifest);
    expect(local.views.length).toBeGreaterThan(views);
  });

  test('makes segments that it dominated be built again, or go', async () => {
    const { local } = await filled();
    await using _ = local;
    local.index.forgetShard(0, 1);
    await local.index.relief(0);
    while (local.index.isBuilding) await new Promise(setImmediate);
    expect(local.index.describe().filter(({ rows }) => rows > 0)).toMatchObject([
      { kind: 'sealed', rows: 50, deletedRows: 0 },
    ]);
    expect(idsOf(local)).toEqual(but(0, 1));
    local.index.forgetShard(2, 3);
    while (local.index.isBuilding) await new Promise(setImmediate);
    expect(local.index.describe().filter(({ rows }) => rows > 0)).toEqual([]);
  });

  test('stays away where a segment with its points was being built', async () => {
    const gates: (() => void)[] = [];
    await using probe = await LocalIndex.open(schema, { growingRows: 128 });
    await using local = await LocalIndex.open(schema, {
      build: async (job): Promise<BuiltSegment> => {
        const built = await probe.build(job);
        await new Promise<void>((resolve) => gates.push(resolve));
        return built;
      },
    });
    for (let id = 0; id < 30; id += 1) {
      local.index.upsert({ key: keyOf(id), shard: id % 3, version: 1, ...pointOf(id) });
    }
    local.index.commit([]);
    const flushed = local.index.flush();
    while (gates.length === 0) await new Promise(setImmediate);
    local.index.forgetShard(1);
    local.index.admitShard(1, 7);
    local.index.upsert({ key: keyOf(1), shard: 1, version: 1, ...pointOf(1) });
    local.index.commit([]);
    while (gates.length > 0 || local.index.isBuilding) {
      gates.shift()?.();
      await new Promise(setImmediate);
    }
    await flushed;
    expect(idsOf(local)).toEqual(
      [0, 1, ...Array.from({ length: 28 }, (_, i) => i + 2)].filter(
        (id) => id === 1 || id % 3 !== 1,
      ),
    );
    expect(local.index.shards.map(({ rows }) => rows)).toEqual([10, 1, 10]);
  });
});

describe('a shard that comes', () => {
  test('has to be admitted before its points', async () => {
    await using local = await LocalIndex.open(schema, { shards: none });
    const point = { key: keyOf(1), shard: 1, version: 1, ...pointOf(1) };
    expect(() => local.index.upsert(point)).toThrow('a shard is admitted before its points come');
    local.index.admitShard(1, 0);
    local.index.commit([]);
    expect(local.view.shards).toEqual([{ shard: 1, isIndexed: false }]);
    local.index.upsert(point);
    local.index.commit([[1, 1]]);
    expect(idsOf(local)).toEqual([1]);
  });

  test('moves its watermark only once it is complete', async () => {
    await using local = await LocalIndex.open(schema, { shards: none });
    local.index.admitShard(1, 5);
    local.index.commit([[1, 30]]);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(0);
    local.index.completeShard(1, 20);
    local.index.commit([]);
    expect(local.view.shards).toEqual([{ shard: 1, isIndexed: true }]);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(20);
    local.index.commit([[1, 40]]);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(40);
  });

  test('is not taken for the one of before, whose log index is higher', async () => {
    const { local, source } = await filled();
    await using _ = local;
    // A growing row holds the watermarks where they were.
    write(local, 2, source(2), 102);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(25);
    const other = new MemoryRecoverySource(schema.number, 7);
    store(other, 1);
    expect(local.index.admitShard(1, other.lineage)).toBe(0);
    expect(local.index.watermark(1)).toBe(0);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(0);
    expect(idsOf(local)).toEqual([...but(1), 102]);
    expect(await new ShardFill({ index: local.index, shard: 1, source: other }).step()).toBe(
      'filled',
    );
    expect(idsOf(local, [1])).toEqual([1]);
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(0);
    await local.index.flush();
    expect(local.index.watermark(1)).toBe(1);
  });
});

describe('filling from a store', () => {
  /** Shard 1 with the ids 1, 5, 9 … 97, of which the index has what it had before, about to be read in slices of ten. */
  async function resumed() {
    const { local, stores, source } = await filled();
    const store1 = source(1);
    store1.trim(store1.appliedIndex);
    store(store1, 1, 1);
    store1.trim(store1.appliedIndex);
    await local.reopen();
    const options = { index: local.index, stores, sliceRows: 10, fillLater: true };
    const fills = await recoverIndex(options);
    expect(fills.map(({ shard }) => shard)).toEqual([1]);
    return { local, source: store1, fill: fills[0] as ShardFill };
  }

  test('keeps a point that was written anew behind the reader', async () => {
    const { local, source, fill } = await resumed();
    await using _ = local;
    const remove = (id: number): void => {
      source.write(keyOf(id), undefined);
      local.index.remove(keyOf(id));
      local.index.commit([[1, source.appliedIndex]]);
    };
    remove(45);
    remove(97);
    source.write(keyOf(49), undefined);
    expect(await fill.step()).toBe('more');
    // The index did not hear of this one.
    write(local, 1, source, 45);
    expect(await fill.step()).toBe('filled');
    expect(idsOf(local, [1])).toEqual(all.filter((id) => id % 4 === 1 && id !== 97 && id !== 49));
  });

  test('claims no more than was in the store when it began', async () => {
    const { local, source, fill } = await resumed();
    await using _ = local;
    const before = source.appliedIndex;
    expect(await fill.step()).toBe('more');
    // Durable in the store, on its way to the index.
    store(source, 1, 500);
    expect(await fill.step()).toBe('filled');
    await local.index.flush();
    local.index.checkpoint();
    expect(local.index.watermark(1)).toBe(before);
    await local.reopen('crash');
    await recoverIndex({ index: local.index, stores: new Map([[1, source]]) });
    expect(idsOf(local).at(-1)).toBe(1);
  });

  test('ends where the shard left, came anew, or the index was closed', async () => {
    const { local, source, fill } = await resumed();
    await using _ = local;
    expect(await fill.step()).toBe('more');
    local.index.forgetShard(1);
    expect(await fill.step()).toBe('gone');
    local.index.admitShard(1, 9);
    expect(await fill.run((action) => action())).toBe('gone');
    expect(idsOf(local)).toEqual(but(1));
    const next = new ShardFill({ index: local.index, shard: 1, source: source.copy(9) });
    await local.reopen('close');
    expect(await next.step()).toBe('gone');
  });

  test('does not read again, after a restart, what was sealed of the same store', async () => {
    await using local = await LocalIndex.open(schema, { growingRows: 16, shards: none });
    const source = new MemoryRecoverySource(schema.number, 77);
    for (let id = 0; id < 60; id += 1) store(source, id);
    local.index.admitShard(1, source.lineage);
    const fill = new ShardFill({ index: local.index, shard: 1, source, sliceRows: 20 });
    await fill.step();
    await fill.step();
    await local.index.flush();
    await local.reopen('crash');
    expect(local.index.shards).toEqual([{ shard: 1, lineage: 77, rows: 40, isIndexed: false }]);
    const stores = new Map([[1, source]]);
    const changed: unknown[] = [];
    await recoverIndex({
      index: local.index,
      stores,
      log: (_level, _event, fields) => void changed.push(fields['changed']),
    });
    expect(changed).toEqual([20]);
    expect(idsOf(local)).toHaveLength(60);
  });

  test('waits while too many rows wait to be sealed, and does not hold up the turns', async () => {
    let isUnderPressure = false;
    let turns = 0;
    const relieved: number[] = [];
    await using local = await LocalIndex.open(schema, { shards: none });
    const source = new MemoryRecoverySource(schema.number, 1);
    for (let id = 0; id < 30; id += 1) store(source, id);
    local.index.admitShard(0, 1);
    Object.defineProperty(local.index, 'pressure', {
      value: () => (turns === 2 ? FILL_FROZEN_ROWS_MAX + 1 : 0),
    });
    Object.defineProperty(local.index, 'relief', {
      value: (rows: number) => {
        expect(isUnderPressure).toBe(false);
        relieved.push(rows, turns);
        return Promise.resolve();
      },
    });
    const fill = new ShardFill({ index: local.index, shard: 0, source, sliceRows: 10 });
    const outcome = await fill.run(async (action) => {
      isUnderPressure = true;
      turns += 1;
      const ended = await action();
      isUnderPressure = false;
      return ended;
    });
    expect([outcome, turns]).toEqual(['filled', 4]);
    expect(relieved).toEqual([FILL_FROZEN_ROWS_MAX, 2]);
  });
});

describe('a restart', () => {
  test('with a damaged segment: points of the others are still known to be of the same stores', async () => {
    const { local, stores, source } = await filled();
    await using _ = local;
    for (const id of [101, 102, 105]) write(local, id % SHARDS, source(id % SHARDS), id);
    await local.index.flush();
    const last = must(readManifest(local.directory)?.segments.at(-1), 'there are two');
    await local.reopen();
    truncateSync(join(local.directory, segmentDirectoryName(last.id), 'points.bin'), 3);
    await local.reopen('crash');
    expect(local.index.damage).toHaveLength(1);
    expect([0, 1, 2].map((shard) => local.index.watermark(shard))).toEqual([0, 0, 0]);
    const changed: unknown[] = [];
    await recoverIndex({
      index: local.index,
      stores,
      log: (_level, _event, { shard, changed: rows }) => void changed.push([shard, rows]),
    });
    expect(changed).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('with a shard gone and another of another store', async () => {
    const { local, stores, source } = await filled();
    await using _ = local;
    stores.delete(0);
    // The same log index, but not the same point.
    const other = new MemoryRecoverySource(schema.number, 999);
    for (let id = 1; id < 100; id += 4) store(other, id, 1_000 + id);
    stores.set(1, other);
    await local.reopen('crash');
    expect(local.index.lineage(1)).toBe(101);
    await recoverIndex({ index: local.index, stores });
    expect(local.index.shards).toMatchObject([
      { shard: 1, lineage: 999, rows: 25, isIndexed: true },
      { shard: 2, rows: 25 },
      { shard: 3, rows: 25 },
    ]);
    expect(idsOf(local)).toEqual([...but(0, 1), ...all.filter((id) => id % SHARDS === 1)]);
    expect(source(2).lineage).toBe(102);
    await local.reopen('crash');
    await recoverIndex({ index: local.index, stores });
    expect(idsOf(local)).toEqual([...but(0, 1), ...all.filter((id) => id % SHARDS === 1)]);
  });

  test('does not take a store that is behind for one that lost writes, where it is another one', async () => {
    const { local, stores, source } = await filled();
    await using _ = local;
    const other = new MemoryRecoverySource(schema.number, 999);
    store(other, 1);
    stores.set(1, other);
    await local.reopen('crash');
    await recoverIndex({ index: local.index, stores });
    expect(idsOf(local, [1])).toEqual([1]);
    source(2).appliedIndex = 20;
    await local.reopen('crash');
    await expect(recoverIndex({ index: local.index, stores })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    });
  });

  test('between the store of a shard being replaced and the index hearing of it', async () => {
    const { local, stores, source } = await filled();
    await using _ = local;
    // Its snapshot is newer: a point is gone, one is new.
    const ahead = source(3).copy(5);
    ahead.write(keyOf(3), undefined);
    store(ahead, 103);
    stores.set(3, ahead.copy(6));
    await local.reopen('crash');
    await recoverIndex({ index: local.index, stores });
    const expected = [...but(3), ...all.filter((id) => id % SHARDS === 3 && id !== 3)];
    expect(idsOf(local)).toEqual([...expected.toSorted((a, b) => a - b), 103]);
    await local.index.optimize();
    expect(local.index.watermark(3)).toBe(27);
  });
});
