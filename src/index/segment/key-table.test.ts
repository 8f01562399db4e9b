import fc from 'fast-check';
import { expect, test } from 'vitest';

import { KeyTable } from './key-table.ts';

const keys = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
  selector: (key) => Buffer.from(key).toString('hex'),
  maxLength: 300,
});

test('every key is found at its slot, and no other key is', () => {
  fc.assert(
    fc.property(keys, keys, (present, asked) => {
      const table = KeyTable.withRoomFor(present.length);
      present.forEach((key, slot) => table.add(key, slot));
      const find = (key: Uint8Array): number | undefined =>
        table.find(key, (slot) => Buffer.compare(present[slot] as Uint8Array, key) === 0);
      present.forEach((key, slot) => expect(find(key)).toBe(slot));
      for (const key of asked) {
        const slot = present.findIndex((other) => Buffer.compare(other, key) === 0);
        expect(find(key)).toBe(slot === -1 ? undefined : slot);
      }
    }),
  );
});

test('keys of equal fingerprints are told apart by the caller', () => {
  const table = KeyTable.withRoomFor(2);
  const key = Uint8Array.of(1);
  table.add(key, 0);
  table.add(key, 1);
  expect(table.find(key, (slot) => slot === 1)).toBe(1);
  expect(table.find(key, () => false)).toBeUndefined();
});
