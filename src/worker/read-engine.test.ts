import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { keyOf, LocalIndex, vectorQuery } from '../../test/support/local-index.ts';
import { systemClock } from '../base/clock.ts';
import { decodePointId, type PointId } from '../base/point-id.ts';
import type { Filter } from '../index/filter/filter.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import type { StoreOperation } from '../storage/key-value-store.ts';
import { countKey, recordKey } from '../storage/keyspace.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { encodeRecord } from '../storage/record-codec.ts';
import { ShardReader } from '../storage/shard-reader.ts';
import { encodeCount } from '../storage/shard-rows.ts';
import { unpackPoints } from './packed-points.ts';
import { ReadEngine } from './read-engine.ts';
import type { ReadRequest, ReadResponses } from './read-messages.ts';

const COLLECTION = 1;
const SHARDS = 8;
const POINTS = 64;
const router = new HashRouter({ shardCount: SHARDS });
const shardOf = (id: PointId): number => router.shardOf(COLLECTION, keyOf(id));
const idsOf = (shards: readonly number[]): number[] =>
  Array.from({ length: POINTS }, (_, id) => id).filter((id) => shards.includes(shardOf(id)));
const even: Filter = {
  must: [{ kind: 'field', key: 'n', test: { kind: 'value', value: 0 } }],
};

let local: LocalIndex;
let engine: ReadEngine;
let readers: Map<number, ShardReader>;

/** Eight shards of which the last two are not here, and the sixth is still being read. */
beforeEach(async () => {
  local = await LocalIndex.open(undefined, { shards: [0, 1, 2, 3, 4] });
  local.index.admitShard(5, 0);
  readers = new Map();
  for (let shard = 0; shard < 6; shard += 1) {
    const store = new MemoryStore();
    const rows: StoreOperation[] = idsOf([shard]).map((id) => {
      const key = recordKey(COLLECTION, keyOf(id));
      const vectors = { '': Float32Array.of(id, 0, 0, 0) };
      const payload = Buffer.from(JSON.stringify({ n: id % 2 }));
      local.index.upsert({ key: keyOf(id), shard, version: 1, vectors, payload });
      return { type: 'put', key, value: encodeRecord(key, { version: 1, vectors, payload }) };
    });
    const count = encodeCount(COLLECTION, idsOf([shard]).length);
    rows.push({ type: 'put', key: countKey(COLLECTION), value: count });
    await store.write(rows);
    readers.set(shard, new ShardReader({ store, shard }));
  }
  local.index.commit([]);
  engine = new ReadEngine({ readers, router, searcher: local.searcher, clock: systemClock });
  engine.adopt(local.view);
});
afterEach(() => local[Symbol.asyncDispose]());

const select = { payload: false, vectors: false };
type Of<K extends ReadRequest['kind']> = Extract<ReadRequest, { kind: K }>;

async function answer<K extends ReadRequest['kind']>(request: Of<K>): Promise<ReadResponses[K]> {
  return (await engine.answer(request)) as ReadResponses[K];
}

/** What each kind of read gives of the shards: ids, or how many. */
const reads: Readonly<Record<string, (shards?: Uint16Array) => Promise<unknown>>> = {
  search: async (shards) => {
    const { shards: _, ...query } = vectorQuery([0, 0, 0, 0], { limit: POINTS, select });
    const { points } = await answer<'search'>({
      kind: 'search',
      query: { ...query, collection: COLLECTION, timed: false, ...(shards && { shards }) },
    });
    return unpackPoints(points).map(({ id }) => id);
  },
  scroll: async (shards) => {
    const page = { from: undefined, limit: POINTS, select, ...(shards && { shards }) };
    const request = { kind: 'scroll', collection: COLLECTION, filter: undefined, ...page } as const;
    return unpackPoints((await answer<'scroll'>(request)).points).map(({ id }) => id);
  },
  'scroll with a filter': async (shards) => {
    const page = { from: undefined, limit: POINTS, select, ...(shards && { shards }) };
    const request = { kind: 'scroll', collection: COLLECTION, filter: even, ...page } as const;
    return unpackPoints((await answer<'scroll'>(request)).points).map(({ id }) => id);
  },
  count: async (shards) =>
    (
      await answer<'count'>({
        kind: 'count',
        collection: COLLECTION,
        filter: undefined,
        ...(shards && { shards }),
      })
    ).count,
  'count with a filter': async (shards) =>
    (
      await answer<'count'>({
        kind: 'count',
        collection: COLLECTION,
        filter: even,
        ...(shards && { shards }),
      })
    ).count,
  matching: async (shards) => {
    const page = { from: undefined, limit: POINTS, ...(shards && { shards }) };
    const { keys } = await answer<'matching'>({
      kind: 'matching',
      collection: COLLECTION,
      filter: even,
      ...page,
    });
    return keys.map((key) => decodePointId(key));
  },
};

describe('reads of some shards', () => {
  test.each(Object.entries(reads))('%s tells of the shards asked for only', async (kind, read) => {
    const expected = (shards: readonly number[]): unknown => {
      const isFiltered = kind.includes('filter') || kind === 'matching';
      const ids = idsOf(shards).filter((id) => !isFiltered || id % 2 === 0);
      return kind.startsWith('count') ? ids.length : ids;
    };
    expect(await read(Uint16Array.of(1, 4))).toEqual(expected([1, 4]));
    expect(await read(Uint16Array.of(0, 1, 2, 3, 4))).toEqual(expected([0, 1, 2, 3, 4]));
    expect(await read()).toEqual(expected([0, 1, 2, 3, 4, 5]));
    expect(await read(new Uint16Array(0))).toEqual(expected([]));
  });

  test.each(Object.entries(reads))(
    '%s of a shard that is not here, or not read in yet, is refused',
    async (_, read) => {
      for (const shards of [Uint16Array.of(0, 7), Uint16Array.of(6, 7), Uint16Array.of(5)]) {
        await expect(read(shards)).rejects.toMatchObject({
          code: 'NOT_READY',
          message: expect.stringMatching(/^shard [567] is /),
        });
      }
      local.index.completeShard(5, 1);
      local.index.commit([]);
      engine.adopt(local.view);
      await expect(read(Uint16Array.of(5))).resolves.toBeDefined();
    },
  );

  test('points are given by id from a shard that is here, and refused for one that is not', async () => {
    const [here] = idsOf([2]) as [number];
    const [elsewhere] = idsOf([7]) as [number];
    const get = (id: number): Promise<ReadResponses['get']> =>
      answer<'get'>({
        kind: 'get',
        collection: COLLECTION,
        keys: [keyOf(id)],
        shards: Uint16Array.of(shardOf(id)),
        select,
      });
    expect(unpackPoints((await get(here)).points).map(({ id }) => id)).toEqual([here]);
    await expect(get(elsewhere)).rejects.toThrow('shard 7 is not on this node');
  });
});
