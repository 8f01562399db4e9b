import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId, pointKeyText } from '../../base/point-id.ts';
import type { PayloadIndexSchema } from '../collection-schema.ts';
import { buildFieldIndex, openFieldIndex } from '../payload-index/field-index-file.ts';
import type { FieldIndex } from '../payload-index/field-index.ts';
import { parsePayloadText } from '../payload/payload-json.ts';
import type { PayloadObject } from '../payload/payload-value.ts';
import { compileFilter, type FilterSubject } from './filter-evaluator.ts';
import { planFilter } from './filter-plan.ts';
import type { Condition, FieldTest, Filter } from './filter.ts';

type Schemas = Readonly<Record<string, PayloadIndexSchema>>;

function indexesOf(payloads: readonly PayloadObject[], schemas: Schemas): Map<string, FieldIndex> {
  return new Map(
    Object.entries(schemas).map(([key, schema]) => {
      const rows = payloads.map((payload, slot) => ({ slot, payload }));
      const options = { key, schema, rowCount: payloads.length, rows };
      return [key, openFieldIndex(buildFieldIndex(options))];
    }),
  );
}

const subjects = (payloads: readonly PayloadObject[]): FilterSubject[] =>
  payloads.map((payload, slot) => ({
    key: encodePointId(slot, 'id', 512),
    payload,
    hasVector: (name) => name === '' || slot % 2 === 0,
  }));

const keyOfSlot = (slot: number): string => pointKeyText(encodePointId(slot, 'id', 512));

function plan(filter: Filter, payloads: readonly PayloadObject[], schemas: Schemas, ids = true) {
  const slots = new Map(payloads.map((_, slot) => [keyOfSlot(slot), slot]));
  return planFilter(filter, {
    fields: indexesOf(payloads, schemas),
    rowCount: payloads.length,
    ...(ids ? { slotOf: (key) => slots.get(pointKeyText(key)) } : {}),
  });
}

const scalarText = fc.constantFrom(
  'null', 'true', 'false', '0', '1', '2', '-1', '1.0', '2.5', '1e0', '9007199254740993', '9007199254740992',
  '"a"', '"ab"', '"b"', '""', '"1"', '"the fox"', '"The quick fox"', '"fox jumps"', '"2024-01-01"', '"2024-06-01T12:00:00Z"',
  '"550e8400-e29b-41d4-a716-446655440000"', '{"lon":1,"lat":1}', '{"lon":5.5,"lat":5}', '{"lon":-170,"lat":80}', '{}', '[]', '[1]',
); // prettier-ignore

const valueText = fc.oneof(
  { weight: 3, arbitrary: scalarText },
  {
    weight: 1,
    arbitrary: fc.array(scalarText, { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  },
);

const KEYS = ['a', 'b', 'c.d', 'e[].f'] as const;

const payload: fc.Arbitrary<PayloadObject> = fc
  .record(
    {
      a: valueText,
      b: valueText,
      c: valueText.map((text) => `{"d":${text}}`),
      e: fc
        .array(fc.record({ f: valueText, g: valueText }, { requiredKeys: [] }), { maxLength: 3 })
        .map((items) => `[${items.map(objectText).join(',')}]`),
    },
    { requiredKeys: [] },
  )
  .map((members) => parsePayloadText(objectText(members)) as PayloadObject);

function objectText(members: object): string {
  return `{${Object.entries(members)
    .map(([key, text]) => `"${key}":${String(text)}`)
    .join(',')}}`;
}

const word = fc.constantFrom('a', 'ab', 'fox', 'the fox', 'quick the', '', 'zebra');
const bounds = fc.record(
  {
    lt: fc.integer({ min: -2, max: 3 }),
    gte: fc.integer({ min: -2, max: 3 }),
    gt: fc.constantFrom(0, 1, 2.5),
    lte: fc.constantFrom(0, 1, 2.5),
  },
  { requiredKeys: [] },
);
const dates = bounds.map((dateBounds) =>
  Object.fromEntries(
    Object.entries(dateBounds).map(([name, n]) => [name, 1704067200e6 + n * 86400e6 * 60]),
  ),
);
const strings = fc.array(fc.constantFrom('a', 'ab', 'b', '', '1', 'x'), { maxLength: 4 });
const integers = fc.array(fc.constantFrom<number | bigint>(0, 1, 2, 7, 9007199254740993n), {
  maxLength: 4,
});

const stringTests: fc.Arbitrary<FieldTest> = fc.oneof(
  fc.constantFrom('a', 'ab', '1', 'x').map((value) => ({ kind: 'value' as const, value })),
  fc
    .tuple(fc.constantFrom('any' as const, 'except' as const), strings)
    .map(([kind, values]) => ({ kind, values })),
  fc.constantFrom('', 'a', 'the ', 'b', 'x').map((text) => ({ kind: 'prefix' as const, text })),
);

const integerTests: fc.Arbitrary<FieldTest> = fc.oneof(
  fc
    .constantFrom(0, 1, 2, -1, 9007199254740993n)
    .map((value) => ({ kind: 'value' as const, value })),
  fc
    .tuple(fc.constantFrom('any' as const, 'except' as const), integers)
    .map(([kind, values]) => ({ kind, values })),
  bounds.map((range) => ({ kind: 'range' as const, ...range })),
  bounds.map((range) => ({ kind: 'valuesCount' as const, ...range })),
);

const geoTests: fc.Arbitrary<FieldTest> = fc.oneof(
  fc.constantFrom(1, 2e5, 1e6, 3e7).map((radiusMeters) => ({
    kind: 'geoRadius' as const,
    center: { lon: 2, lat: 2 },
    radiusMeters,
  })),
  fc.constantFrom(-175, 0, 3).map((west) => ({
    kind: 'geoBoundingBox' as const,
    topLeft: { lon: west, lat: 85 },
    bottomRight: { lon: 6, lat: 0 },
  })),
  fc.constant({
    kind: 'geoPolygon' as const,
    exterior: [
      { lon: 0, lat: 0 },
      { lon: 8, lat: 0 },
      { lon: 8, lat: 8 },
      { lon: 0, lat: 8 },
      { lon: 0, lat: 0 },
    ],
    interiors: [
      [
        { lon: 0.5, lat: 0.5 },
        { lon: 2, lat: 0.5 },
        { lon: 2, lat: 2 },
        { lon: 0.5, lat: 0.5 },
      ],
    ],
  }),
);

const fieldTest: fc.Arbitrary<FieldTest> = fc.oneof(
  fc.constantFrom('a', 'ab', '1', 1, 2, -1, true, false, 9007199254740993n).map((value) => ({ kind: 'value' as const, value })),
  fc.tuple(fc.constantFrom('any' as const, 'except' as const), fc.oneof(strings, integers, fc.constant([true]))).map(([kind, values]) => ({ kind, values })),
  fc.tuple(fc.constantFrom('text' as const, 'textAny' as const, 'phrase' as const, 'prefix' as const), word).map(([kind, text]) => ({ kind, text })),
  bounds.map((range) => ({ kind: 'range' as const, ...range })),
  dates.map((range) => ({ kind: 'datetimeRange' as const, ...range })),
  bounds.map((range) => ({ kind: 'valuesCount' as const, ...range })),
  geoTests,
); // prettier-ignore

const { filter } = fc.letrec<{ filter: Filter; condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('field' as const), key: fc.constantFrom(...KEYS), test: fieldTest }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('isEmpty' as const, 'isNull' as const), key: fc.constantFrom(...KEYS) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hasId' as const), ids: fc.array(fc.nat(30), { maxLength: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hasVector' as const), name: fc.constantFrom('', 'x') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('nested' as const),
        key: fc.constantFrom('e', 'e[]', 'a'),
        filter: fc.array(fc.record({ kind: fc.constant('field' as const), key: fc.constantFrom('f', 'g'), test: fieldTest }), { maxLength: 2 }).map((must) => ({ must })),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('filter' as const), filter: tie('filter') }) },
  ),
  filter: fc.record(
    {
      must: fc.array(tie('condition'), { maxLength: 2 }),
      should: fc.array(tie('condition'), { maxLength: 3 }),
      mustNot: fc.array(tie('condition'), { maxLength: 2 }),
      minShould: fc.record({ conditions: fc.array(tie('condition'), { maxLength: 4 }), minCount: fc.integer({ min: 1, max: 3 }) }),
    },
    { requiredKeys: [] },
  ),
})); // prettier-ignore

const schema: fc.Arbitrary<PayloadIndexSchema> = fc.oneof(
  fc.constantFrom<PayloadIndexSchema['kind']>('keyword', 'integer', 'float', 'bool', 'datetime', 'geo', 'uuid').map((kind) => ({ kind })),
  fc.record({
    kind: fc.constant('text' as const),
    tokenizer: fc.constantFrom('word' as const, 'prefix' as const, 'whitespace' as const),
    lowercase: fc.boolean(),
    minTokenLength: fc.integer({ min: 0, max: 3 }),
  }),
); // prettier-ignore

const schemas = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), schema), { selector: ([key]) => key })
  .map((entries) => Object.fromEntries(entries));

describe('planFilter', () => {
  test('with indexes on any fields, finds the rows that the records alone would', () => {
    let exactPlans = 0;
    let narrowed = 0;
    fc.assert(
      fc.property(
        fc.array(payload, { maxLength: 40 }),
        filter,
        schemas,
        fc.boolean(),
        (payloads, tree, indexes, ids) => {
          const rows = subjects(payloads);
          const truth = compileFilter(tree, indexes);
          const expected = rows.flatMap((row, slot) => (truth(row) ? [slot] : []));
          const planned = plan(tree, payloads, indexes, ids);
          const residual = compileFilter(planned.residual ?? {}, indexes);
          const found: number[] = [];
          const candidates = planned.candidates();
          candidates.forEach((slot) => {
            if (residual(rows[slot] as FilterSubject)) found.push(slot);
          });
          expect(found).toEqual(expected);
          if (planned.exact) {
            exactPlans += 1;
            expect(planned.residual).toBeUndefined();
            expect(candidates.count()).toBe(expected.length);
          } else if (candidates.count() < payloads.length) narrowed += 1;
          const { min, expected: guess, max } = planned.estimate;
          expect(min).toBeLessThanOrEqual(expected.length);
          expect(max).toBeGreaterThanOrEqual(expected.length);
          expect(min).toBeLessThanOrEqual(guess);
          expect(guess).toBeLessThanOrEqual(max);
        },
      ),
      { numRuns: 700 },
    );
    expect(exactPlans).toBeGreaterThan(10);
    expect(narrowed).toBeGreaterThan(10);
  });

  test('of trees over fields whose indexes fit is exact', () => {
    const fitting: [PayloadIndexSchema, fc.Arbitrary<FieldTest>][] = [
      [{ kind: 'keyword' }, stringTests],
      [{ kind: 'uuid' }, stringTests],
      [{ kind: 'integer' }, integerTests],
      [{ kind: 'float' }, bounds.map((range) => ({ kind: 'range', ...range }))],
      [{ kind: 'bool' }, fc.boolean().map((value) => ({ kind: 'value', value }))],
      [{ kind: 'datetime' }, dates.map((range) => ({ kind: 'datetimeRange', ...range }))],
      [{ kind: 'geo' }, geoTests],
      [{ kind: 'text' }, word.map((text) => ({ kind: 'text', text }))],
      [{ kind: 'text' }, word.map((text) => ({ kind: 'textAny', text }))],
    ];
    for (const [index, tests] of fitting) {
      const condition = fc.oneof(
        fc.record({ kind: fc.constant('field' as const), key: fc.constant('a'), test: tests }),
        fc.record({
          kind: fc.constantFrom('isEmpty' as const, 'isNull' as const),
          key: fc.constant('a'),
        }),
      );
      const conditions = fc.array(condition, { maxLength: 3 });
      const minShould = fc.record({ conditions, minCount: fc.integer({ min: 1, max: 3 }) });
      const tree = fc.record(
        { must: conditions, should: conditions, mustNot: conditions, minShould },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.array(payload, { maxLength: 70 }), tree, (payloads, filterTree) => {
          const truth = compileFilter(filterTree, { a: index });
          const expected = subjects(payloads).flatMap((row, slot) => (truth(row) ? [slot] : []));
          const planned = plan(filterTree, payloads, { a: index });
          const found: number[] = [];
          planned.candidates().forEach((slot) => found.push(slot));
          expect(planned.exact).toBe(true);
          expect(found).toEqual(expected);
          expect(planned.estimate.min).toBeLessThanOrEqual(expected.length);
          expect(planned.estimate.max).toBeGreaterThanOrEqual(expected.length);
        }),
        { numRuns: 60 },
      );
    }
  });

  test('names the keys that indexes answer and those that records are read for', () => {
    const payloads = [{ a: 'x', b: 1 }];
    const field = (key: string): Condition => ({
      kind: 'field',
      key,
      test: { kind: 'value', value: 'x' },
    });
    const planned = plan({ must: [field('a'), field('"b"')], mustNot: [field('c')] }, payloads, {
      a: { kind: 'keyword' },
      b: { kind: 'float' },
    });
    expect(planned.indexedKeys).toEqual(['a']);
    expect(planned.unindexedKeys).toEqual(['b', 'c']);
    expect(planned.exact).toBe(false);
  });

  test('of an empty filter is exact and lets every row pass', () => {
    const planned = plan({}, [{}, {}, {}], {});
    expect(planned.estimate).toEqual({ min: 3, expected: 3, max: 3 });
    expect(planned.exact).toBe(true);
    expect(planned.candidates().count()).toBe(3);
  });

  test('leaves the order of a phrase to the records', () => {
    const payloads = ['the quick fox', 'quick the fox', 'quick'].map((a) => ({ a }));
    const phrase: Filter = {
      must: [{ kind: 'field', key: 'a', test: { kind: 'phrase', text: 'the quick' } }],
    };
    const planned = plan(phrase, payloads, { a: { kind: 'text' } });
    expect(planned.candidates().count()).toBe(2);
    expect(planned.exact).toBe(false);
    expect(planned.residual).toEqual(phrase);
    expect(planned.estimate.min).toBe(0);
  });

  test('gives a new bitmap with each call', () => {
    const planned = plan({ must: [{ kind: 'isEmpty', key: 'a' }] }, [{}, {}], {
      a: { kind: 'keyword' },
    });
    planned.candidates().delete(0);
    expect(planned.candidates().count()).toBe(2);
  });

  test('narrows a nested filter by the index of the path through the array', () => {
    const payloads = [1, 2, 3].map((f) => ({ e: [{ f }, { f: 0 }] }));
    const inner: Filter = {
      must: [{ kind: 'field', key: 'f', test: { kind: 'value', value: 2 } }],
    };
    const planned = plan({ must: [{ kind: 'nested', key: 'e', filter: inner }] }, payloads, {
      'e[].f': { kind: 'integer' },
    });
    expect(planned.candidates().count()).toBe(1);
    expect(planned.residual).toBeDefined();
  });
});
