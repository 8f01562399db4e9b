import { describe, expect, test } from 'vitest';
import type { VectorSchema } from '../index/collection-schema.ts';
import { checkedVector } from './vector-checks.ts';

const schema = (distance: VectorSchema['distance']): VectorSchema => ({
  dimension: 2,
  distance,
  quantization: 'int8',
  m: 16,
  efConstruction: 100,
  efSearch: 100,
});

describe('vector checks', () => {
  test('brings a cosine vector to length 1', () => {
    expect([...checkedVector(Float32Array.of(3, 4), schema('cosine'), 'vector')]).toEqual([
      Math.fround(0.6),
      Math.fround(0.8),
    ]);
  });

  test('keeps a vector of length 1, and any under another distance, as it is', () => {
    const unit = Float32Array.of(0.6, 0.8);
    expect(checkedVector(unit, schema('cosine'), 'vector')).toBe(unit);
    const long = Float32Array.of(3, 4);
    expect(checkedVector(long, schema('euclid'), 'vector')).toBe(long);
    const zero = Float32Array.of(0, 0);
    expect(checkedVector(zero, schema('dot'), 'vector')).toBe(zero);
  });

  test.each([
    [[1, 2, 3], 'DIMENSION_MISMATCH', 'vector'],
    [[], 'DIMENSION_MISMATCH', 'vector'],
    [[0, 0], 'INVALID_VECTOR', 'vector'],
    [[1, Number.NaN], 'INVALID_VECTOR', 'vector[1]'],
    [[Number.POSITIVE_INFINITY, 1], 'INVALID_VECTOR', 'vector[0]'],
    [[3e38, 3e38], 'INVALID_VECTOR', 'vector'],
  ])('refuses %j with %s at %s', (values, code, field) => {
    expect(() => checkedVector(Float32Array.from(values), schema('cosine'), 'vector')).toThrow(
      expect.objectContaining({ code, field }),
    );
  });
});
