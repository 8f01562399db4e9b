import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { JsonCursor } from './json-cursor.ts';
import { NumberArrayReader } from './number-array.ts';

function read(text: string, before = ''): Float32Array {
  const body = Buffer.from(before + text);
  const reader = new NumberArrayReader({ dimensionMax: 100_000 });
  const cursor = new JsonCursor(body);
  cursor.position = before.length;
  reader.begin(body);
  const values = reader.read(cursor);
  expect(cursor.position).toBe(body.length);
  return values;
}

const wanted = (text: string): Float32Array =>
  Float32Array.from(JSON.parse(text) as number[], Math.fround);

/** Longer than the part of a text that is scanned at once. */
const LONG = 60_000;

describe('arrays of numbers', () => {
  test('digits and zeros of every length are read as JSON.parse reads them', () => {
    const digits = fc.string({ unit: fc.nat({ max: 9 }).map(String), maxLength: 24 });
    const number = fc
      .tuple(fc.boolean(), fc.nat({ max: 2_000_000 }), fc.nat({ max: 12 }), digits)
      .map(([isNegative, whole, zeros, rest]) => {
        const fraction = '0'.repeat(zeros) + rest;
        return `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
      });
    const property = fc.property(fc.array(number, { minLength: 1, maxLength: 40 }), (numbers) => {
      const text = `[${numbers.join(',')}]`;
      expect(read(text)).toEqual(wanted(text));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('a number is read wherever the text is cut into parts', () => {
    const pieces = ['-0.12345678901234567', '7', '1e-7', '-3.25', '0.5', '123456789012345678901'];
    const numbers = Array.from({ length: 20_000 }, (_, i) => pieces[i % pieces.length] as string);
    const text = numbers.join(', ');
    expect(text.length).toBeGreaterThan(2 * LONG);
    const expected = wanted(`[${text}]`);
    // The first number moves all others on.
    for (let shift = 1; shift < 70; shift += 1) {
      expect(read(`[0.${'5'.repeat(shift)}, ${text}]`).subarray(1)).toEqual(expected);
    }
  });

  test('an array far inside a body is read, and the next one after it', () => {
    const body = Buffer.from(`${' '.repeat(LONG)}[1,2.5]${' '.repeat(LONG)}[-3]`);
    const reader = new NumberArrayReader({ dimensionMax: 10 });
    const cursor = new JsonCursor(body);
    reader.begin(body);
    cursor.position = LONG;
    expect(reader.read(cursor)).toEqual(Float32Array.of(1, 2.5));
    cursor.position = body.length - 4;
    expect(reader.read(cursor)).toEqual(Float32Array.of(-3));
    cursor.position = LONG;
    expect(reader.read(cursor)).toEqual(Float32Array.of(1, 2.5));
  });

  test.each(['[1,', '[1,]', '[1 2]', '[1.]', '[-]', '[01]', '[1\u0000]', '[1,\u0000]', '[1.5e]'])(
    '%j is refused, also where it ends a part',
    (text) => {
      expect(() => read(text)).toThrow(VectorDbError);
      for (let at = 49_080; at < 49_100; at += 1) {
        expect(() => read(`[${'1,'.repeat(at / 2)}${text.slice(1)}${' '.repeat(LONG)}`)).toThrow(
          VectorDbError,
        );
      }
    },
  );
});
