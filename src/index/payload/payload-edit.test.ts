import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deletePayloadPaths, mergePayload } from './payload-edit.ts';
import { EMPTY_PAYLOAD, payloadFromText, payloadText } from './payload-json.ts';
import { compileProjection } from './payload-projection.ts';

const merge = (base: string, patch: string): string =>
  payloadText(mergePayload(payloadFromText(base), payloadFromText(patch)));
const drop = (base: string, ...paths: string[]): string =>
  payloadText(deletePayloadPaths(payloadFromText(base), paths));
const project = (base: string, selector: Parameters<typeof compileProjection>[0]): string =>
  payloadText(compileProjection(selector)(payloadFromText(base)));

const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });

describe('mergePayload', () => {
  test.each([
    ['', '', ''],
    ['', '{"a":1}', '{"a":1}'],
    ['{"a":1}', '', '{"a":1}'],
    ['{"a":1}', '{}', '{"a":1}'],
    ['{}', '{"a":1}', '{"a":1}'],
    [
      '{"a":1.0,"b":12345678901234567890}',
      '{"c":1e2}',
      '{"a":1.0,"b":12345678901234567890,"c":1e2}',
    ],
    ['{"a":1,"b":2}', '{"a":3}', '{"a":3,"b":2}'],
    ['{"a":{"x":1}}', '{"a":{"y":2}}', '{"a":{"y":2}}'],
    ['{"a":1}', '{"a":null}', '{"a":null}'],
    ['{"\\u0061":1}', '{"a":2}', '{"a":2}'],
    [' { "a" : [ 1 , 2 ] } ', '{ "b" : "}" }', '{"a" : [ 1 , 2 ],"b" : "}"}'],
  ])('of %s and %s is %s', (base, patch, expected) => {
    expect(merge(base, patch)).toBe(expected);
  });

  test('does what spreading the two objects does', () => {
    fc.assert(
      fc.property(object, object, (base, patch) => {
        const merged = JSON.parse(merge(JSON.stringify(base), JSON.stringify(patch)));
        const expected = Object.fromEntries([...Object.entries(base), ...Object.entries(patch)]);
        expect(merged).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });
});

describe('deletePayloadPaths', () => {
  test.each([
    ['', ['a'], ''],
    ['{"a":1,"b":2.0}', ['a'], '{"b":2.0}'],
    ['{"a":1}', ['a'], '{}'],
    ['{"a":1}', ['b'], '{"a":1}'],
    ['{"a":1}', [], '{"a":1}'],
    ['{"a":1}', ['a[', ''], '{"a":1}'],
    ['{"a":{"b":1,"c":2}}', ['a.b'], '{"a":{"c":2}}'],
    ['{"a":{"b":1}}', ['a.b'], '{"a":{}}'],
    ['{"a":[1,2,3]}', ['a[1]'], '{"a":[1,3]}'],
    ['{"a":[1,2,3]}', ['a[0]', 'a[1]'], '{"a":[3]}'],
    ['{"a":[1,2]}', ['a[]'], '{"a":[]}'],
    ['{"a":[{"b":1,"c":2},{"b":3}]}', ['a[].b'], '{"a":[{"c":2},{}]}'],
    ['{"a":[{"b":1}]}', ['a.b'], '{"a":[{"b":1}]}'],
    ['{"a.b":1,"a":{"b":2}}', ['"a.b"'], '{"a":{"b":2}}'],
    ['{ "a" : "x\\\\" , "b" : "\\"" }', ['a'], '{"b" : "\\""}'],
  ] as [string, string[], string][])('from %s of %o leaves %s', (base, paths, expected) => {
    expect(drop(base, ...paths)).toBe(expected);
  });
});

describe('compileProjection', () => {
  const base = '{"a":{"b":1.0,"c":2},"d":[{"e":1,"f":2},{"f":3}],"g":null}';

  test.each([
    [true, base],
    [false, ''],
    [{ include: ['a'] }, '{"a":{"b":1.0,"c":2}}'],
    [{ include: ['g', 'a.b'] }, '{"a":{"b":1.0},"g":null}'],
    [{ include: ['a', 'a.b'] }, '{"a":{"b":1.0,"c":2}}'],
    [{ include: ['d[].e'] }, '{"d":[{"e":1}]}'],
    [{ include: ['d[1]'] }, '{"d":[{"f":3}]}'],
    [{ include: ['d.e', 'x', 'a.x'] }, '{}'],
    [{ include: [] }, '{}'],
    [{ exclude: ['a', 'd'] }, '{"g":null}'],
    [{ exclude: ['d[].f'] }, '{"a":{"b":1.0,"c":2},"d":[{"e":1},{}],"g":null}'],
    [{ exclude: [] }, base],
  ] as [Parameters<typeof compileProjection>[0], string][])(
    'of %o gives %s',
    (selector, expected) => {
      expect(project(base, selector)).toBe(expected);
    },
  );

  test('of no payload gives none', () => {
    expect(compileProjection({ include: ['a'] })(EMPTY_PAYLOAD)).toHaveLength(0);
  });

  test('refuses a malformed path, naming it', () => {
    expect(() => compileProjection({ include: ['a', 'a['] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', field: 'with_payload.include[1]' }),
    );
  });

  test('of some keys and of all but them are complements', () => {
    fc.assert(
      fc.property(object, fc.array(fc.string()), (value, extra) => {
        const keys = [...Object.keys(value).filter((_, i) => i % 2 === 0), ...extra];
        const paths = keys.map((key) => JSON.stringify(key));
        const text = JSON.stringify(value);
        const included = Object.keys(JSON.parse(project(text, { include: paths })));
        const excluded = Object.keys(JSON.parse(project(text, { exclude: paths })));
        expect([...included, ...excluded].sort()).toEqual(Object.keys(value).sort());
        expect(included.every((key) => keys.includes(key))).toBe(true);
      }),
    );
  });
});
