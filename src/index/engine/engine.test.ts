import { describe, expect, test } from 'vitest';
import { QUANTIZATIONS, type Quantization } from '../collection-schema.ts';
import { defaultQuantization } from './engine-default.ts';
import { engineFor } from './engine-for.ts';
import { graphEngineContract, type RecallBound } from './engine.contract.ts';

const BOUNDS: Record<Quantization, RecallBound> = {
  // Of few dimensions bits tell little: `defaultQuantization` does not choose them there.
  binary: (dimension) => (dimension < 100 ? 0.9 : 0.98),
  int8: () => 0.97,
  float16: () => 0.97,
  none: () => 0.97,
};

describe.each(QUANTIZATIONS)('%s', (quantization) => {
  graphEngineContract(quantization, engineFor(quantization), BOUNDS[quantization]);
});

test('many dimensions get one bit each, few get a byte', () => {
  expect(defaultQuantization(768)).toBe('binary');
  expect(defaultQuantization(100)).toBe('int8');
});
