import { expect, test } from 'vitest';
import { KeyCache } from './key-cache.ts';

test('a key is read once and stays what it is, unless it is long', () => {
  const keys = [Uint8Array.of(1, 2), new Uint8Array(23).fill(7), new Uint8Array(24).fill(9)];
  const reads: number[] = [];
  const cache = new KeyCache(keys.length);
  const read = (slot: number): Uint8Array => {
    reads.push(slot);
    return keys[slot] as Uint8Array;
  };
  for (let turn = 0; turn < 3; turn += 1) {
    for (const [slot, key] of keys.entries()) {
      const found = cache.get(slot, read);
      expect([...found]).toEqual([...key]);
      // What callers do with their copy is not seen by others.
      if (turn > 0 && slot < 2) found.fill(0);
    }
  }
  expect(reads).toEqual([0, 1, 2, 2, 2]);
});
