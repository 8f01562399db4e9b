import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SearchResult } from '../../database/vector-database.ts';
import { loadProtoPackage } from './proto-package.ts';
import { plainAnswer } from './plain-answer.ts';
import { writeSearchResult } from './search-codec.ts';

const method = (
  loadProtoPackage()['grape.v1.Points'] as unknown as Record<
    string,
    { responseSerialize(value: object): Buffer; responseDeserialize(bytes: Buffer): object }
  >
)['Search'];

const point = fc.record({
  id: fc.oneof(
    fc.maxSafeNat(),
    fc.constantFrom(0, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }),
  ),
  version: fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 })),
  score: fc.float({ noNaN: true }),
  payload: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 300 })),
});

test('means what the library writes', () => {
  const property = fc.property(fc.array(point, { maxLength: 12 }), (points) => {
    const result: SearchResult = { points };
    const bytes = plainAnswer(result);
    const theirs = method?.responseSerialize(writeSearchResult(result, false));
    expect(method?.responseDeserialize(Buffer.from(bytes ?? []))).toEqual(
      method?.responseDeserialize(theirs as Buffer),
    );
  });
  fc.assert(property, { numRuns: 200 });
});

test('is left to the library where there is more to write', () => {
  const found = { id: 1, version: 1, score: 1, payload: new Uint8Array(0) };
  expect(plainAnswer({ points: [found], explanation: { segments: [] } })).toBeUndefined();
  expect(plainAnswer({ points: [{ ...found, vectors: {} }] })).toBeUndefined();
  expect(plainAnswer({ points: [found, { ...found, id: 2n ** 60n }] })).toBeUndefined();
});
