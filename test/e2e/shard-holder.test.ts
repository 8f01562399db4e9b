import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { encodePointId } from '../../src/base/point-id.ts';
import { groupOfShard } from '../../src/cluster/catalog/cluster-state.ts';
import {
  ThreadedShardHolder,
  type ThreadedShardHolderOptions,
} from '../../src/cluster/shard/threaded-shard-holder.ts';
import type { CollectionSchema } from '../../src/index/collection-schema.ts';
import { configurationOf } from '../../src/raft/core/configuration.ts';
import type { StateMachine } from '../../src/raft/host/state-machine.ts';
import { ShardCommandCodec } from '../../src/sharding/shard-command-codec.ts';
import { applyResultOf } from '../../src/sharding/shard-result-codec.ts';
import { unpackPoints } from '../../src/worker/packed-points.ts';
import { collectionSchema, keyOf, vectorQuery, vectorSchema } from '../support/local-index.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const COLLECTION = 7;
const SHARD = 3;
const codec = new ShardCommandCodec();
const schema: CollectionSchema = collectionSchema({
  number: COLLECTION,
  vectors: { '': vectorSchema({ dimension: 4 }) },
});

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder[Symbol.asyncDispose]());

const open = (
  name: string,
  options: Partial<ThreadedShardHolderOptions> = {},
): Promise<ThreadedShardHolder> =>
  ThreadedShardHolder.open({
    shardsFolder: join(folder.path, name, 'shards'),
    indexFolder: join(folder.path, name, 'index'),
    shardCount: 16,
    storage: {
      compression: false,
      cacheBytes: 1 << 20,
      writeBufferBytes: 1 << 20,
      minFreeDiskBytes: 0,
    },
    index: {
      growingRows: 512,
      mergeFanIn: 4,
      maxSegmentPoints: 100_000,
      rebuildDeletedRatio: 0.25,
      idleOptimizeMs: 0,
    },
    searchThreads: 2,
    searchQueueMax: 100,
    clock: systemClock,
    defer: (callback) => void setImmediate(callback),
    log: () => {},
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });

const upsert = (id: number): Uint8Array =>
  codec.encode({
    kind: 'upsert',
    collection: COLLECTION,
    points: [
      {
        key: new Uint8Array(encodePointId(id, 'id', 512)),
        vectors: { '': Float32Array.of(id, 1, 0, 0) },
        payload: new Uint8Array(Buffer.from(JSON.stringify({ id }))),
      },
    ],
  });

/** Applies upserts of these ids, one a log entry, in steps of 50; entries between them are no commands. */
async function write(machine: StateMachine, ids: readonly number[]): Promise<void> {
  for (let at = 0; at < ids.length; at += 50) {
    const before = machine.applied.index + 1;
    const commands = ids
      .slice(at, at + 50)
      .map((id, i) => ({ term: 1, index: before + 1 + i, command: upsert(id) }));
    const index = before + commands.length;
    const results = await machine.apply({
      commands,
      last: { term: 1, index },
      rows: [{ key: 'at', value: Buffer.from(String(index)) }],
    });
    expect(results.map((bytes) => applyResultOf(bytes).changed)).toEqual(commands.map(() => 1));
  }
}

async function found(holder: ThreadedShardHolder, shards?: Uint16Array): Promise<number[]> {
  const { shards: _all, ...plain } = vectorQuery([0, 1, 0, 0], { limit: 5_000, exact: true });
  const asked = shards === undefined ? {} : { shards };
  const query = { ...plain, ...asked, collection: COLLECTION, timed: false };
  const { points } = await holder.read({ kind: 'search' as const, query });
  return unpackPoints(points)
    .map(({ id }) => Number(id))
    .toSorted((a, b) => a - b);
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function readable(holder: ThreadedShardHolder, shard: number): Promise<void> {
  await expect.poll(() => holder.readable.has(shard), { timeout: 120_000 }).toBe(true);
}

/** Sends the machine's state to another one's place, in pieces. */
async function send(from: StateMachine, to: StateMachine): Promise<number> {
  await using snapshot = await from.snapshot();
  const staged = await to.stage({ ...snapshot.last, configuration: configurationOf([1]) });
  for (let offset = 0; ; offset += 10_000) {
    const piece = await snapshot.read(offset, 10_000);
    await staged.write(piece);
    if (piece.byteLength < 10_000) break;
  }
  await staged.finish();
  return staged.generation;
}

describe('the shards of a node, on threads', () => {
  test('are written and searched, and are there after a restart', async () => {
    {
      await using holder = await open('restart');
      const machine = await holder.machines.open(groupOfShard(SHARD), 0);
      await holder.adopt(schema);
      await write(machine, range(1, 700));
      expect(await found(holder)).toEqual(range(1, 700));
      expect(holder.readable).toEqual(new Set([SHARD]));
      await machine[Symbol.asyncDispose]();
      expect(holder.readable).toEqual(new Set());
    }
    await using holder = await open('restart');
    const machine = await holder.machines.open(groupOfShard(SHARD), 0);
    await holder.adopt(schema);
    expect(machine.applied.index).toBe(714);
    expect((await machine.hostRows()).get('at')).toEqual(new Uint8Array(Buffer.from('714')));
    await readable(holder, SHARD);
    expect(await found(holder, Uint16Array.of(SHARD))).toEqual(range(1, 700));
    expect(await holder.shards()).toMatchObject([
      { shard: SHARD, appliedIndex: 714, points: 700, isIndexed: true },
    ]);
  });

  test('arrive as a snapshot while they are written elsewhere, take the place of what was there, and leave', async () => {
    await using source = await open('source');
    await using target = await open('target');
    const from = await source.machines.open(groupOfShard(SHARD), 0);
    const to = await target.machines.open(groupOfShard(SHARD), 0);
    for (const holder of [source, target]) await holder.adopt(schema);
    await write(from, range(1, 1_500));
    await write(to, range(5_000, 5_100));
    expect(await found(target)).toEqual(range(5_000, 5_100));

    const generation = await send(from, to);
    expect(await found(target)).toEqual(range(5_000, 5_100));
    const before = target.readable;
    await to.activate(generation);
    expect(target.readable).not.toBe(before);
    expect(to.applied).toEqual(from.applied);
    for (const machine of [from, to]) await write(machine, range(1_501, 1_600));
    await readable(target, SHARD);
    expect(await found(target, Uint16Array.of(SHARD))).toEqual(range(1, 1_600));
    expect(await to.digest()).toBe(await from.digest());
    const { points } = await target.read({
      kind: 'get',
      collection: COLLECTION,
      keys: [keyOf(1_550), keyOf(5_050)],
      shards: Uint16Array.of(SHARD, SHARD),
      select: { payload: true, vectors: false },
    });
    expect(unpackPoints(points).map(({ id }) => id)).toEqual([1_550]);

    await to[Symbol.asyncDispose]();
    await target.machines.destroy(groupOfShard(SHARD));
    await expect(found(target, Uint16Array.of(SHARD))).rejects.toMatchObject({ code: 'NOT_READY' });
    expect(await found(target)).toEqual([]);
    const again = await target.machines.open(groupOfShard(SHARD), 0);
    expect(again.applied.index).toBe(0);
  });

  test('finish a snapshot, or forget it, over a restart', async () => {
    await using source = await open('sender');
    const from = await source.machines.open(groupOfShard(SHARD), 0);
    await write(from, range(1, 60));
    let finished: number;
    {
      await using target = await open('receiver');
      const to = await target.machines.open(groupOfShard(SHARD), 0);
      await target.adopt(schema);
      await write(to, range(900, 910));
      finished = await send(from, to);
      // Another one is still on its way when the process ends.
      const half = await to.stage({ ...from.applied, configuration: configurationOf([1]) });
      await half.write(new Uint8Array(5));
    }
    await using target = await open('receiver');
    const to = await target.machines.open(groupOfShard(SHARD), finished);
    await target.adopt(schema);
    await readable(target, SHARD);
    expect(await found(target)).toEqual(range(1, 60));
    expect(await to.digest()).toBe(await from.digest());
    await expect(target.machines.open(groupOfShard(SHARD + 1), 5)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    });
  });

  test('forget a collection when their log says so', async () => {
    await using holder = await open('dropped');
    const machine = await holder.machines.open(groupOfShard(SHARD), 0);
    await holder.adopt(schema);
    await write(machine, range(1, 100));
    expect(await holder.swept([COLLECTION])).toEqual([]);
    const { index } = machine.applied;
    const command = codec.encode({ kind: 'drop', collection: COLLECTION });
    await machine.apply({
      commands: [{ term: 1, index: index + 1, command }],
      last: { term: 1, index: index + 1 },
      rows: [],
    });
    await holder.drop(COLLECTION);
    await expect.poll(() => holder.swept([COLLECTION, 8])).toEqual([COLLECTION]);
    expect(await holder.shards()).toMatchObject([{ points: 0 }]);
  });
});
