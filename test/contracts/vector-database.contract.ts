import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gaussian, seededRandom } from '../../src/base/random.ts';
import type { PointId } from '../../src/base/point-id.ts';
import type {
  PointInput,
  SearchRequest,
  VectorDatabase,
} from '../../src/database/vector-database.ts';
import type { Distance } from '../../src/index/distance.ts';

/** A database to test, and how to get rid of it. */
export interface DatabaseUnderTest extends AsyncDisposable {
  readonly database: VectorDatabase;
}

const DIMENSION = 8;
const NAME = 'things';
const ALL = { payload: true, vectors: true } as const;
const BARE = { payload: false, vectors: false } as const;

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const parsed = (payload: Uint8Array): unknown =>
  payload.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(payload));

function randomVector(
  random: ReturnType<typeof seededRandom>,
  dimension = DIMENSION,
): Float32Array {
  return Float32Array.from({ length: dimension }, () => gaussian(random));
}

function score(distance: Distance, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let squared = 0;
  let absolute = 0;
  let normA = 0;
  let normB = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    squared += (x - y) ** 2;
    absolute += Math.abs(x - y);
    normA += x * x;
    normB += y * y;
  }
  if (distance === 'cosine') return dot / Math.sqrt(normA * normB);
  if (distance === 'dot') return dot;
  return distance === 'euclid' ? Math.sqrt(squared) : absolute;
}

/** What every VectorDatabase does, whatever is behind it. */
export function describeVectorDatabase(name: string, open: () => Promise<DatabaseUnderTest>): void {
  describe(`vector database: ${name}`, () => {
    let underTest: DatabaseUnderTest;
    let database: VectorDatabase;

    beforeAll(async () => {
      underTest = await open();
      ({ database } = underTest);
    });
    afterAll(async () => {
      await underTest[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      await database.dropCollection(NAME);
      await database.createCollection({
        name: NAME,
        vectors: { '': { dimension: DIMENSION, distance: 'euclid' } },
      });
    });

    const point = (id: PointId, fill: number, payload: unknown = { fill }): PointInput => ({
      id,
      vectors: { '': new Float32Array(DIMENSION).fill(fill) },
      payload: json(payload),
    });
    const search = (fill: number, more: Partial<SearchRequest> = {}): SearchRequest => ({
      collection: NAME,
      vector: new Float32Array(DIMENSION).fill(fill),
      limit: 10,
      select: ALL,
      ...more,
    });
    const ids = (points: readonly { readonly id: PointId }[]): PointId[] =>
      points.map(({ id }) => id);

    describe('collections', () => {
      test('are described as they were created', async () => {
        const { schema, points, state } = await database.describeCollection(NAME);
        expect(schema).toMatchObject({ name: NAME, payloadIndexes: {} });
        expect(schema.vectors['']).toMatchObject({ dimension: DIMENSION, distance: 'euclid' });
        expect({ points, state }).toEqual({ points: 0, state: 'ready' });
      });

      test('cannot be created twice', async () => {
        await expect(
          database.createCollection({
            name: NAME,
            vectors: { '': { dimension: 3, distance: 'dot' } },
          }),
        ).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      });

      test('begin empty again after they were dropped', async () => {
        await database.upsertPoints(NAME, [point(1, 1)]);
        expect(await database.dropCollection(NAME)).toBe(true);
        expect(await database.dropCollection(NAME)).toBe(false);
        await expect(database.search(search(1))).rejects.toMatchObject({
          code: 'COLLECTION_NOT_FOUND',
        });
        await database.createCollection({
          name: NAME,
          vectors: { '': { dimension: DIMENSION, distance: 'dot' } },
        });
        expect(await database.count({ collection: NAME })).toBe(0);
        expect((await database.search(search(1))).points).toEqual([]);
      });

      test('have aliases, changed all at once or not at all', async () => {
        await database.updateAliases([{ kind: 'create', alias: 'other', collection: NAME }]);
        await database.upsertPoints('other', [point(1, 1)]);
        expect(await database.count({ collection: NAME })).toBe(1);
        await expect(
          database.updateAliases([
            { kind: 'delete', alias: 'other' },
            { kind: 'create', alias: 'third', collection: 'missing' },
          ]),
        ).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
        expect(await database.listAliases()).toEqual([{ alias: 'other', collection: NAME }]);
        await database.updateAliases([{ kind: 'rename', alias: 'other', newAlias: 'third' }]);
        expect((await database.describeCollection('third')).aliases).toEqual(['third']);
        await database.updateAliases([{ kind: 'delete', alias: 'third' }]);
        expect(await database.listAliases()).toEqual([]);
      });
    });

    describe('points', () => {
      test('come back as they were written, whatever the kind of their id', async () => {
        const all: PointId[] = [
          0,
          7,
          2n ** 64n - 1n,
          'text',
          '7',
          '0b51a1f2-6d0e-4b7e-9d8e-0123456789ab',
          'ü',
        ];
        await database.upsertPoints(
          NAME,
          all.map((id, i) => point(id, i + 1)),
        );
        const found = await database.getPoints(NAME, all.toReversed(), ALL);
        expect(ids(found)).toEqual(all.toReversed());
        for (const { id, payload, vectors } of found) {
          const fill = all.indexOf(id) + 1;
          expect(parsed(payload)).toEqual({ fill });
          expect(vectors?.['']).toEqual(new Float32Array(DIMENSION).fill(fill));
        }
      });

      test('keep the text of their payload', async () => {
        const payload = new TextEncoder().encode(
          '{"a":1.0,"b":12345678901234567890,"c":[1,2.50],"d":"é"}',
        );
        await database.upsertPoints(NAME, [{ ...point(1, 1), payload }]);
        const [found] = await database.getPoints(NAME, [1], ALL);
        expect(new TextDecoder().decode(found?.payload)).toBe(new TextDecoder().decode(payload));
      });

      test('that are not there are left out, and the same id twice comes once', async () => {
        await database.upsertPoints(NAME, [point('a', 1), point('b', 2)]);
        expect(ids(await database.getPoints(NAME, ['b', 'x', 'a', 'b'], BARE))).toEqual(['b', 'a']);
      });

      test('are replaced as a whole by a later upsert', async () => {
        await database.upsertPoints(NAME, [point('a', 1, { old: true })]);
        const [first] = await database.getPoints(NAME, ['a'], ALL);
        await database.upsertPoints(NAME, [point('a', 2, { new: true })]);
        const [second] = await database.getPoints(NAME, ['a'], ALL);
        expect(parsed(second?.payload ?? json({}))).toEqual({ new: true });
        expect(second?.version).toBeGreaterThan(first?.version ?? 0);
        expect(await database.count({ collection: NAME })).toBe(1);
        expect(ids((await database.search(search(1))).points)).toEqual(['a']);
        expect((await database.search(search(2))).points[0]?.score).toBe(0);
      });

      test('named twice in one batch end as the last says', async () => {
        await database.upsertPoints(NAME, [point('a', 1), point('a', 2)]);
        expect((await database.search(search(2))).points).toMatchObject([{ id: 'a', score: 0 }]);
      });

      test('are gone after they were deleted', async () => {
        await database.upsertPoints(NAME, [point('a', 1), point('b', 2), point('c', 3)]);
        const result = await database.deletePoints(NAME, { kind: 'ids', ids: ['a', 'x'] });
        expect(result).toEqual({ status: 'applied', changed: 1 });
        expect(ids((await database.search(search(1))).points)).toEqual(['b', 'c']);
        const filter = {
          must: [{ kind: 'field', key: 'fill', test: { kind: 'range', gte: 3 } }],
        } as const;
        expect((await database.deletePoints(NAME, { kind: 'filter', filter })).changed).toBe(1);
        expect(
          ids((await database.scroll({ collection: NAME, limit: 10, select: BARE })).points),
        ).toEqual(['b']);
      });

      test('have their payload merged, overwritten, or parts of it removed', async () => {
        await database.upsertPoints(NAME, [
          point('a', 1, { x: 1, deep: { y: 2, z: 3 } }),
          point('b', 2, { x: 2 }),
        ]);
        const payloads = async (): Promise<unknown[]> =>
          (await database.getPoints(NAME, ['a', 'b'], { payload: true, vectors: false })).map(
            ({ payload }) => parsed(payload),
          );
        const a = { kind: 'ids', ids: ['a', 'missing'] } as const;
        expect((await database.setPayload(NAME, a, json({ w: 0, x: 9 }))).changed).toBe(1);
        expect(await payloads()).toEqual([{ x: 9, deep: { y: 2, z: 3 }, w: 0 }, { x: 2 }]);
        await database.deletePayload(NAME, a, ['deep.y', 'nothing']);
        expect(await payloads()).toEqual([{ x: 9, deep: { z: 3 }, w: 0 }, { x: 2 }]);
        const filter = {
          must: [{ kind: 'field', key: 'x', test: { kind: 'value', value: 2 } }],
        } as const;
        await database.overwritePayload(NAME, { kind: 'filter', filter }, json({ new: [1] }));
        expect(await payloads()).toEqual([{ x: 9, deep: { z: 3 }, w: 0 }, { new: [1] }]);
        expect(
          (await database.search(search(2, { limit: 1 }))).points.map(({ payload }) =>
            parsed(payload),
          ),
        ).toEqual([{ new: [1] }]);
        await database.deletePayload(NAME, a, []);
        expect((await payloads())[0]).toBeUndefined();
      });

      test('carry several named vectors, and may lack some', async () => {
        await database.dropCollection(NAME);
        const vectors = {
          image: { dimension: 2, distance: 'dot' },
          text: { dimension: 3, distance: 'euclid' },
        } as const;
        await database.createCollection({ name: NAME, vectors });
        await database.upsertPoints(NAME, [
          {
            id: 1,
            vectors: { image: Float32Array.of(1, 0), text: Float32Array.of(1, 2, 3) },
            payload: json({}),
          },
          { id: 2, vectors: { text: Float32Array.of(1, 2, 4) }, payload: json({}) },
        ]);
        const text = {
          collection: NAME,
          vector: Float32Array.of(1, 2, 4),
          using: 'text',
          limit: 5,
          select: BARE,
        };
        expect(ids((await database.search(text)).points)).toEqual([2, 1]);
        const image = { ...text, vector: Float32Array.of(1, 1), using: 'image' };
        expect(ids((await database.search(image)).points)).toEqual([1]);
        const [second] = await database.getPoints(NAME, [2], { payload: false, vectors: ['text'] });
        expect(second?.vectors).toEqual({ text: Float32Array.of(1, 2, 4) });
        const has = {
          collection: NAME,
          filter: { must: [{ kind: 'hasVector', name: 'image' }] },
        } as const;
        expect(await database.count(has)).toBe(1);
      });
    });

    describe('search', () => {
      test.each(['cosine', 'dot', 'euclid', 'manhattan'] as const)(
        'finds the nearest by %s',
        async (distance) => {
          await database.dropCollection(NAME);
          await database.createCollection({
            name: NAME,
            vectors: { '': { dimension: DIMENSION, distance } },
          });
          const random = seededRandom(11);
          const vectors = Array.from({ length: 300 }, () => randomVector(random));
          await database.upsertPoints(
            NAME,
            vectors.map((vector, id) => ({ id, vectors: { '': vector }, payload: json({ id }) })),
          );
          const vector = randomVector(random);
          const sign = distance === 'cosine' || distance === 'dot' ? -1 : 1;
          const expected = vectors
            .map((other, id) => ({ id, score: score(distance, vector, other) }))
            .toSorted((a, b) => sign * (a.score - b.score))
            .slice(0, 10);
          const { points } = await database.search({
            collection: NAME,
            vector,
            limit: 10,
            select: BARE,
          });
          expect(ids(points)).toEqual(ids(expected));
          points.forEach(({ score: actual }, i) =>
            expect(actual).toBeCloseTo(expected[i]?.score ?? 0, 4),
          );
        },
      );

      test('takes limit, offset, threshold and selectors', async () => {
        await database.upsertPoints(
          NAME,
          [1, 2, 3, 4, 5].map((fill) => point(fill, fill, { fill, other: 1 })),
        );
        expect(ids((await database.search(search(1, { limit: 2 }))).points)).toEqual([1, 2]);
        expect(ids((await database.search(search(1, { limit: 2, offset: 2 }))).points)).toEqual([
          3, 4,
        ]);
        const near = await database.search(search(1, { scoreThreshold: Math.sqrt(DIMENSION) * 2 }));
        expect(ids(near.points)).toEqual([1, 2]);
        const { points } = await database.search(
          search(1, { limit: 1, select: { payload: { include: ['fill'] }, vectors: false } }),
        );
        expect(parsed(points[0]?.payload ?? json({}))).toEqual({ fill: 1 });
        expect(points[0]?.vectors).toBeUndefined();
        const exclude = await database.search(
          search(1, { limit: 1, select: { payload: { exclude: ['fill'] }, vectors: false } }),
        );
        expect(parsed(exclude.points[0]?.payload ?? json({}))).toEqual({ other: 1 });
      });

      test('keeps to a filter, indexed or not', async () => {
        await database.upsertPoints(
          NAME,
          Array.from({ length: 200 }, (_, i) =>
            point(i, i, { n: i, parity: i % 2 === 0 ? 'even' : 'odd', tags: [`t${i % 5}`, 'all'] }),
          ),
        );
        const filter = {
          must: [{ kind: 'field', key: 'parity', test: { kind: 'value', value: 'odd' } }],
          mustNot: [{ kind: 'field', key: 'n', test: { kind: 'range', lt: 10 } }],
          should: [
            { kind: 'field', key: 'tags', test: { kind: 'any', values: ['t1', 't2'] } },
            { kind: 'hasId', ids: [99] },
          ],
        } as const;
        const expected = [11, 17, 21, 27, 31];
        const query = search(0, { filter, limit: 5, select: BARE });
        expect(ids((await database.search(query)).points)).toEqual(expected);
        await database.createPayloadIndex(NAME, 'parity', { kind: 'keyword' });
        await database.createPayloadIndex(NAME, 'n', { kind: 'integer' });
        await database.createPayloadIndex(NAME, 'tags', { kind: 'keyword' });
        expect(ids((await database.search(query)).points)).toEqual(expected);
        expect(await database.count({ collection: NAME, filter })).toBe(39);
        expect(
          Object.keys((await database.describeCollection(NAME)).schema.payloadIndexes).toSorted(),
        ).toEqual(['n', 'parity', 'tags']);
        expect(await database.dropPayloadIndex(NAME, 'n')).toBe(true);
        expect(await database.dropPayloadIndex(NAME, 'n')).toBe(false);
        expect(ids((await database.search(query)).points)).toEqual(expected);
      });

      test('explains how it was done when asked to', async () => {
        await database.upsertPoints(NAME, [point(1, 1)]);
        const { explanation } = await database.search(search(1, { explain: true }));
        expect(explanation?.segments.length).toBeGreaterThan(0);
        expect((await database.search(search(1))).explanation).toBeUndefined();
      });

      test('answers a batch in order', async () => {
        await database.upsertPoints(NAME, [point(1, 1), point(2, 2), point(3, 3)]);
        const results = await database.searchBatch([
          search(3, { limit: 1 }),
          search(1, { limit: 1 }),
        ]);
        expect(results.map(({ points }) => points[0]?.id)).toEqual([3, 1]);
      });

      test('breaks ties by id', async () => {
        await database.upsertPoints(
          NAME,
          ['b', 2, 'a', 1].map((id) => point(id, 1)),
        );
        expect(ids((await database.search(search(1))).points)).toEqual([1, 2, 'a', 'b']);
      });
    });

    describe('scroll and count', () => {
      test('go through all points in the order of ids, a page at a time', async () => {
        const all: PointId[] = [...Array.from({ length: 50 }, (_, i) => i * 3), 'a', 'aa', 'b'];
        await database.upsertPoints(
          NAME,
          all.toReversed().map((id, i) => point(id, i)),
        );
        const seen: PointId[] = [];
        let from: PointId | undefined;
        do {
          const page = await database.scroll({
            collection: NAME,
            limit: 7,
            select: BARE,
            ...(from === undefined ? {} : { from }),
          });
          expect(page.points.length).toBeLessThanOrEqual(7);
          seen.push(...ids(page.points));
          from = page.next;
        } while (from !== undefined);
        expect(seen).toEqual(all);
        expect(await database.count({ collection: NAME })).toBe(all.length);
      });

      test('keep to a filter', async () => {
        await database.upsertPoints(
          NAME,
          Array.from({ length: 40 }, (_, i) => point(i, i, { even: i % 2 === 0 })),
        );
        const filter = {
          must: [{ kind: 'field', key: 'even', test: { kind: 'value', value: true } }],
        } as const;
        expect(await database.count({ collection: NAME, filter })).toBe(20);
        const first = await database.scroll({ collection: NAME, filter, limit: 15, select: BARE });
        expect(ids(first.points)).toEqual(Array.from({ length: 15 }, (_, i) => i * 2));
        const second = await database.scroll({
          collection: NAME,
          filter,
          limit: 15,
          select: BARE,
          from: first.next ?? 0,
        });
        expect(ids(second.points)).toEqual([30, 32, 34, 36, 38]);
        expect(second.next).toBeUndefined();
      });
    });

    describe('refusals', () => {
      test.each<[string, () => Promise<unknown>, string]>([
        [
          'a vector of another length',
          () =>
            database.upsertPoints(NAME, [{ ...point(1, 1), vectors: { '': Float32Array.of(1) } }]),
          'DIMENSION_MISMATCH',
        ],
        [
          'a number that is not finite',
          () => database.upsertPoints(NAME, [point(1, Number.NaN)]),
          'INVALID_VECTOR',
        ],
        [
          'a vector name that is not known',
          () =>
            database.upsertPoints(NAME, [{ ...point(1, 1), vectors: { x: Float32Array.of(1) } }]),
          'INVALID_ARGUMENT',
        ],
        [
          'a point without a vector',
          () => database.upsertPoints(NAME, [{ ...point(1, 1), vectors: {} }]),
          'INVALID_ARGUMENT',
        ],
        ['a negative id', () => database.upsertPoints(NAME, [point(-1, 1)]), 'INVALID_ARGUMENT'],
        ['an empty id', () => database.upsertPoints(NAME, [point('', 1)]), 'INVALID_ARGUMENT'],
        ['a limit of zero', () => database.search(search(1, { limit: 0 })), 'INVALID_ARGUMENT'],
        [
          'a query of another length',
          () => database.search(search(1, { vector: Float32Array.of(1) })),
          'DIMENSION_MISMATCH',
        ],
        [
          'a collection that is not there',
          () => database.search(search(1, { collection: 'missing' })),
          'COLLECTION_NOT_FOUND',
        ],
        [
          'a collection without vectors',
          () => database.createCollection({ name: 'n', vectors: {} }),
          'INVALID_ARGUMENT',
        ],
        [
          'a dimension of zero',
          () =>
            database.createCollection({
              name: 'n',
              vectors: { '': { dimension: 0, distance: 'dot' } },
            }),
          'INVALID_ARGUMENT',
        ],
      ])('%s', async (_name, call, code) => {
        await expect(call()).rejects.toMatchObject({ code });
        expect(await database.count({ collection: NAME })).toBe(0);
      });
    });
  });
}
