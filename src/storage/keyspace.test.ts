import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import { allRecordsRange, collectionOf, pointKeyOf, recordKey, recordRange } from './keyspace.ts';

const anyCollection = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0xff, 0xffff_ffff));
const anyKey = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uuid(), fc.string({ minLength: 1 }))
  .filter((id) => typeof id !== 'string' || id.isWellFormed())
  .map((id) => new Uint8Array(encodePointId(id, 'id', 512)));

test('a record lies in the range of its collection and in no other', () => {
  fc.assert(
    fc.property(anyCollection, anyCollection, anyKey, (collection, other, key) => {
      const bytes = recordKey(collection, key);
      const within = (range: { from: Uint8Array; to: Uint8Array }): boolean =>
        Buffer.compare(bytes, range.from) >= 0 && Buffer.compare(bytes, range.to) < 0;
      expect(within(recordRange(collection))).toBe(true);
      expect(within(recordRange(collection, key))).toBe(true);
      expect(within(recordRange(other))).toBe(other === collection);
      expect(within(allRecordsRange())).toBe(true);
      expect(collectionOf(bytes)).toBe(collection);
      expect(pointKeyOf(bytes)).toEqual(key);
    }),
  );
});

test('records sort as their keys do', () => {
  fc.assert(
    fc.property(anyCollection, anyKey, anyKey, (collection, a, b) => {
      const [rowA, rowB] = [recordKey(collection, a), recordKey(collection, b)];
      expect(Buffer.compare(rowA, rowB)).toBe(Buffer.compare(a, b));
    }),
  );
});
