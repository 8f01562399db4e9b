import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { FRAME_HEADER_BYTES, openFrame, sealFrame } from './frame-codec.ts';
import { decodeLogEnds, encodeLogEnds } from './log-ends-codec.ts';
import type { LogEndsMessage } from './transport.ts';

const whole = fc.maxSafeNat();
const end = fc.record({ group: whole, replica: whole, index: whole });
const message: fc.Arbitrary<LogEndsMessage> = fc.oneof(
  fc.record({ kind: fc.constant('question' as const), number: whole }),
  fc.record({
    kind: fc.constant('answer' as const),
    number: whole,
    ends: fc.array(end, { maxLength: 20 }),
  }),
);

/** What happens to a frame: a message, or the code of the error; anything else that is thrown goes on. */
function outcome(bytes: Uint8Array): LogEndsMessage | string {
  try {
    return decodeLogEnds(openFrame(bytes));
  } catch (thrown) {
    if (thrown instanceof VectorDbError) return thrown.code;
    throw thrown;
  }
}

describe('frames of where logs end', () => {
  test('give back any question and any answer', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(outcome(encodeLogEnds(each))).toEqual(each);
      }),
    );
  });

  test('are a few bytes for all groups of a node', () => {
    const ends = Array.from({ length: 17 }, (_, group) => ({
      group,
      replica: 3 * 2 ** 20,
      index: 1_000_000,
    }));
    const answer = encodeLogEnds({ kind: 'answer', number: 2 ** 20, ends });
    expect(answer.length).toBeLessThan(FRAME_HEADER_BYTES + 150);
  });

  test('that are cut or go on are refused, unless a whole row is missing', () => {
    const frame = encodeLogEnds({ kind: 'question', number: 300 });
    const body = [...frame.subarray(FRAME_HEADER_BYTES)];
    const framed = (kind: 'endsQuestion' | 'endsAnswer', bytes: readonly number[]): Uint8Array => {
      const made = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
      made.set(bytes, FRAME_HEADER_BYTES);
      return sealFrame(kind, made);
    };
    expect(outcome(framed('endsQuestion', body.slice(0, 1)))).toBe('DATA_CORRUPT');
    expect(outcome(framed('endsQuestion', [...body, 0]))).toBe('DATA_CORRUPT');
    expect(outcome(framed('endsAnswer', [1, 2, 3]))).toBe('DATA_CORRUPT');
    expect(outcome(framed('endsAnswer', []))).toBe('DATA_CORRUPT');
    expect(outcome(framed('endsAnswer', [1]))).toEqual({ kind: 'answer', number: 1, ends: [] });
  });

  test('with a sound checksum and any body are a message that encodes to the same, or refused', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('endsQuestion' as const, 'endsAnswer' as const, 'heartbeats' as const),
        (body, kind) => {
          const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
          bytes.set(body, FRAME_HEADER_BYTES);
          const frame = sealFrame(kind, bytes);
          const decoded = outcome(frame);
          if (typeof decoded === 'string') expect(decoded).toBe('DATA_CORRUPT');
          else expect([...encodeLogEnds(decoded)]).toEqual([...frame]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
