import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeFloat16 } from './float16.ts';

/** The definition of binary16, literally. */
function byDefinition(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

describe('decodeFloat16', () => {
  test('gives every one of the 65,536 numbers its value', () => {
    const bytes = new Uint8Array(2 * 65_536);
    const view = new DataView(bytes.buffer);
    for (let half = 0; half < 65_536; half += 1) view.setUint16(2 * half, half, true);
    const numbers = new Float32Array(65_536);
    decodeFloat16(bytes, 0, numbers);
    const wrong: number[] = [];
    for (let half = 0; half < 65_536; half += 1) {
      if (!Object.is(numbers[half], byDefinition(half))) wrong.push(half);
    }
    expect(wrong).toEqual([]);
  });

  test('reads at any alignment and writes into a part of an array', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x7bff })), fc.nat(3), (halves, offset) => {
        const bytes = new Uint8Array(offset + 2 * halves.length);
        const view = new DataView(bytes.buffer);
        halves.forEach((half, index) => view.setUint16(offset + 2 * index, half, true));
        const whole = new Float32Array(halves.length + 2).fill(7);
        decodeFloat16(bytes, offset, whole.subarray(1, 1 + halves.length));
        expect([...whole]).toEqual([7, ...halves.map(byDefinition), 7]);
      }),
    );
  });
});
