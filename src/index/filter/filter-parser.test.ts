import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { DEFAULT_LIMITS } from '../../database/limits.ts';
import { compileFilter } from './filter-evaluator.ts';
import { filterToJson } from './filter-json.ts';
import { parseFilter } from './filter-parser.ts';

const parse = (json: unknown) => parseFilter(json, { limits: DEFAULT_LIMITS });
const parseField = (condition: object) => parse({ must: { key: 'k', ...condition } }).must?.[0];
const field = (fieldTest: object) => ({ kind: 'field', key: 'k', test: fieldTest });

describe('parseFilter', () => {
  test.each([
    [{ match: { value: 'a' } }, { kind: 'value', value: 'a' }],
    [{ match: { value: 5n } }, { kind: 'value', value: 5 }],
    [{ match: { value: 2n ** 60n } }, { kind: 'value', value: 2n ** 60n }],
    [{ match: { any: [1, 2] } }, { kind: 'any', values: [1, 2] }],
    [{ match: { any: [] } }, { kind: 'any', values: [] }],
    [{ match: { except: ['a'] } }, { kind: 'except', values: ['a'] }],
    [{ match: { text: 'a', any: null } }, { kind: 'text', text: 'a' }],
    [{ match: { text_any: 'a' } }, { kind: 'textAny', text: 'a' }],
    [{ match: { phrase: 'a' } }, { kind: 'phrase', text: 'a' }],
    [
      { match: { prefix: 'a' }, range: null },
      { kind: 'prefix', text: 'a' },
    ],
    [{ range: { lt: 1, gt: 0, lte: null, gte: -1 } }, { kind: 'range', lt: 1, gt: 0, gte: -1 }],
    [{ range: {} }, { kind: 'range' }],
    [{ range: { gte: '1970-01-02' } }, { kind: 'datetimeRange', gte: 86_400e6 }],
    [{ values_count: { gte: 2 } }, { kind: 'valuesCount', gte: 2 }],
    [
      { geo_radius: { center: { lon: 1, lat: 2 }, radius: 3.5 } },
      { kind: 'geoRadius', center: { lon: 1, lat: 2 }, radiusMeters: 3.5 },
    ],
  ])('reads the field condition %o', (condition, expected) => {
    expect(parseField(condition)).toEqual(field(expected));
  });

  test('reads every clause and every other kind of condition', () => {
    const filter = parse({
      must: [{ has_id: [1, 'a'] }, { has_vector: '' }],
      must_not: { is_null: { key: 'a' } },
      should: [{ is_empty: { key: 'a.b' } }, { nested: { key: 'n', filter: {} } }],
      min_should: { conditions: [{ must: [] }], min_count: 1 },
    });
    expect(filter).toEqual({
      must: [
        { kind: 'hasId', ids: [1, 'a'] },
        { kind: 'hasVector', name: '' },
      ],
      mustNot: [{ kind: 'isNull', key: 'a' }],
      should: [
        { kind: 'isEmpty', key: 'a.b' },
        { kind: 'nested', key: 'n', filter: {} },
      ],
      minShould: { conditions: [{ kind: 'filter', filter: { must: [] } }], minCount: 1 },
    });
  });

  test('reads ids as the edge says', () => {
    const parseId = (id: unknown): string => `id-${String(id)}`;
    const filter = parseFilter({ must: { has_id: [7] } }, { limits: DEFAULT_LIMITS, parseId });
    expect(filter.must).toEqual([{ kind: 'hasId', ids: ['id-7'] }]);
  });

  test.each([
    [null, 'filter'],
    [[], 'filter'],
    ['x', 'filter'],
    [{ musst: [] }, 'filter.musst'],
    [{ must: 'x' }, 'filter.must'],
    [{ must: [{}, null] }, 'filter.must[1]'],
    [{ must: [{ foo: 1 }] }, 'filter.must[0]'],
    [{ must: { key: 'k' } }, 'filter.must'],
    [{ must: { key: 1 } }, 'filter.must.key'],
    [{ must: { key: 'a[' } }, 'filter.must.key'],
    [{ must: { key: 'k', match: 1 } }, 'filter.must.match'],
    [{ must: { key: 'k', match: {} } }, 'filter.must.match'],
    [{ must: { key: 'k', match: { value: 1, text: 'a' } } }, 'filter.must.match'],
    [{ must: { key: 'k', match: { valeu: 1 } } }, 'filter.must.match.valeu'],
    [{ must: { key: 'k', match: { value: 1.5 } } }, 'filter.must.match.value'],
    [{ must: { key: 'k', match: { value: 2 ** 53 } } }, 'filter.must.match.value'],
    [{ must: { key: 'k', match: { value: 2n ** 63n } } }, 'filter.must.match.value'],
    [{ must: { key: 'k', match: { value: ['a'] } } }, 'filter.must.match.value'],
    [{ must: { key: 'k', match: { value: '\ud800' } } }, 'filter.must.match.value'],
    [{ must: { key: 'k', match: { any: 'a' } } }, 'filter.must.match.any'],
    [{ must: { key: 'k', match: { any: ['a', 1] } } }, 'filter.must.match.any'],
    [{ must: { key: 'k', match: { any: ['a', null] } } }, 'filter.must.match.any[1]'],
    [{ must: { key: 'k', match: { text: 1 } } }, 'filter.must.match.text'],
    [{ must: { key: 'k', range: { lt: 'x' } } }, 'filter.must.range.lt'],
    [{ must: { key: 'k', range: { lt: 1, gt: '2024-01-01' } } }, 'filter.must.range'],
    [{ must: { key: 'k', range: { lt: NaN } } }, 'filter.must.range.lt'],
    [{ must: { key: 'k', range: { below: 1 } } }, 'filter.must.range.below'],
    [{ must: { key: 'k', values_count: { lt: -1 } } }, 'filter.must.values_count.lt'],
    [{ must: { key: 'k', values_count: { lt: 1.5 } } }, 'filter.must.values_count.lt'],
    [{ must: { key: 'k', is_empty: 1 } }, 'filter.must.is_empty'],
    [{ must: { key: 'k', geo_radius: { radius: 1 } } }, 'filter.must.geo_radius.center'],
    [
      { must: { key: 'k', geo_radius: { center: { lon: 0, lat: 91 }, radius: 1 } } },
      'filter.must.geo_radius.center.lat',
    ],
    [
      { must: { key: 'k', geo_radius: { center: { lon: 0, lat: 0 }, radius: -1 } } },
      'filter.must.geo_radius.radius',
    ],
    [
      { must: { key: 'k', geo_polygon: { exterior: { points: [{ lon: 0, lat: 0 }] } } } },
      'filter.must.geo_polygon.exterior.points',
    ],
    [
      {
        must: {
          key: 'k',
          geo_polygon: { exterior: { points: [0, 1, 2, 3].map((lon) => ({ lon, lat: 0 })) } },
        },
      },
      'filter.must.geo_polygon.exterior.points',
    ],
    [{ must: { has_id: 1 } }, 'filter.must.has_id'],
    [{ must: { has_id: [1, -1] } }, 'filter.must.has_id[1]'],
    [{ must: { has_id: [true] } }, 'filter.must.has_id[0]'],
    [{ must: { has_id: [1], key: null, x: 1 } }, 'filter.must.key'],
    [{ must: { has_vector: 1 } }, 'filter.must.has_vector'],
    [{ must: { is_null: 'a' } }, 'filter.must.is_null'],
    [{ must: { nested: { key: 'a' } } }, 'filter.must.nested.filter'],
    [{ must: { nested: { key: 'a', filter: { x: 1 } } } }, 'filter.must.nested.filter.x'],
    [{ min_should: { conditions: [] } }, 'filter.min_should.min_count'],
    [{ min_should: { conditions: [], min_count: 0 } }, 'filter.min_should.min_count'],
    [{ min_should: { min_count: 1 } }, 'filter.min_should.conditions'],
    [{ should: [{ must: [{ must: { foo: 1 } }] }] }, 'filter.should[0].must[0].must'],
  ])('refuses %o, naming %s', (json, at) => {
    expect(() => parse(json)).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER', field: at }),
    );
  });

  test('keeps to the limits', () => {
    const limits = { filterConditionsMax: 3, filterDepthMax: 2, filterValuesMax: 2, idBytesMax: 4 };
    const yes = { is_null: { key: 'a' } };
    const check = (json: unknown) => () => parseFilter(json, { limits, field: 'f' });
    expect(check({ must: [yes, yes], should: yes })).not.toThrow();
    expect(check({ must: [yes, yes], should: [yes, yes] })).toThrow('at most 3 conditions');
    expect(check({ must: { must: yes } })).not.toThrow();
    expect(check({ must: { must: { must: yes } } })).toThrow('at most 2 deep');
    expect(check({ must: { nested: { key: 'a', filter: { must: { must: [] } } } } })).toThrow(
      '2 deep',
    );
    expect(check({ must: { has_id: [1, 2, 3] } })).toThrow('at most 2 elements');
    expect(check({ must: { key: 'a', match: { any: [1, 2, 3] } } })).toThrow('at most 2 elements');
    expect(check({ must: { has_id: ['abcde'] } })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', field: 'f.must.has_id[0]' }),
    );
  });

  test('either refuses any JSON with a coded error or gives a filter that can be evaluated', () => {
    const name = fc.constantFrom('must', 'should', 'must_not', 'min_should', 'conditions', 'min_count', 'key', 'match', 'value', 'any', 'range', 'gt', 'nested', 'filter', 'has_id', 'is_empty', 'geo_radius', 'center', 'lon', 'lat', 'x'); // prettier-ignore
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<unknown>(null, true, 1, 2.5, 'a', '2024-01-01'),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(name, tie('json'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        try {
          compileFilter(parse(value));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(VectorDbError);
        }
      }),
    );
  });
});

test('a filter written as JSON parses to the same filter', () => {
  const ring = [0, 5, 5, 0].map((lon, i) => ({ lon, lat: i < 2 ? 0 : 5 }));
  const polygon = { points: [...ring, ring[0]] };
  const point = { lon: 1.5, lat: -2 };
  const tests = [
    { match: { value: true } },
    { match: { value: 2n ** 62n } },
    { match: { any: ['a', 'b'] } },
    { match: { except: [1, 2n ** 60n] } },
    { match: { text: 'a' } },
    { match: { text_any: 'a' } },
    { match: { phrase: 'a' } },
    { match: { prefix: 'a' } },
    { range: { lt: 1, gt: 2, lte: 3, gte: 4 } },
    { range: { lt: '2024-01-01T12:00:00.000001+02:00', gte: '0001-01-01' } },
    { values_count: { lt: 1, gt: 2, lte: 3, gte: 4 } },
    { geo_radius: { center: point, radius: 10 } },
    { geo_bounding_box: { top_left: point, bottom_right: point } },
    { geo_polygon: { exterior: polygon, interiors: [polygon] } },
    { is_empty: true },
    { is_empty: false },
    { is_null: true, match: { value: 1 } },
  ];
  const filter = parse({
    must: tests.map((part) => ({ key: 'a[].b', ...part })),
    must_not: [{ has_id: [1, 2n ** 63n, 'x'] }, { has_vector: 'v' }],
    should: [{ nested: { key: 'n', filter: { must: { is_null: { key: 'z' } } } } }],
    min_should: { conditions: [{ is_empty: { key: 'q' } }], min_count: 1 },
  });
  expect(parse(filterToJson(filter))).toEqual(filter);
});
