import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { anyChunk, SAMPLE_CHUNK } from '../../../test/support/raft/transport-messages.ts';
import { openFrame } from './frame-codec.ts';
import {
  type ChunkOutcome,
  decodeChunk,
  decodeOutcome,
  encodeChunk,
  encodeOutcome,
} from './snapshot-chunk-codec.ts';

const number = fc.maxSafeNat();
const reason = fc.string({ maxLength: 100 });
const anyOutcome: fc.Arbitrary<ChunkOutcome> = fc.oneof(
  fc.record({ kind: fc.constant('next' as const), offset: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('done' as const) }),
  fc.record({ kind: fc.constantFrom('refused' as const, 'failed' as const), reason }),
);

const refusal = (decode: () => unknown): string => {
  try {
    decode();
    return 'taken';
  } catch (thrown) {
    if (thrown instanceof VectorDbError) return thrown.code;
    throw thrown;
  }
};

describe('frames of chunks', () => {
  test('give back any chunk, with its data as a view', () => {
    fc.assert(
      fc.property(fc.record({ number, chunk: anyChunk }), (numbered) => {
        const { body } = openFrame(encodeChunk(numbered));
        const decoded = decodeChunk(body);
        expect(decoded).toEqual(numbered);
        expect(decoded.chunk.data.buffer).toBe(body.buffer);
      }),
      { numRuns: 200 },
    );
  });

  test('give back any outcome', () => {
    fc.assert(
      fc.property(fc.record({ number, outcome: anyOutcome }), (numbered) => {
        expect(decodeOutcome(openFrame(encodeOutcome(numbered)).body)).toEqual(numbered);
      }),
      { numRuns: 200 },
    );
  });

  test('cut a reason that is too long, in characters of any width', () => {
    for (const character of ['x', 'ü', '€', '😀', '\ud800']) {
      const outcome: ChunkOutcome = { kind: 'failed', reason: character.repeat(5000) };
      const decoded = decodeOutcome(openFrame(encodeOutcome({ number: 1, outcome })).body);
      expect(decoded.outcome).toMatchObject({ kind: 'failed' });
      expect(JSON.stringify(decoded.outcome).length).toBeLessThan(1200);
    }
  });

  test('refuse any other body', () => {
    const bodies = [
      openFrame(encodeChunk({ number: 1, chunk: { ...SAMPLE_CHUNK, data: new Uint8Array(0) } }))
        .body,
      openFrame(encodeOutcome({ number: 1, outcome: { kind: 'next', offset: 2 ** 50 } })).body,
    ] as const;
    for (const [at, decode] of [decodeChunk, decodeOutcome].entries()) {
      const body = bodies[at] ?? new Uint8Array(0);
      for (let length = 0; length < body.length; length += 1) {
        expect(refusal(() => decode(body.subarray(0, length)))).toBe('DATA_CORRUPT');
      }
    }
    expect(refusal(() => decodeOutcome(Uint8Array.of(...bodies[1], 0)))).toBe('DATA_CORRUPT');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(['taken', 'DATA_CORRUPT']).toContain(refusal(() => decodeChunk(bytes)));
        expect(['taken', 'DATA_CORRUPT']).toContain(refusal(() => decodeOutcome(bytes)));
      }),
    );
  });

  test('refuse a text that is not UTF-8', () => {
    const { body } = openFrame(
      encodeOutcome({ number: 1, outcome: { kind: 'refused', reason: 'xyz' } }),
    );
    const damaged = body.slice();
    damaged[damaged.length - 1] = 0xff;
    expect(refusal(() => decodeOutcome(damaged))).toBe('DATA_CORRUPT');
  });
});
