import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePointId, encodePointId } from '../base/point-id.ts';
import { type FoundPoint, packPoints, unpackPoints } from './packed-points.ts';

const foundPoint: fc.Arbitrary<FoundPoint> = fc.record({
  key: fc
    .oneof(
      fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    )
    .map((id) => encodePointId(id, 'id', 512)),
  version: fc.nat(),
  score: fc.float({ noNaN: true }),
  payload: fc.uint8Array({ maxLength: 60 }),
  vectors: fc.option(
    fc.dictionary(
      fc.string({ maxLength: 9 }).filter((name) => name !== '__proto__'),
      fc.float32Array({ minLength: 1, maxLength: 9 }),
      { noNullPrototype: true },
    ),
    { nil: undefined },
  ),
});

test('points come out of their buffer as they went in', () => {
  fc.assert(
    fc.property(fc.array(foundPoint, { maxLength: 8 }), (points) => {
      const unpacked = unpackPoints(packPoints(points));
      expect(unpacked).toEqual(
        points.map(({ key, vectors, ...rest }) => ({
          ...rest,
          id: decodePointId(key),
          ...(vectors === undefined ? {} : { vectors }),
        })),
      );
    }),
  );
});
