import { describe, expect, test } from 'vitest';
import { gaussian, seededRandom } from '../../base/random.ts';
import { Rotation } from './rotation.ts';

const random = seededRandom(3);
const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => gaussian(random));

function rotated(rotation: Rotation, row: Float32Array): Float32Array {
  rotation.rows.set(row);
  rotation.rotate(1);
  return rotation.rows.slice(0, rotation.size);
}

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((total, x, i) => total + x * (b[i] as number), 0);

describe('a rotation', () => {
  test.each([16, 32, 256, 1024, 4096])('of %i numbers keeps lengths and angles', (size) => {
    const rotation = new Rotation(size, 1);
    const a = numbers(size);
    const b = numbers(size);
    const ra = rotated(rotation, a);
    const rb = rotated(rotation, b);
    // Not scaled: two transforms, each of which lengthens by the root of the size.
    const factor = size ** 2;
    expect(dot(ra, ra) / factor / dot(a, a)).toBeCloseTo(1, 4);
    expect((dot(ra, rb) / factor - dot(a, b)) / size).toBeCloseTo(0, 4);
  });

  test('spreads one number over all', () => {
    const rotation = new Rotation(1024, 1);
    const row = new Float32Array(1024);
    row[17] = 1;
    const spread = rotated(rotation, row);
    const largest = spread.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
    expect(largest / 1024).toBeLessThan(0.25);
    const positive = spread.reduce((total, x) => total + (x > 0 ? 1 : 0), 0);
    expect(positive).toBeGreaterThan(400);
    expect(positive).toBeLessThan(624);
  });

  test('is decided by its seed, whichever other was used in between', () => {
    const row = numbers(256);
    const first = new Rotation(256, 7);
    const other = new Rotation(1024, 8);
    const before = rotated(first, row);
    rotated(other, numbers(1024));
    expect(rotated(first, row)).toEqual(before);
    expect(rotated(new Rotation(256, 7), row)).toEqual(before);
    expect(rotated(new Rotation(256, 9), row)).not.toEqual(before);
  });

  test('rotates each row by itself', () => {
    const rotation = new Rotation(64, 1);
    const rows = [numbers(64), numbers(64), numbers(64)];
    const alone = rows.map((row) => rotated(rotation, row));
    rows.forEach((row, i) => rotation.rows.set(row, i * 64));
    rotation.rotate(3);
    alone.forEach((row, i) => expect(rotation.rows.slice(i * 64, (i + 1) * 64)).toEqual(row));
  });

  test('refuses a size that is no power of two, and more rows than it has room for', () => {
    expect(() => new Rotation(100, 1)).toThrow('size');
    expect(() => new Rotation(262_144, 1)).toThrow('size');
    const large = new Rotation(131_072, 1);
    expect(() => large.rotate(large.rowsMax + 1)).toThrow('rows');
  });
});
