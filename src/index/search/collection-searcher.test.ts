import { describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
  vectorSchema,
} from '../../../test/support/local-index.ts';
import { decodePointId } from '../../base/point-id.ts';
import { seededRandom } from '../../base/random.ts';
import { exactNearest } from '../engine/flat-index.ts';
import type { Filter } from '../filter/filter.ts';
import { CollectionSearcher } from './collection-searcher.ts';

const dense = (dimension: number, count: number, seed: number): Float32Array[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: dimension }, () => random.next() - 0.5),
  );
};

function idsOf(local: LocalIndex, vector: readonly number[], overrides = {}): unknown[] {
  const { hits } = local.searcher.search(local.view, vectorQuery(vector, overrides));
  return hits.map((hit) => decodePointId(hit.key));
}

describe('searching a collection on one thread', () => {
  test('a staged point is found after the commit, and not before', async () => {
    await using local = await LocalIndex.open();
    local.put(1, [1, 0, 0, 0], { a: 1 });
    expect(idsOf(local, [1, 0, 0, 0])).toEqual([]);
    local.index.commit([[0, 1]]);
    const { hits } = local.searcher.search(local.view, vectorQuery([1, 0, 0, 0]));
    expect(hits.map((hit) => Buffer.from(hit.payload).toString())).toEqual(['{"a":1}']);
    expect(hits[0]?.score).toBe(0);
  });

  test('growing through all tiers, sealing and searching give the nearest points', async () => {
    const schema = collectionSchema({ vectors: { '': vectorSchema({ dimension: 16 }) } });
    await using local = await LocalIndex.open(schema, { growingRows: 1000 });
    const rows = dense(16, 2_500, 1);
    rows.forEach((row, id) => {
      local.put(id, [...row], { id });
      if (id % 100 === 99) local.index.commit([[0, id]]);
    });
    await local.index.flush();
    expect(
      local.index
        .describe()
        .filter((segment) => segment.rows > 0)
        .every((segment) => segment.kind === 'sealed'),
    ).toBe(true);
    let found = 0;
    for (const query of dense(16, 20, 2)) {
      const truth = exactNearest('euclid', rows, query, 10);
      const ids = new Set(idsOf(local, [...query], { ef: 128 }));
      found += truth.filter((id) => ids.has(id)).length;
    }
    expect(found / 200).toBeGreaterThan(0.97);
    await local.reopen();
    expect(local.index.damage).toEqual([]);
    expect(idsOf(local, [...(rows[7] as Float32Array)])[0]).toBe(7);
    expect(local.index.watermark(0)).toBe(2499);
  });

  test('a searcher that has only an old view sees the moment at which that view ended', async () => {
    await using local = await LocalIndex.open(collectionSchema(), { growingRows: 300 });
    for (let id = 0; id < 200; id += 1) local.put(id, [id, 0, 0, 0]);
    local.index.commit([[0, 200]]);
    using late = new CollectionSearcher({ lane: 0 });
    const old = local.view;
    late.adopt(old);
    for (let id = 200; id < 300; id += 1) local.put(id, [id, 0, 0, 0]);
    local.index.remove(keyOf(0));
    local.put(1, [1_000, 0, 0, 0]);
    local.index.commit([[0, 302]]);
    await local.index.optimize();
    const seen = late.search(old, vectorQuery([0, 0, 0, 0], { limit: 1_000 })).hits;
    expect(seen.map((hit) => hit.score)).toEqual(Array.from({ length: 200 }, (_, id) => id));
    const now = local.searcher.search(local.view, vectorQuery([0, 0, 0, 0], { limit: 1_000 })).hits;
    expect(now.map((hit) => hit.score)).toEqual([
      ...Array.from({ length: 298 }, (_, i) => i + 2),
      1_000,
    ]);
  });

  test('points that are equally near come in the order of their ids, growing or sealed', async () => {
    await using local = await LocalIndex.open();
    for (const id of [5, 3, 'b', 9, 1]) local.put(id, [1, 1, 0, 0]);
    local.index.commit([[0, 1]]);
    await local.index.flush();
    for (const id of [4, 'a', 2]) local.put(id, [1, 1, 0, 0]);
    local.index.commit([[0, 2]]);
    expect(idsOf(local, [0, 0, 0, 0])).toEqual([1, 2, 3, 4, 5, 9, 'a', 'b']);
    expect(idsOf(local, [0, 0, 0, 0], { offset: 2, limit: 3 })).toEqual([3, 4, 5]);
  });

  test('only points strictly nearer than the threshold are found', async () => {
    await using local = await LocalIndex.open();
    for (const id of [1, 2, 3]) local.put(id, [id, 0, 0, 0]);
    local.index.commit([[0, 1]]);
    expect(idsOf(local, [0, 0, 0, 0], { scoreThreshold: 2 })).toEqual([1]);
  });

  test.each(['growing', 'sealed'])(
    'a point without the vector is not found in %s rows, but counted',
    async (kind) => {
      const schema = collectionSchema({ vectors: { a: vectorSchema(), b: vectorSchema() } });
      await using local = await LocalIndex.open(schema);
      const put = (id: number, vectors: Record<string, Float32Array>): void =>
        local.index.upsert({
          key: keyOf(id),
          shard: 0,
          version: 1,
          vectors,
          payload: new Uint8Array(0),
        });
      const ones = Float32Array.of(1, 1, 1, 1);
      put(1, { a: ones });
      put(2, { b: ones });
      put(3, { a: ones, b: ones });
      put(4, {});
      local.index.commit([[0, 1]]);
      if (kind === 'sealed') await local.index.flush();
      expect(idsOf(local, [0, 0, 0, 0], { using: 'a' })).toEqual([1, 3]);
      expect(idsOf(local, [0, 0, 0, 0], { using: 'b' })).toEqual([2, 3]);
      const filter: Filter = { mustNot: [{ kind: 'hasVector', name: 'a' }] };
      expect(local.searcher.count(local.view, filter)).toBe(2);
      expect(local.searcher.count(local.view, {})).toBe(4);
      const select = { payload: false, vectors: ['b'] };
      const { hits } = local.searcher.search(
        local.view,
        vectorQuery([0, 0, 0, 0], { using: 'a', select }),
      );
      expect(hits.map((hit) => hit.vectors)).toEqual([{}, { b: ones }]);
    },
  );

  test('ids named in a filter are found wherever they are', async () => {
    await using local = await LocalIndex.open();
    for (let id = 0; id < 50; id += 1) local.put(id, [id, 0, 0, 0]);
    local.index.commit([[0, 1]]);
    await local.index.flush();
    local.put(50, [50, 0, 0, 0]);
    local.put(7, [0.5, 0, 0, 0]);
    local.index.commit([[0, 2]]);
    const filter: Filter = { must: [{ kind: 'hasId', ids: [7, 50, 3, 99] }] };
    expect(idsOf(local, [0, 0, 0, 0], { filter })).toEqual([7, 3, 50]);
  });

  test('a filter finds as much as no filter does, whatever share passes and whether it is indexed', async () => {
    const schema = collectionSchema({
      vectors: { '': vectorSchema({ dimension: 32 }) },
      payloadIndexes: { indexed: { kind: 'integer' } },
    });
    await using local = await LocalIndex.open(schema);
    const rows = dense(32, 4_000, 4);
    const random = seededRandom(9);
    rows.forEach((row, id) => {
      local.put(id, [...row], { indexed: random.below(1_000), plain: random.below(1_000) });
    });
    local.index.commit([[0, 1]]);
    await local.index.optimize();
    const queries = dense(32, 40, 5);
    const recall = (filter: Filter | undefined): number => {
      let found = 0;
      let all = 0;
      for (const query of queries) {
        const truth = idsOf(local, [...query], { filter, exact: true });
        const ids = new Set(idsOf(local, [...query], { filter, ef: 64 }));
        found += truth.filter((id) => ids.has(id)).length;
        all += truth.length;
      }
      return found / all;
    };
    const unfiltered = recall(undefined);
    expect(unfiltered).toBeGreaterThan(0.8);
    for (const key of ['indexed', 'plain']) {
      for (const lt of [900, 500, 100, 10, 1]) {
        const filter: Filter = { must: [{ kind: 'field', key, test: { kind: 'range', lt } }] };
        expect(recall(filter), `${key} < ${lt}`).toBeGreaterThanOrEqual(unfiltered - 0.01);
      }
    }
  });

  test('explain tells by what means each segment was searched', async () => {
    const schema = collectionSchema({ payloadIndexes: { n: { kind: 'integer' } } });
    await using local = await LocalIndex.open(schema);
    for (let id = 0; id < 2_000; id += 1) local.put(id, [id, 0, 0, 0], { n: id, m: id % 2 });
    local.index.commit([[0, 1]]);
    await local.index.optimize();
    const explain = (overrides: object): unknown => {
      const query = vectorQuery([0, 0, 0, 0], { explain: true, ef: 16, ...overrides });
      const { explanation } = local.searcher.search(local.view, query);
      const segment = explanation?.segments.find(({ kind }) => kind === 'sealed');
      return segment && [segment.strategy, segment.indexed, segment.unindexed];
    };
    const field = (key: string, lt: number): object => ({
      filter: { must: [{ kind: 'field', key, test: { kind: 'range', lt } }] },
    });
    expect(explain({})).toEqual(['graph', [], []]);
    expect(explain({ exact: true })).toEqual(['exact', [], []]);
    expect(explain(field('n', 5))).toEqual(['exactOverMatches', ['n'], []]);
    expect(explain(field('n', -5))).toEqual(['nothingMatches', ['n'], []]);
    expect(explain(field('m', 1))).toEqual(['filteredGraph', [], ['m']]);
  });
});
