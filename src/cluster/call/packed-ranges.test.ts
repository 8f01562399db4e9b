import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId } from '../../base/point-id.ts';
import { VectorDbError } from '../../base/error.ts';
import { packPoints, unpackPoints } from '../../worker/packed-points.ts';
import { joinPacked, packedRanges } from './packed-ranges.ts';

const foundPoint = fc.record({
  key: fc
    .oneof(fc.nat(), fc.uuid(), fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' }))
    .map((id) => encodePointId(id, 'id', 512)),
  version: fc.nat(),
  score: fc.float({ noNaN: true }),
  payload: fc.uint8Array({ maxLength: 20 }),
  vectors: fc.option(
    fc.dictionary(
      fc.string({ maxLength: 5, unit: 'grapheme-ascii' }).filter((name) => name !== '__proto__'),
      fc.float32Array({ minLength: 1, maxLength: 5, noNaN: true }),
      { noNullPrototype: true },
    ),
    { nil: undefined },
  ),
});

describe('packed points', () => {
  test('are found with their keys and scores, and can be put together in another order', () => {
    fc.assert(
      fc.property(fc.array(foundPoint, { maxLength: 6 }), (points) => {
        const packed = packPoints(points);
        const ranges = packedRanges(packed);
        expect(ranges.map(({ score }) => score)).toEqual(points.map(({ score }) => score));
        expect(ranges.map(({ key }) => Buffer.from(key).toString('hex'))).toEqual(
          points.map(({ key }) => Buffer.from(key).toString('hex')),
        );
        const joined = joinPacked(ranges.toReversed().map((range) => ({ packed, range })));
        expect(unpackPoints(joined)).toEqual(unpackPoints(packed).toReversed());
      }),
    );
  });

  test('that are cut short, too long or damaged are refused or read within their bytes', () => {
    fc.assert(
      fc.property(
        fc.array(foundPoint, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(255),
        (points, at, byte) => {
          const packed = packPoints(points);
          const place = at % packed.length;
          expect(() => packedRanges(packed.subarray(0, place))).toThrow(VectorDbError);
          expect(() => packedRanges(Uint8Array.of(...packed, 0))).toThrow('too many bytes');
          packed[place] = byte;
          try {
            packedRanges(packed);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'DATA_CORRUPT' });
            return;
          }
          unpackPoints(packed);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
