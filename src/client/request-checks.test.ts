import { describe, expect, test } from 'vitest';
import type { ClientRequest } from './client-request.ts';
import { checkRequest, checkTimeout } from './request-checks.ts';

const upsert = (point: unknown) => ({ kind: 'upsert', points: [{ id: 1, vector: [1] }, point] });
const remove = (selector: unknown) => ({ kind: 'delete', selector });
const search = (fields: object) => ({ kind: 'search', vector: [1], ...fields });

const BAD: readonly (readonly [field: string, request: object])[] = [
  ...[-1, 1.5, Number.NaN, 1e21, 1n << 64n, -1n, null, undefined, {}, [], true].map(
    (id) => ['points[1].id', upsert({ id, vector: [1] })] as const,
  ),
  ...[null, 7, 'a', [1, null], ['1'], new Float64Array(2), {}].map(
    (vector) => ['points[1].vector', upsert({ id: 2, vector })] as const,
  ),
  ['points[1].vectors.title', upsert({ id: 2, vectors: { title: [null] } })],
  ['points[1].payload', upsert({ id: 2, vector: [1], payload: [1] })],
  ['points[1]', upsert(null)],
  ['points', { kind: 'upsert', points: { id: 1 } }],
  ['ids[0]', remove({ ids: [(1n << 64n) + 5n] })],
  ['ids', remove({ ids: 5 })],
  ['ids', remove({})],
  ['ids', remove({ ids: [1], filter: {} })],
  ['selector', remove(undefined)],
  ['filter', remove({ filter: null })],
  ['payload', { kind: 'setPayload', selector: { ids: [1] }, payload: null }],
  ['ids[1]', { kind: 'get', ids: ['a', 1.5] }],
  ...[-1, 1.5, 4_294_967_296, Number.NaN, null, '1'].flatMap((count) => [
    ['limit', search({ limit: count })] as const,
    ['offset', search({ offset: count })] as const,
    ['ef', search({ ef: count })] as const,
    ['limit', { kind: 'scroll', limit: count }] as const,
  ]),
  ['vector', { kind: 'search' }],
  ['filter', search({ filter: 'a' })],
  ['searches[1].limit', { kind: 'searchBatch', searches: [search({}), search({ limit: -1 })] }],
  ['from', { kind: 'scroll', from: -1 }],
  ['filter', { kind: 'count', filter: [] }],
];

const GOOD: readonly object[] = [
  upsert({ id: (1n << 64n) - 1n, vector: Float32Array.of(1), payload: { a: 1 } }),
  upsert({ id: 'a', vectors: { title: [1, Number.NaN] } }),
  upsert({ id: 0, vector: [1], payload: null }),
  remove({ ids: [] }),
  remove({ filter: {} }),
  search({ limit: 0, offset: 4_294_967_295, ef: 1, filter: {} }),
  { kind: 'scroll', from: 'a', limit: 1 },
  { kind: 'count' },
  { kind: 'openSession' },
  { kind: 'collections' },
];

describe('a request', () => {
  test.each(BAD)('with a wrong %s is not sent', (field, request) => {
    expect(() => checkRequest(request as ClientRequest)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', field }),
    );
  });

  test.each(GOOD.map((request, number) => ({ request, number })))(
    'that is right ($number) is sent',
    ({ request }) => {
      expect(() => checkRequest(request as ClientRequest)).not.toThrow();
    },
  );
});

test('a time has to be some milliseconds', () => {
  for (const wrong of [Number.NaN, 0, -1, '1', null]) {
    expect(() => checkTimeout(wrong)).toThrow('timeoutMs');
  }
  for (const right of [1, 0.5, Infinity, undefined])
    expect(() => checkTimeout(right)).not.toThrow();
});
