import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
  vectorSchema,
} from '../../../test/support/local-index.ts';
import { decodePointId } from '../../base/point-id.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import type { Filter } from '../filter/filter.ts';
import type { SegmentExplanation } from '../search-explanation.ts';
import type { IndexView } from '../segment/index-view.ts';
import { ShardSelection } from './shard-selection.ts';

const SHARDS = 16;
const ROWS = 6_000;
const DIMENSION = 256;
const schema = collectionSchema({
  vectors: { '': vectorSchema({ dimension: DIMENSION }) },
  payloadIndexes: { n: { kind: 'integer' } },
});
const shards = (count: number): number[] => Array.from({ length: count }, (_, shard) => shard);
const below = (lt: number): Filter => ({
  must: [{ kind: 'field', key: 'n', test: { kind: 'range', lt } }],
});

/** Points around a few dozen centres. */
class Clusters {
  readonly #random: Random;
  readonly #centres: Float32Array[];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#centres = Array.from({ length: 40 }, () => this.#around(new Float32Array(DIMENSION), 1));
  }

  next(): Float32Array {
    return this.#around(this.#centres[this.#random.below(40)] as Float32Array, 0.8);
  }

  #around(centre: Float32Array, spread: number): Float32Array {
    return centre.map((each) => each + (this.#random.next() - 0.5) * spread);
  }
}

async function filled(): Promise<LocalIndex> {
  const local = await LocalIndex.open(schema, { shards: shards(SHARDS) });
  const clusters = new Clusters(3);
  const random = seededRandom(8);
  for (let id = 0; id < ROWS; id += 1) {
    const payload = Buffer.from(JSON.stringify({ n: random.below(1_000), m: random.below(1_000) }));
    const shard = random.below(SHARDS);
    const vectors = { '': clusters.next() };
    local.index.upsert({ key: keyOf(id), shard, version: 1, vectors, payload });
  }
  local.index.commit([]);
  await local.index.optimize();
  return local;
}

let local: LocalIndex;
beforeAll(async () => {
  local = await filled();
});
afterAll(() => local[Symbol.asyncDispose]());

const asked = (numbers: readonly number[]) => ({ shards: Uint16Array.from(numbers) });

function recall(of: LocalIndex, overrides: object): number {
  const clusters = new Clusters(3);
  let found = 0;
  let wanted = 0;
  const ids = (query: Float32Array, more: object): unknown[] =>
    of.searcher
      .search(of.view, vectorQuery([...query], { ...overrides, ...more }))
      .hits.map(({ key }) => decodePointId(key));
  for (let i = 0; i < 60; i += 1) {
    const query = clusters.next().map((each) => each + 0.01);
    const truth = ids(query, { exact: true });
    const near = new Set(ids(query, { ef: 12 }));
    found += truth.filter((id) => near.has(id)).length;
    wanted += truth.length;
  }
  return found / wanted;
}

function explain(of: LocalIndex, overrides: object): SegmentExplanation | undefined {
  const query = vectorQuery(Array.from(new Float32Array(DIMENSION)), {
    explain: true,
    ef: 48,
    ...overrides,
  });
  const { explanation } = of.searcher.search(of.view, query);
  return explanation?.segments.find(({ kind }) => kind === 'sealed');
}

describe('searching some shards of many', () => {
  test.each([15, 12, 8, 5, 3, 1])('%d of 16 are searched as well as all', (count) => {
    const unrestricted = recall(local, {});
    expect(unrestricted).toBeGreaterThan(0.9);
    const restricted = recall(local, asked(shards(count)));
    expect(restricted).toBeGreaterThanOrEqual(unrestricted - 0.01);
    for (const filter of [below(500), below(50)]) {
      const both = recall(local, { filter, ...asked(shards(count)) });
      expect(both).toBeGreaterThanOrEqual(unrestricted - 0.01);
    }
  });

  test('after shards left, what is left is searched as well, whatever is asked', async () => {
    await using left = await filled();
    const unrestricted = recall(left, {});
    // Fewer dead rows than make the segment be built again.
    left.index.forgetShard(1, 9, 14);
    expect(left.index.isBuilding).toBe(false);
    const unindexed: Filter = {
      must: [{ kind: 'field', key: 'm', test: { kind: 'range', lt: 700 } }],
    };
    for (const selection of [
      {},
      asked([0, 2, 3, 4, 5, 6, 7, 8, 10, 11]),
      asked([0, 2]),
      { filter: below(600) },
      { filter: unindexed },
      { filter: unindexed, ...asked([0, 2, 3, 4, 5, 6, 7, 8]) },
    ]) {
      expect(recall(left, selection), JSON.stringify(selection)).toBeGreaterThanOrEqual(
        unrestricted - 0.01,
      );
    }
    const dead = 1 - left.index.liveRows / ROWS;
    const candidates = (of: LocalIndex): number | undefined =>
      explain(of, { filter: below(900) })?.candidates;
    expect(candidates(left)).toBeGreaterThanOrEqual((candidates(local) ?? 0) / (1 - dead) - 1);
  });

  test('all that are here cost nothing, most walk the graph, few are compared', () => {
    expect(explain(local, asked(shards(16)))).toMatchObject({ strategy: 'graph' });
    expect(explain(local, asked(shards(20)))).toMatchObject({ strategy: 'graph' });
    expect(explain(local, asked(shards(15)))).toMatchObject({ strategy: 'filteredGraph' });
    const few = explain(local, asked([3]));
    expect(few).toMatchObject({ strategy: 'exactOverMatches', indexed: [], unindexed: [] });
    expect(few).not.toHaveProperty('estimated');
    expect(few?.rescored).toBeLessThan(ROWS / 10);
    expect(explain(local, asked([17]))).toMatchObject({ strategy: 'nothingMatches' });
  });

  test('an estimate is of the rows of these shards', () => {
    const all = explain(local, { filter: below(500) })?.estimated ?? 0;
    const some = explain(local, { filter: below(500), ...asked(shards(4)) })?.estimated ?? 0;
    expect(all).toBeGreaterThan(ROWS * 0.45);
    expect(some / all).toBeGreaterThan(0.2);
    expect(some / all).toBeLessThan(0.3);
  });
});

describe('a selection of shards', () => {
  const view = { shards: [2, 5, 9].map((shard) => ({ shard, isIndexed: true })) };
  const within = (...numbers: number[]): ShardSelection | undefined =>
    ShardSelection.within(view as unknown as IndexView, Uint16Array.from(numbers));

  test('is none where all that are here are asked for', () => {
    expect(ShardSelection.within(view as unknown as IndexView, undefined)).toBeUndefined();
    expect(within(2, 5, 9)).toBeUndefined();
    expect(within(0, 2, 3, 5, 9, 11)).toBeUndefined();
  });

  test.each([[[]], [[2, 5]], [[5, 9]], [[2, 9]], [[0, 3, 10]], [[2, 5, 10]]])(
    '%j leaves the others out',
    (numbers) => {
      const selection = within(...numbers);
      expect(shards(20).filter((shard) => selection?.has(shard))).toEqual(numbers);
    },
  );
});
