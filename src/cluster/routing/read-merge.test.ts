import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId } from '../../base/point-id.ts';
import { compareScores, DISTANCES } from '../../index/distance.ts';
import { packPoints, unpackPoints } from '../../worker/packed-points.ts';
import type { ReadRequest, ReadResponses, SearchQuery } from '../../worker/read-messages.ts';
import { mergeAnswers, partOf, withShards } from './read-merge.ts';

const key = (id: number): Uint8Array => encodePointId(id, 'id', 512);
const select = { payload: true, vectors: false } as const;
const search = (overrides: Partial<SearchQuery>): ReadRequest & { readonly kind: 'search' } => ({
  kind: 'search',
  query: {
    collection: 1,
    using: '',
    vector: Float32Array.of(1),
    limit: 10,
    offset: 0,
    ef: 64,
    exact: false,
    filter: undefined,
    scoreThreshold: undefined,
    select,
    explain: false,
    timed: false,
    ...overrides,
  },
});
interface Point {
  readonly id: number;
  readonly score: number;
}
const pack = (points: readonly Point[]): Uint8Array =>
  packPoints(
    points.map(({ id, score }) => ({
      key: key(id),
      version: 1,
      score,
      payload: new Uint8Array(Buffer.from(`{"id":${id}}`)),
      vectors: undefined,
    })),
  );
const idsOf = (packed: Uint8Array): readonly unknown[] => unpackPoints(packed).map(({ id }) => id);
const byId = (a: Point, b: Point): number => a.id - b.id;

/** Points with different ids, each on one of some parts. */
const spread = fc
  .uniqueArray(fc.record({ id: fc.nat(200), score: fc.integer({ min: -5, max: 5 }) }), {
    selector: ({ id }) => id,
    maxLength: 40,
  })
  .chain((points) =>
    fc
      .array(fc.nat(3), { minLength: points.length, maxLength: points.length })
      .map((places) => [0, 1, 2, 3].map((part) => points.filter((_, at) => places[at] === part))),
  );

describe('answers of parts, put together', () => {
  test('are what one search of all would have found', () => {
    const inputs = [spread, fc.constantFrom(...DISTANCES), fc.nat(8), fc.nat(8)] as const;
    fc.assert(
      fc.property(...inputs, (parts, distance, offset, limit) => {
        const order = (a: Point, b: Point): number =>
          compareScores(distance, a.score, b.score) || byId(a, b);
        const request = search({ offset, limit });
        const answers = parts.map((points): ReadResponses['search'] => {
          const part = partOf(request, [0]) as typeof request;
          const { query } = part;
          const end = query.offset + query.limit;
          const page = points.toSorted(order).slice(query.offset, end);
          return { points: pack(page), explanation: undefined, stages: undefined };
        });
        const merged = mergeAnswers(request, answers, distance) as ReadResponses['search'];
        const all = parts.flat().toSorted(order);
        expect(idsOf(merged.points)).toEqual(all.slice(offset, offset + limit).map(({ id }) => id));
      }),
    );
  });

  test('are pages that give each point once, in the order of ids', () => {
    fc.assert(
      fc.property(spread, fc.integer({ min: 1, max: 6 }), (parts, limit) => {
        const seen: unknown[] = [];
        let from: number | undefined = 0;
        while (from !== undefined) {
          const first: number = from;
          const request: ReadRequest = {
            kind: 'scroll',
            collection: 1,
            filter: undefined,
            from: key(first),
            limit,
            select,
          };
          const answers = parts.map((points): ReadResponses['scroll'] => {
            const left = points.filter(({ id }) => id >= first).toSorted(byId);
            const next = left[limit];
            return {
              points: pack(left.slice(0, limit)),
              next: next === undefined ? undefined : key(next.id),
            };
          });
          const page = mergeAnswers(request, answers, undefined) as ReadResponses['scroll'];
          seen.push(...idsOf(page.points));
          expect(idsOf(page.points).length).toBeLessThanOrEqual(limit);
          const next = page.next && Number(Buffer.from(page.next).readBigUInt64BE(1));
          expect(next === undefined || next > first).toBe(true);
          from = next;
        }
        expect(seen).toEqual(
          parts
            .flat()
            .toSorted(byId)
            .map(({ id }) => id),
        );
      }),
    );
  });

  test('leave to the next page what a part has not reached', () => {
    const request: ReadRequest = {
      kind: 'scroll',
      collection: 1,
      filter: undefined,
      from: undefined,
      limit: 3,
      select,
    };
    const page = mergeAnswers(
      request,
      [
        { points: pack([{ id: 1, score: 0 }]), next: key(5) },
        { points: pack([3, 9].map((id) => ({ id, score: 0 }))), next: undefined },
      ],
      undefined,
    ) as ReadResponses['scroll'];
    expect(idsOf(page.points)).toEqual([1, 3]);
    expect(page.next).toEqual(key(5));
  });

  test('of a get are in the order of the keys', () => {
    const request: ReadRequest = {
      kind: 'get',
      collection: 1,
      keys: [5, 3, 9, 1].map(key),
      shards: Uint16Array.of(0, 1, 0, 1),
      select,
    };
    const one = partOf(request, [0]) as typeof request;
    expect(one.keys).toEqual([key(5), key(9)]);
    expect([...one.shards]).toEqual([0, 0]);
    const merged = mergeAnswers(
      request,
      [
        { points: pack([5, 9].map((id) => ({ id, score: 0 }))) },
        { points: pack([{ id: 1, score: 0 }]) },
      ],
      undefined,
    ) as ReadResponses['get'];
    expect(idsOf(merged.points)).toEqual([5, 9, 1]);
  });

  test('counts are added, matching keys are put in order and cut', () => {
    const count: ReadRequest = { kind: 'count', collection: 1, filter: undefined };
    expect(mergeAnswers(count, [{ count: 2 }, { count: 5 }], undefined)).toEqual({ count: 7 });
    const matching: ReadRequest = {
      kind: 'matching',
      collection: 1,
      filter: {},
      from: undefined,
      limit: 3,
    };
    const merged = mergeAnswers(
      matching,
      [{ keys: [key(2), key(7)] }, { keys: [key(1), key(2), key(9)] }],
      undefined,
    );
    expect(merged).toEqual({ keys: [key(1), key(2), key(7)] });
  });

  test('a point that two parts have is given once; explanations follow each other', () => {
    const segment = (rows: number) =>
      ({
        kind: 'growing',
        rows,
        strategy: 'exact',
        indexed: [],
        unindexed: [],
        candidates: 1,
        rescored: 1,
      }) as const;
    const answer = (rows: number, points: readonly Point[]): ReadResponses['search'] => ({
      points: pack(points),
      explanation: { segments: [segment(rows)] },
      stages: undefined,
    });
    const merged = mergeAnswers(
      search({ explain: true }),
      [
        answer(1, [{ id: 4, score: 2 }]),
        answer(
          2,
          [3, 4].map((id) => ({ id, score: id })),
        ),
      ],
      'euclid',
    ) as ReadResponses['search'];
    expect(idsOf(merged.points)).toEqual([4, 3]);
    expect(merged.explanation?.segments.map(({ rows }) => rows)).toEqual([1, 2]);
  });

  test('a question to one node for all keeps its page', () => {
    const whole = withShards(search({ offset: 3, limit: 4 }), [0, 1]) as ReturnType<typeof search>;
    expect(whole.query).toMatchObject({ offset: 3, limit: 4 });
    expect(whole.query.shards).toEqual(Uint16Array.of(0, 1));
    const part = partOf(search({ offset: 3, limit: 4 }), [1]) as ReturnType<typeof search>;
    expect(part.query).toMatchObject({ offset: 0, limit: 7 });
  });
});
