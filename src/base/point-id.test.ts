import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePointId, encodePointId, type PointId } from './point-id.ts';

const MAX = 512;
const encoded = (id: PointId): Uint8Array => encodePointId(id, 'id', MAX);

const anyId: fc.Arbitrary<PointId> = fc.oneof(
  fc.maxSafeNat(),
  fc.bigInt({ min: BigInt(Number.MAX_SAFE_INTEGER) + 1n, max: 2n ** 64n - 1n }),
  fc.uuid(),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 100 })
    .filter((text) => !text.includes('\ufffd')),
);

test('every id comes back from its key', () => {
  fc.assert(
    fc.property(anyId, (id) => {
      expect(decodePointId(encoded(id))).toBe(id);
    }),
  );
});

test('different ids have different keys', () => {
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      expect(Buffer.compare(encoded(a), encoded(b)) === 0).toBe(a === b);
    }),
  );
});

test('integers come in their order, then UUIDs, then other strings', () => {
  const ids: PointId[] = [
    0,
    255,
    256,
    2 ** 53 - 1,
    2n ** 64n - 1n,
    '00000000-0000-4000-8000-00000000000f',
    'ffffffff-ffff-4fff-bfff-ffffffffffff',
    'FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF',
    'a',
    'ä',
  ];
  const shuffled = ids.toReversed().toSorted((a, b) => Buffer.compare(encoded(a), encoded(b)));
  expect(shuffled).toEqual(ids);
});

test.each<[string, PointId, string]>([
  ['an empty string', '', 'INVALID_ARGUMENT'],
  ['a string that is too long', 'ä'.repeat(257), 'LIMIT_EXCEEDED'],
  ['half a surrogate pair', '\ud83d', 'INVALID_ARGUMENT'],
  ['what decoders put in the place of bytes that are no text', 'a\ufffd', 'INVALID_ARGUMENT'],
  ['a negative integer', -1, 'INVALID_ARGUMENT'],
  ['a fraction', 1.5, 'INVALID_ARGUMENT'],
  ['a number that is not exact', 2 ** 53, 'INVALID_ARGUMENT'],
  ['an integer of more than 64 bits', 2n ** 64n, 'INVALID_ARGUMENT'],
])('%s is no id', (_, id, code) => {
  expect(() => encoded(id)).toThrow(expect.objectContaining({ code, field: 'id' }));
});
