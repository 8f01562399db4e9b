import { describe, expect, test } from 'vitest';
import { encodePointId, type PointId } from '../../base/point-id.ts';
import { DEFAULT_LIMITS } from '../../database/limits.ts';
import type { PayloadIndexSchema } from '../collection-schema.ts';
import { payloadFromText } from '../payload/payload-json.ts';
import { compileFilter, RecordSubject } from './filter-evaluator.ts';
import { parseFilter } from './filter-parser.ts';

function passes(
  payload: string,
  filter: unknown,
  indexes: Record<string, PayloadIndexSchema> = {},
  id: PointId = 1,
): boolean {
  const compiled = compileFilter(parseFilter(filter, { limits: DEFAULT_LIMITS }), indexes);
  return compiled(
    new RecordSubject({
      key: encodePointId(id, 'id', 512),
      payload: payloadFromText(payload),
      hasVector: (name) => name === '' || name === 'image',
    }),
  );
}

/** A payload, the tests of a condition on the key `k`, and whether it passes. */
type FieldCase = readonly [payload: string, condition: object, expected: boolean];

const match = (value: unknown) => ({ match: { value } });
const any = (...values: unknown[]) => ({ match: { any: values } });
const except = (...values: unknown[]) => ({ match: { except: values } });
const text = (value: string) => ({ match: { text: value } });
const range = (bounds: object) => ({ range: bounds });
const count = (bounds: object) => ({ values_count: bounds });

const MATCH_CASES: FieldCase[] = [
  ['{"k":"a"}', match('a'), true],
  ['{"k":"a"}', match('A'), false],
  ['{"k":"a"}', match('b'), false],
  ['{"k":""}', match(''), true],
  ['{"k":"ä"}', match('ä'), true],
  ['{"k":"1"}', match(1), false],
  ['{"k":1}', match('1'), false],
  ['{"k":1}', match(1), true],
  ['{"k":-1}', match(-1), true],
  ['{"k":1.0}', match(1), false],
  ['{"k":1e0}', match(1), false],
  ['{"k":10}', match(1), false],
  ['{"k":1}', match(true), false],
  ['{"k":true}', match(1), false],
  ['{"k":true}', match(true), true],
  ['{"k":false}', match(false), true],
  ['{"k":false}', match(true), false],
  ['{"k":null}', match('a'), false],
  ['{}', match('a'), false],
  ['', match('a'), false],
  ['{"k":[]}', match('a'), false],
  ['{"k":["b","a"]}', match('a'), true],
  ['{"k":["b","c"]}', match('a'), false],
  ['{"k":[["a"]]}', match('a'), false],
  ['{"k":[1,"a",null]}', match('a'), true],
  ['{"k":{"a":1}}', match('a'), false],
  ['{"k":9007199254740993}', match(9007199254740993n), true],
  ['{"k":9007199254740993}', match(9007199254740995n), false],
  ['{"k":9007199254740992}', match(9007199254740992n), true],
  ['{"k":9223372036854775807}', match(9223372036854775807n), true],
  ['{"k":9223372036854775808}', match(9223372036854775807n), false],
  ['{"k":99999999999999999999}', match(9223372036854775807n), false],
];

const ANY_CASES: FieldCase[] = [
  ['{"k":"a"}', any('a', 'b'), true],
  ['{"k":"c"}', any('a', 'b'), false],
  ['{"k":1}', any(1, 2), true],
  ['{"k":1.0}', any(1, 2), false],
  ['{"k":3}', any(1, 2), false],
  ['{"k":"1"}', any(1, 2), false],
  ['{"k":"a"}', any(), false],
  ['{"k":["x","b"]}', any('a', 'b'), true],
  ['{"k":[["b"]]}', any('a', 'b'), false],
  ['{}', any('a'), false],
  ['{"k":null}', any('a'), false],
  ['{"k":true}', any(true), true],
  ['{"k":"a"}', except('a', 'b'), false],
  ['{"k":"c"}', except('a', 'b'), true],
  ['{"k":1}', except('a', 'b'), true],
  ['{"k":true}', except('a', 'b'), true],
  ['{"k":{}}', except('a', 'b'), true],
  ['{"k":1.0}', except(1), true],
  ['{"k":1.5}', except(1), true],
  ['{"k":1}', except(1), false],
  ['{"k":2}', except(1), true],
  ['{"k":"1"}', except(1), true],
  ['{"k":["a","c"]}', except('a', 'b'), true],
  ['{"k":["a","b"]}', except('a', 'b'), false],
  ['{"k":[["a"]]}', except('a'), true],
  ['{"k":[]}', except('a'), false],
  ['{"k":[null]}', except('a'), false],
  ['{"k":null}', except('a'), false],
  ['{}', except('a'), false],
  ['{"k":"a"}', except(), true],
  ['{"k":null}', except(), false],
  ['{}', except(), false],
];

const TEXT_CASES: FieldCase[] = [
  ['{"k":"The quick fox"}', text('quick'), true],
  ['{"k":"The quick fox"}', text('uick fo'), true],
  ['{"k":"The quick fox"}', text('Quick'), false],
  ['{"k":"The quick fox"}', text('fox quick'), false],
  ['{"k":["slow","quick"]}', text('quick'), true],
  ['{"k":1}', text('1'), false],
  ['{}', text('a'), false],
  ['{"k":"abc"}', { match: { text_any: 'x bc' } }, true],
  ['{"k":"abc"}', { match: { text_any: 'x y' } }, false],
  ['{"k":"abc"}', { match: { text_any: '  ' } }, false],
  ['{"k":"abc d"}', { match: { phrase: 'bc d' } }, true],
  ['{"k":"abc d"}', { match: { phrase: 'd abc' } }, false],
  ['{"k":"abc"}', { match: { prefix: 'ab' } }, true],
  ['{"k":"abc"}', { match: { prefix: 'bc' } }, false],
  ['{"k":"abc"}', { match: { prefix: '' } }, true],
  ['{"k":["x","abc"]}', { match: { prefix: 'ab' } }, true],
  ['{"k":12}', { match: { prefix: '1' } }, false],
];

const RANGE_CASES: FieldCase[] = [
  ['{"k":5}', range({ gt: 4 }), true],
  ['{"k":5}', range({ gt: 5 }), false],
  ['{"k":5}', range({ gte: 5 }), true],
  ['{"k":5}', range({ lt: 5 }), false],
  ['{"k":5}', range({ lt: 5.5 }), true],
  ['{"k":5}', range({ lte: 5 }), true],
  ['{"k":5}', range({ gte: 4, lt: 5 }), false],
  ['{"k":5.0}', range({ gte: 5, lte: 5 }), true],
  ['{"k":5}', range({}), true],
  ['{"k":"5"}', range({ gt: 4 }), false],
  ['{"k":true}', range({ gte: 0 }), false],
  ['{"k":null}', range({ gte: 0 }), false],
  ['{}', range({}), false],
  ['{"k":[1,9]}', range({ gt: 5 }), true],
  ['{"k":[1,9]}', range({ gt: 3, lt: 8 }), false],
  ['{"k":[[9]]}', range({ gt: 5 }), false],
  ['{"k":1e400}', range({ gt: 5 }), true],
  ['{"k":9007199254740993}', range({ gt: 9007199254740990 }), true],
  ['{"k":"2024-01-01T00:00:00Z"}', range({ gte: '2024-01-01T00:00:00Z' }), true],
  ['{"k":"2024-01-01T00:00:00Z"}', range({ gt: '2024-01-01T00:00:00Z' }), false],
  ['{"k":"2024-01-01"}', range({ gte: '2024-01-01T00:00:00Z' }), true],
  ['{"k":"2024-01-01T01:00:00+01:00"}', range({ lte: '2024-01-01T00:00:00Z' }), true],
  ['{"k":"2024-01-01T01:00:00+0100"}', range({ lte: '2024-01-01T00:00:00Z' }), true],
  ['{"k":"2024-01-01 00:00:00"}', range({ lte: '2024-01-01' }), true],
  ['{"k":"2024-01-01 00:00"}', range({ lte: '2024-01-01' }), true],
  ['{"k":"2024-01-01T00:00:00.000001Z"}', range({ lte: '2024-01-01' }), false],
  ['{"k":"2024-01-01T00:00:00-05:00"}', range({ gt: '2024-01-01T04:59:59Z' }), true],
  ['{"k":"1969-12-31T23:59:59Z"}', range({ lt: '1970-01-01' }), true],
  ['{"k":"2024-02-30"}', range({ gt: '2000-01-01' }), false],
  ['{"k":"yesterday"}', range({ gt: '2000-01-01' }), false],
  ['{"k":1704067200}', range({ gt: '2000-01-01' }), false],
  ['{"k":["no","2024-05-05"]}', range({ gt: '2024-01-01', lt: '2024-12-31' }), true],
];

const COUNT_CASES: FieldCase[] = [
  ['{"k":[1,2,3]}', count({ gte: 3 }), true],
  ['{"k":[1,2,3]}', count({ gt: 3 }), false],
  ['{"k":[1,2,3]}', count({ lt: 4, gt: 2 }), true],
  ['{"k":[null]}', count({ gte: 1 }), true],
  ['{"k":[]}', count({ lt: 1 }), true],
  ['{"k":"a"}', count({ gte: 1, lte: 1 }), true],
  ['{"k":{"a":1,"b":2}}', count({ gte: 1, lte: 1 }), true],
  ['{"k":null}', count({ lte: 0 }), true],
  ['{}', count({ lte: 0 }), true],
  ['{}', count({ gt: 0 }), false],
  ['', count({ lt: 1 }), true],
  ['{"k":[1]}', { is_empty: true }, false],
  ['{"k":[]}', { is_empty: true }, true],
  ['{"k":null}', { is_empty: true }, true],
  ['{"k":[null]}', { is_empty: true }, false],
  ['{}', { is_empty: true }, true],
  ['', { is_empty: true }, true],
  ['{"k":""}', { is_empty: true }, false],
  ['{"k":{}}', { is_empty: true }, false],
  ['{"k":0}', { is_empty: false }, true],
  ['{}', { is_empty: false }, false],
  ['{"k":null}', { is_null: true }, true],
  ['{"k":[1,null]}', { is_null: true }, true],
  ['{"k":[[null]]}', { is_null: true }, false],
  ['{"k":[]}', { is_null: true }, false],
  ['{}', { is_null: true }, false],
  ['{}', { is_null: false }, true],
  ['{"k":0}', { is_null: true }, false],
];

const berlin = { lon: 13.405, lat: 52.52 };
const radius = (meters: number) => ({ geo_radius: { center: berlin, radius: meters } });
const box = (left: number, top: number, right: number, bottom: number) => ({
  geo_bounding_box: {
    top_left: { lon: left, lat: top },
    bottom_right: { lon: right, lat: bottom },
  },
});
const ring = (...points: [number, number][]) => ({
  points: points.map(([lon, lat]) => ({ lon, lat })),
});
const square = ring([0, 0], [10, 0], [10, 10], [0, 10], [0, 0]);
const hole = ring([4, 4], [6, 4], [6, 6], [4, 6], [4, 4]);
const polygon = { geo_polygon: { exterior: square } };
const holed = { geo_polygon: { exterior: square, interiors: [hole] } };

const GEO_CASES: FieldCase[] = [
  ['{"k":{"lon":13.405,"lat":52.52}}', radius(1), true],
  ['{"k":{"lon":13.405,"lat":52.52}}', radius(0), false],
  ['{"k":{"lon":13.4,"lat":52.5}}', radius(2300), true],
  ['{"k":{"lon":13.4,"lat":52.5}}', radius(2200), false],
  ['{"k":[{"lon":0,"lat":0},{"lon":13.4,"lat":52.5}]}', radius(2300), true],
  ['{"k":{"lon":13,"lat":152}}', radius(1e9), false],
  ['{"k":{"lon":"13","lat":52}}', radius(1e9), false],
  ['{"k":{"lat":52}}', radius(1e9), false],
  ['{"k":[13.4,52.5]}', radius(1e9), false],
  ['{}', radius(1e9), false],
  ['{"k":{"lon":5,"lat":5}}', box(0, 10, 10, 0), true],
  ['{"k":{"lon":10,"lat":5}}', box(0, 10, 10, 0), false],
  ['{"k":{"lon":5,"lat":10}}', box(0, 10, 10, 0), false],
  ['{"k":{"lon":5,"lat":0.0}}', box(0, 10, 10, 0), false],
  ['{"k":{"lon":11,"lat":5}}', box(0, 10, 10, 0), false],
  ['{"k":{"lon":179,"lat":5}}', box(170, 10, -170, 0), true],
  ['{"k":{"lon":-179,"lat":5}}', box(170, 10, -170, 0), true],
  ['{"k":{"lon":0,"lat":5}}', box(170, 10, -170, 0), false],
  ['{"k":{"lon":5,"lat":5}}', polygon, true],
  ['{"k":{"lon":5,"lat":5}}', holed, false],
  ['{"k":{"lon":3,"lat":5}}', holed, true],
  ['{"k":{"lon":4,"lat":5}}', holed, false],
  ['{"k":{"lon":10,"lat":5}}', polygon, false],
  ['{"k":{"lon":0,"lat":0}}', polygon, false],
  ['{"k":{"lon":11,"lat":5}}', polygon, false],
  ['{"k":{"lon":-1,"lat":10}}', polygon, false],
];

describe('a field condition', () => {
  test.each([
    ...MATCH_CASES,
    ...ANY_CASES,
    ...TEXT_CASES,
    ...RANGE_CASES,
    ...COUNT_CASES,
    ...GEO_CASES,
  ])('of payload %s by %o is %s', (payload, condition, expected) => {
    expect(passes(payload, { must: { key: 'k', ...condition } })).toBe(expected);
    expect(passes(payload, { must_not: { key: 'k', ...condition } })).toBe(!expected);
  });
});

describe('a key path', () => {
  test.each([
    ['{"a":{"b":1}}', 'a.b', true],
    ['{"a.b":1}', 'a.b', false],
    ['{"a.b":1}', '"a.b"', true],
    ['{"a":[{"b":1}]}', 'a.b', false],
    ['{"a":[{"b":2},{"b":1}]}', 'a[].b', true],
    ['{"a":[{"b":2},{"b":[3,1]}]}', 'a[].b', true],
    ['{"a":{"b":1}}', 'a[].b', false],
    ['{"a":[2,1]}', 'a[1]', true],
    ['{"a":[2,1]}', 'a[0]', false],
    ['{"a":[2,1]}', 'a[2]', false],
    ['{"a":[2,1]}', 'a[]', true],
    ['{"a":[[2],[1]]}', 'a[]', true],
    ['{"a":[[2],[[1]]]}', 'a[]', false],
    ['{"a":[[2],[[1]]]}', 'a[][]', true],
    ['{"a":{"b":{"c":1}}}', 'a.b.c', true],
    ['{"__proto__":1}', '__proto__', true],
    ['{}', 'constructor', false],
  ])('of payload %s at %s is found: %s', (payload, key, expected) => {
    expect(passes(payload, { must: { key, match: { value: 1 } } })).toBe(expected);
  });

  test('that names an inherited property finds nothing', () => {
    expect(passes('{}', { must: { is_empty: { key: 'toString' } } })).toBe(true);
    expect(passes('{}', { must: { is_empty: { key: '__proto__' } } })).toBe(true);
  });
});

const yes = { key: 'k', match: { value: 1 } };
const no = { key: 'k', match: { value: 2 } };

describe('the clauses of a filter', () => {
  test.each([
    [{}, true],
    [{ must: [] }, true],
    [{ should: [] }, true],
    [{ must_not: [] }, true],
    [{ must: null, should: null, must_not: null, min_should: null }, true],
    [{ must: yes }, true],
    [{ must: [yes, no] }, false],
    [{ should: [no, yes] }, true],
    [{ should: [no, no] }, false],
    [{ must: [yes], should: [no] }, false],
    [{ must_not: [no] }, true],
    [{ must_not: [no, yes] }, false],
    [{ min_should: { conditions: [yes, no, yes], min_count: 2 } }, true],
    [{ min_should: { conditions: [yes, no], min_count: 2 } }, false],
    [{ min_should: { conditions: [], min_count: 1 } }, false],
    [{ must: { must_not: { must: no } } }, true],
    [{ must: [{ should: [yes, no] }, { must_not: [no] }] }, true],
    [{ must: { key: 'k', match: { value: 2 }, range: { gt: 0 } } }, true],
    [{ must: { key: 'k', match: { value: 2 }, range: { gt: 1 } } }, false],
  ])('%o hold: %s', (filter, expected) => {
    expect(passes('{"k":1}', filter)).toBe(expected);
  });

  test.each([
    [1, [1, 2], true],
    [3, [1, 2], false],
    [2n ** 63n, [2n ** 63n], true],
    ['a', ['b', 'a'], true],
    ['550e8400-e29b-41d4-a716-446655440000', ['550e8400-e29b-41d4-a716-446655440000'], true],
    [1, ['1'], false],
    [1, [], false],
  ] as [PointId, PointId[], boolean][])('id %s is among %o: %s', (id, ids, expected) => {
    expect(passes('', { must: { has_id: ids } }, {}, id)).toBe(expected);
  });

  test.each([
    ['', true],
    ['image', true],
    ['text', false],
  ])('a point has the vector "%s": %s', (name, expected) => {
    expect(passes('', { must: { has_vector: name } })).toBe(expected);
  });
});

describe('a nested condition', () => {
  const dinos = '{"diet":[{"food":"leaves","likes":false},{"food":"meat","likes":true}]}';
  const nested = (key: string, ...must: object[]) => ({
    must: { nested: { key, filter: { must } } },
  });
  const food = (value: string) => ({ key: 'food', match: { value } });
  const likes = (value: boolean) => ({ key: 'likes', match: { value } });

  test.each([
    [dinos, nested('diet', food('meat'), likes(true)), true],
    [dinos, nested('diet[]', food('meat'), likes(true)), true],
    [dinos, nested('diet', food('leaves'), likes(true)), false],
    [dinos, nested('diet', food('leaves'), { has_id: [1] }), false],
    [dinos, nested('diet', food('leaves'), { has_vector: '' }), false],
    [dinos, nested('diet'), true],
    [dinos, { must_not: { nested: { key: 'diet', filter: { must: food('fish') } } } }, true],
    [dinos, nested('diet', { must_not: [food('meat')] }), true],
    ['{"diet":{"food":"meat"}}', nested('diet', food('meat')), false],
    ['{"diet":["meat"]}', nested('diet'), false],
    ['{}', nested('diet', { must_not: [food('meat')] }), false],
    [
      '{"a":[{"b":[{"c":1},{"c":2}]}]}',
      nested('a', { nested: { key: 'b', filter: { must: { key: 'c', match: { value: 2 } } } } }),
      true,
    ],
    [
      '{"a":[{"b":[{"c":1}]},{"b":[{"c":2}]}]}',
      nested('a[].b', { key: 'c', match: { value: 2 } }),
      true,
    ],
  ])('of payload %s by %o is %s', (payload, filter, expected) => {
    expect(passes(payload, filter)).toBe(expected);
  });
});

describe('a field with a text index', () => {
  const word: PayloadIndexSchema = { kind: 'text', tokenizer: 'word' };
  const prefix: PayloadIndexSchema = {
    kind: 'text',
    tokenizer: 'prefix',
    minTokenLength: 2,
    maxTokenLength: 4,
  };
  const blank: PayloadIndexSchema = { kind: 'text', tokenizer: 'whitespace', lowercase: false };
  const multilingual: PayloadIndexSchema = { kind: 'text', tokenizer: 'multilingual' };
  const short: PayloadIndexSchema = { kind: 'text', minTokenLength: 3, maxTokenLength: 5 };
  const quick = '{"k":"The Quick-brown fox"}';

  test.each([
    [word, quick, text('fox QUICK'), true],
    [word, quick, text('fo'), false],
    [word, quick, text('fox cat'), false],
    [word, quick, text('?!'), false],
    [word, quick, text('quick-brown'), true],
    [word, '{"k":["brown fox","quick"]}', text('quick fox'), true],
    [word, quick, { match: { text_any: 'cat fox' } }, true],
    [word, quick, { match: { text_any: 'cat dog' } }, false],
    [word, quick, { match: { phrase: 'brown FOX' } }, true],
    [word, quick, { match: { phrase: 'quick fox' } }, false],
    [word, '{"k":["brown","fox"]}', { match: { phrase: 'brown fox' } }, false],
    [word, quick, { match: { prefix: 'The' } }, true],
    [word, quick, { match: { value: 'The Quick-brown fox' } }, true],
    [blank, quick, text('Quick-brown'), true],
    [blank, quick, text('quick-brown'), false],
    [prefix, quick, text('qu bro'), true],
    [prefix, quick, text('q'), false],
    [prefix, quick, text('quickest'), true],
    [prefix, quick, text('uick'), false],
    [multilingual, '{"k":"東京都に住む"}', text('東京'), true],
    [short, quick, text('a fox'), true],
    [short, quick, text('a'), false],
    [word, '{}', text('fox'), false],
  ])('%o of payload %s by %o is %s', (schema, payload, condition, expected) => {
    expect(passes(payload, { must: { key: 'k', ...condition } }, { k: schema })).toBe(expected);
  });

  test('inside a nested filter is the one of the path through the array', () => {
    const filter = {
      must: { nested: { key: 'a', filter: { must: { key: 'b', match: { text: 'FOX' } } } } },
    };
    expect(passes('{"a":[{"b":"a fox"}]}', filter)).toBe(false);
    expect(passes('{"a":[{"b":"a fox"}]}', filter, { 'a[].b': word })).toBe(true);
  });
});
