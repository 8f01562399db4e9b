import { afterAll, beforeAll, expect, test } from 'vitest';

import { openGrpcEdge, type GrpcEdge } from '../../../test/support/grpc-edge.ts';
import { systemClock } from '../../base/clock.ts';
import type { Filter } from '../../index/filter/filter.ts';
import { filterMessage } from './filter-message.ts';
import { GrapeConnection } from './grape-connection.ts';
import { filterOption } from '../../cli/option-parsers.ts';

let edge: GrpcEdge;
let connection: GrapeConnection;
let received: Filter | undefined;

beforeAll(async () => {
  edge = await openGrpcEdge();
  connection = new GrapeConnection({ url: edge.address, clock: systemClock });
  edge.database.count = async (request) => {
    received = request.filter;
    return 0;
  };
});
afterAll(async () => {
  connection[Symbol.dispose]();
  await edge[Symbol.asyncDispose]();
});

const field = (key: string, test: object): object => ({ must: [{ key, ...test }] });
const place = (lon: number, lat: number): object => ({ lon, lat });
const ring = [place(0, 0), place(0, 2), place(2, 2), place(0, 0)];

test.each([
  {},
  { must: [], should: { is_null: { key: 'a' } }, must_not: [{ is_empty: { key: 'b.c' } }] },
  { min_should: { conditions: [{ has_vector: 'x' }, { has_vector: '' }], min_count: 1 } },
  { must: [{ has_id: [0, 42, '42', 'c1d2c3d4-0000-4000-8000-000000000001'] }] },
  { must: [{ nested: { key: 'a[]', filter: field('b', { match: { value: true } }) } }] },
  { should: [{ must_not: [field('a', { match: { any: ['x', 'y'] } })] }] },
  field('a', { match: { value: 'x' } }),
  field('a', { match: { value: -7 } }),
  field('a', { match: { value: false } }),
  field('a', { match: { any: [1, 2] } }),
  field('a', { match: { except: ['x'] } }),
  field('a', { match: { text: 'two words' } }),
  field('a', { match: { phrase: 'two words' } }),
  field('a', { range: { gt: -0.5, lte: 1e300 } }),
  field('a', { range: { gte: '2024-01-02T03:04:05.678Z', lt: '2030-01-01' } }),
  field('a', { values_count: { gte: 0, lt: 3 } }),
  field('a', { geo_radius: { center: place(13.4, -52.5), radius: 1000.5 } }),
  field('a', { geo_bounding_box: { top_left: place(170, 1), bottom_right: place(-170, -1) } }),
  field('a', { geo_polygon: { exterior: { points: ring }, interiors: [{ points: ring }] } }),
])('a filter reaches the server as it was written: %j', async (json) => {
  const filter = filterOption(JSON.stringify(json));
  await connection.call('Points.Count', { collection: '', filter: filterMessage(filter) });
  expect(withoutEmpty(received)).toEqual(withoutEmpty(filter));
});

test('integers beyond the safe ones keep their digits', async () => {
  for (const digits of ['9007199254740993', '-9007199254740993']) {
    const text = `{"must":{"key":"a","match":{"value":${digits}}}}`;
    const filter = filterOption(text);
    await connection.call('Points.Count', { collection: '', filter: filterMessage(filter) });
    const [condition] = received?.must ?? [];
    expect(condition).toMatchObject({ test: { kind: 'value', value: BigInt(digits) } });
  }
  const filter = filterOption('{"must":{"has_id":[18446744073709551615]}}');
  await connection.call('Points.Count', { collection: '', filter: filterMessage(filter) });
  expect(received?.must).toEqual([{ kind: 'hasId', ids: [18446744073709551615n] }]);
});

/** An absent clause and an empty one mean the same. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .filter(([name, part]) => !(CLAUSES.includes(name) && Array.isArray(part) && part.length === 0))
    .map(([name, part]) => [name, withoutEmpty(part)]);
  return Object.fromEntries(kept);
}

const CLAUSES = ['must', 'should', 'mustNot'];
