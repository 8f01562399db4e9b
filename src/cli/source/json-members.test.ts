import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jsonMembers } from './json-members.ts';

const slices = (text: string): Record<string, string> => {
  const bytes = Buffer.from(text);
  return Object.fromEntries(
    [...jsonMembers(bytes)].map(([name, { start, end }]) => [
      name,
      bytes.toString('utf8', start, end),
    ]),
  );
};

describe('jsonMembers', () => {
  test('keeps each value as it was written', () => {
    expect(
      slices(' { "a" : 1.0 ,\t"b":[1, {"x":"]}"}],"c\\u0041":"q\\"}", "d":{ } , "e":null}\r\n'),
    ).toEqual({ a: '1.0', b: '[1, {"x":"]}"}]', cA: '"q\\"}"', d: '{ }', e: 'null' });
    expect(slices('{}')).toEqual({});
  });

  test('finds what JSON.parse finds, whatever the object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const found = slices(text);
        const parsed = Object.entries(found).map(([name, value]) => [name, JSON.parse(value)]);
        expect(parsed).toEqual(Object.entries(JSON.parse(text) as object));
      }),
    );
  });

  test.each([
    '',
    '[]',
    '1',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{"a":[1}',
    '{"a":"x}',
    '{a:1}',
    '{"a":1} x',
    '{"a":1,"a":2}',
  ])('refuses %s', (text) => {
    expect(() => jsonMembers(Buffer.from(text))).toThrow(SyntaxError);
  });

  test('ends on arbitrary text, with members or a SyntaxError', () => {
    const text = fc.array(fc.constantFrom('{', '}', '"', '\\', ':', ',', '[', ']', '1', ' ', 'é'));
    fc.assert(
      fc.property(text, (parts) => {
        try {
          jsonMembers(Buffer.from(`{${parts.join('')}`));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
