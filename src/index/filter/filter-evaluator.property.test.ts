import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../database/limits.ts';
import { payloadFromText } from '../payload/payload-json.ts';
import { compileFilter, RecordSubject } from './filter-evaluator.ts';
import { parseFilter } from './filter-parser.ts';

// A second evaluator, written from the language's description alone: on plain JSON, with nothing compiled and no care for speed. Payloads
// here hold no number whose kind plain JSON would lose.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Plain = Record<string, unknown>;

function at(value: Json | undefined, path: string): Json[] {
  if (value === undefined) return [];
  if (path === '') return [value];
  const [, key, brackets, rest] = /^([a-z]*)((?:\[\])?)\.?(.*)$/.exec(path) as unknown as string[];
  let next: Json[] = [];
  if (key === '') next = [value];
  else if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    next = Object.hasOwn(value, key as string) ? [value[key as string] as Json] : [];
  }
  if (brackets === '[]') next = next.flatMap((found) => (Array.isArray(found) ? found : []));
  return next.flatMap((found) => at(found, rest as string));
}

const inBounds = (value: number, bounds: Plain): boolean =>
  Object.entries(bounds).every(([name, bound]) => {
    if (name === 'lt') return value < (bound as number);
    if (name === 'lte') return value <= (bound as number);
    if (name === 'gt') return value > (bound as number);
    return value >= (bound as number);
  });

const among = (values: unknown, value: Json): boolean =>
  (values as Json[]).some((one) => typeof one === typeof value && one === value);

function matches(match: Plain, value: Json): boolean {
  if ('value' in match) return among([match['value']], value);
  if ('any' in match) return among(match['any'], value);
  if ('except' in match) return value !== null && !among(match['except'], value);
  if ('text' in match) return typeof value === 'string' && value.includes(match['text'] as string);
  return typeof value === 'string' && value.startsWith(match['prefix'] as string);
}

function holds(asked: Plain, payload: Json, top: boolean): boolean {
  if ('has_id' in asked) return top && (asked['has_id'] as number[]).includes(1);
  if ('nested' in asked) {
    const { key: array, filter: inner } = asked['nested'] as { key: string; filter: Plain };
    return at(payload, `${array}[]`).some(
      (one) =>
        one !== null && typeof one === 'object' && !Array.isArray(one) && passes(inner, one, false),
    );
  }
  if ('is_empty' in asked || 'is_null' in asked) {
    const { key } = (asked['is_empty'] ?? asked['is_null']) as { key: string };
    const found = at(payload, key);
    if ('is_empty' in asked)
      return found.every((value) => value === null || JSON.stringify(value) === '[]');
    return found.some(
      (value) => value === null || (Array.isArray(value) && value.some((one) => one === null)),
    );
  }
  if (!('key' in asked)) return passes(asked, payload, top);
  const found = at(payload, asked['key'] as string);
  const counts = found.map((value) =>
    value === null ? 0 : Array.isArray(value) ? value.length : 1,
  );
  if ('values_count' in asked) {
    return (counts.length === 0 ? [0] : counts).some((count) =>
      inBounds(count, asked['values_count'] as Plain),
    );
  }
  return found
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .some((value) =>
      'match' in asked
        ? matches(asked['match'] as Plain, value)
        : typeof value === 'number' && inBounds(value, asked['range'] as Plain),
    );
}

function passes(filter: Plain, payload: Json, top: boolean): boolean {
  const list = (name: string): Plain[] => [filter[name] ?? []].flat() as Plain[];
  const count = (conditions: Plain[]): number =>
    conditions.map((condition) => holds(condition, payload, top)).filter(Boolean).length;
  const minimum = filter['min_should'] as { conditions: Plain[]; min_count: number } | undefined;
  return (
    count(list('must')) === list('must').length &&
    count(list('must_not')) === 0 &&
    (list('should').length === 0 || count(list('should')) > 0) &&
    (minimum === undefined || count(minimum.conditions) >= minimum.min_count)
  );
}

const scalar = fc.constantFrom<Json>(null, true, false, 0, 1, 2, 2.5, '', 'a', 'ab', '1', {});
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) as fc.Arbitrary<Json> },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2, noNullPrototype: true }) as fc.Arbitrary<Json> },
  ),
})); // prettier-ignore
const payload = fc.record({ a: value, b: value, c: value }, { requiredKeys: ['a', 'b'] });

const key = fc.constantFrom('a', 'b', 'a.b', 'a[]', 'a[].b', 'b[].a', 'c');
const bounds = fc.record(
  { lt: fc.nat(3), lte: fc.nat(3), gt: fc.nat(2), gte: fc.nat(2) },
  { requiredKeys: [] },
);
const values = fc.oneof(
  fc.subarray(['', 'a', 'ab', '1', 'x']),
  fc.subarray([0, 1, 2, 7]),
  fc.subarray([true, false]),
);
const match = fc.oneof(
  fc.constantFrom('a', 'ab', '1', 0, 1, true, false).map((wanted) => ({ value: wanted })),
  values.map((wanted) => ({ any: wanted })),
  values.map((wanted) => ({ except: wanted })),
  fc.constantFrom('', 'a', 'b').map((text) => ({ text })),
  fc.constantFrom('', 'a', 'b').map((text) => ({ prefix: text })),
);
const { filter, condition } = fc.letrec<{ filter: object; condition: object }>((tie) => {
  const conditions = fc.oneof(tie('condition'), fc.array(tie('condition'), { maxLength: 3 }));
  const list = fc.array(tie('condition'), { maxLength: 3 });
  return {
    condition: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: fc.record({ key, match }) },
      { weight: 2, arbitrary: fc.record({ key, range: bounds }) },
      { weight: 2, arbitrary: fc.record({ key, values_count: bounds }) },
      { weight: 1, arbitrary: key.map((empty) => ({ is_empty: { key: empty } })) },
      { weight: 1, arbitrary: key.map((empty) => ({ is_null: { key: empty } })) },
      { weight: 1, arbitrary: fc.subarray([1, 2]).map((ids) => ({ has_id: ids })) },
      { weight: 2, arbitrary: fc.record({ key: fc.constantFrom('a', 'b', 'a[].b'), filter: tie('filter') }).map((nested) => ({ nested })) },
      { weight: 1, arbitrary: tie('filter') },
    ),
    filter: fc.record(
      { must: conditions, should: conditions, must_not: conditions, min_should: fc.record({ conditions: list, min_count: fc.integer({ min: 1, max: 3 }) }) },
      { requiredKeys: [] },
    ),
  };
}); // prettier-ignore

test('a filter decides as its description says', () => {
  let passed = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        filter,
        condition.map((must) => ({ must })),
      ),
      fc.array(payload, { minLength: 1, maxLength: 8 }),
      (tree, payloads) => {
        const limits = { ...DEFAULT_LIMITS, filterDepthMax: 100 };
        const compiled = compileFilter(parseFilter(tree, { limits }));
        for (const one of payloads) {
          const subject = new RecordSubject({
            key: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1),
            payload: payloadFromText(JSON.stringify(one)),
            hasVector: () => true,
          });
          const expected = passes(tree as Plain, one, true);
          expect(compiled(subject)).toBe(expected);
          if (expected) passed += 1;
        }
      },
    ),
    { numRuns: 1500 },
  );
  expect(passed).toBeGreaterThan(300);
});
