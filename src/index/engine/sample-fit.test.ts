import { expect, test } from 'vitest';
import { sampleLength, sampleMagnitude, sampleMean } from './sample-fit.ts';

const sample = Float32Array.of(1, 2, 3, 4, 5, -6);

test('the mean is taken for each dimension', () => {
  expect(sampleMean(sample, 2)).toEqual([3, 0]);
  expect(sampleMean(new Float32Array(0), 2)).toBeUndefined();
});

test('magnitudes and lengths are taken about the center', () => {
  expect(sampleMagnitude(sample, undefined, 1)).toBe(6);
  expect(sampleMagnitude(sample, [3, 0], 1)).toBe(6);
  expect(sampleMagnitude(sample, [1, 2], 1)).toBe(8);
  expect(sampleLength(sample, 2, undefined, 0)).toBeCloseTo(Math.sqrt(5), 4);
  expect(sampleLength(sample, 2, [1, 2], 0)).toBe(1);
});

test('nothing to fit to gives 1, which divides', () => {
  expect(sampleMagnitude(new Float32Array(0), undefined, 1)).toBe(1);
  expect(sampleMagnitude(new Float32Array(4), undefined, 1)).toBe(1);
  expect(sampleLength(new Float32Array(4), 2, undefined, 1)).toBe(1);
});
