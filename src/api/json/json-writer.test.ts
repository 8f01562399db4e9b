import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float32Text } from './float-text.ts';
import { JsonWriter } from './json-writer.ts';

const writer = new JsonWriter();
const textOf = (write: (to: JsonWriter) => unknown): string => {
  write(writer.begin());
  return String(writer.take());
};
const floatText = (value: number): string => textOf((to) => to.float(value));

test.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [-1, '-1'],
  [0.19, '0.19'],
  [0.5, '0.5'],
  [100, '100'],
  [-1234.5, '-1234.5'],
  [16777216, '16777216'],
  [9999999, '9999999'],
  [0.1, '0.1'],
  [1e-7, '0.0000001'],
  [1e-8, '1e-8'],
  [0.00123, '0.00123'],
  [3.4028234663852886e38, '3.4028235e+38'],
  [1e-45, '1e-45'],
  [Infinity, 'null'],
  [Number.NaN, 'null'],
])('the float32 of %d is written %s', (value, text) => {
  expect(floatText(Math.fround(value))).toBe(text);
});

test('every float32 is written as a text that reads back as itself, and no longer than need be', () => {
  const float = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, min: -1, max: 1 }),
    fc.float({ noNaN: true, min: -10_000_000, max: 10_000_000 }),
  );
  const digitsOf = (text: string): number =>
    text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
  fc.assert(
    fc.property(float, (value) => {
      const text = floatText(value);
      expect(Object.is(Math.fround(JSON.parse(text) as number), value)).toBe(true);
      let digits = 1;
      while (Math.fround(Number(value.toPrecision(digits))) !== value) digits += 1;
      expect(digitsOf(text)).toBe(value === 0 ? 0 : digitsOf(value.toPrecision(digits)));
      expect(Math.fround(Number(float32Text(value)))).toBe(value);
    }),
    { numRuns: 5000 },
  );
});

test('vectors, ids and texts are JSON', () => {
  expect(textOf((to) => to.vector(Float32Array.of(0.1, -2, 3.5)))).toBe('[0.1,-2,3.5]');
  expect(textOf((to) => to.id(18446744073709551615n))).toBe('18446744073709551615');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(textOf((to) => to.id(text)))).toBe(text);
    }),
  );
});

test('a large answer is whole, and the next one has nothing of it', () => {
  const vector = Float32Array.from({ length: 40_000 }, (_, index) => index / 7);
  expect(JSON.parse(textOf((to) => to.vector(vector)))).toHaveLength(40_000);
  expect(textOf((to) => to.raw('1'))).toBe('1');
});

test('what a failed answer left is forgotten', () => {
  writer.begin().raw('{"half":');
  expect(textOf((to) => to.raw('1'))).toBe('1');
});
