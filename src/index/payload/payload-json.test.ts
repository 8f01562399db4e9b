import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePayload, parsePayloadText, payloadFromText, payloadText } from './payload-json.ts';
import { FloatNumber, integerOf, numberOf } from './payload-value.ts';

describe('parsePayloadText', () => {
  test.each([
    ['1', 1],
    ['-7', -7],
    ['1.5', 1.5],
    ['1.0', new FloatNumber(1)],
    ['-3.000', new FloatNumber(-3)],
    ['1e3', new FloatNumber(1000)],
    ['1.5E2', new FloatNumber(150)],
    ['1e-2', 0.01],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', new FloatNumber(18446744073709551616)],
    ['9007199254740993.0', new FloatNumber(9007199254740992)],
  ])('reads %s with its kind', (source, expected) => {
    for (const text of [
      `{"a":${source}}`,
      `{"a":[1, ${source} ]}`,
      `{"a" :\n${source}\n, "b":"2"}`,
    ]) {
      const { a } = parsePayloadText(text) as { a: unknown };
      expect(Array.isArray(a) ? a[1] : a).toStrictEqual(expected);
    }
  });

  test('agrees with JSON.parse on every value once kinds are dropped', () => {
    const plain = (value: unknown): unknown => {
      if (value instanceof FloatNumber) return value.value;
      if (typeof value === 'bigint') return Number(value);
      if (Array.isArray(value)) return value.map(plain);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
    };
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (text) => {
        expect(JSON.stringify(plain(parsePayloadText(text)))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });

  test('sees each number exactly as its text says', () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String);
    fc.assert(
      fc.property(integer, (source) => {
        expect(
          String(
            integerOf(
              parsePayloadText(`[${source}]`) &&
                (parsePayloadText(`{"a":${source}}`) as { a: number }).a,
            ),
          ),
        ).toBe(source);
      }),
    );
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom('.0', '.00', 'e0', 'E+0'), (whole, tail) => {
        const { a } = parsePayloadText(`{"a":${whole}${tail}}`) as { a: FloatNumber };
        expect(integerOf(a)).toBeUndefined();
        expect(numberOf(a)).toBe(whole);
      }),
    );
  });
});

test('no payload parses to an object without members', () => {
  expect(parsePayload(new Uint8Array(0))).toEqual({});
});

test('a payload may be part of a larger buffer', () => {
  const whole = Buffer.from('xx{"a":1}yy');
  expect(parsePayload(new Uint8Array(whole.buffer, whole.byteOffset + 2, 7))).toEqual({ a: 1 });
  expect(payloadText(payloadFromText('{"ä":"😀"}'))).toBe('{"ä":"😀"}');
});
