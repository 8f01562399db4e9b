import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { anyGroupMessage, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import type { Message } from '../core/message.ts';
import { FRAME_HEADER_BYTES, sealFrame } from './frame-codec.ts';
import { isHeartbeat } from './heartbeat-rows.ts';
import { decodeFrame, encodeFrames } from './message-frames.ts';
import type { GroupMessage } from './transport.ts';

const only = (frames: readonly Uint8Array[]): Uint8Array => {
  expect(frames).toHaveLength(1);
  return frames[0] ?? new Uint8Array(0);
};
const frameOf = (message: Message): Uint8Array => only(encodeFrames([{ group: 3, message }]));

/** What happens to bytes: messages, or the code of the error; anything else that is thrown goes on. */
function outcome(bytes: Uint8Array): readonly GroupMessage[] | string {
  try {
    return decodeFrame(bytes);
  } catch (thrown) {
    if (thrown instanceof VectorDbError) return thrown.code;
    throw thrown;
  }
}

const samples = Object.values(SAMPLE_MESSAGES);

describe('frames of messages', () => {
  test.each(samples)('carry a $kind', (message) => {
    expect(decodeFrame(frameOf(message))).toEqual([{ group: 3, message }]);
  });

  test('give back any messages: heartbeats first, each kind in its order', () => {
    fc.assert(
      fc.property(fc.array(anyGroupMessage, { maxLength: 20 }), (messages) => {
        const expected = [
          ...messages.filter((each) => isHeartbeat(each)),
          ...messages.filter((each) => !isHeartbeat(each)),
        ];
        expect(encodeFrames(messages).flatMap((frame) => decodeFrame(frame))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('hold the heartbeats and replies of all groups of a turn in one, with few bytes each', () => {
    const messages = Array.from({ length: 100 }, (_, group): GroupMessage[] => [
      { group, message: SAMPLE_MESSAGES.heartbeat },
      { group, message: { ...SAMPLE_MESSAGES.heartbeat, commit: group } as Message },
    ]).flat();
    const frame = only(encodeFrames(messages));
    expect(decodeFrame(frame)).toEqual(messages);
    expect(frame.length).toBeLessThan(messages.length * 10);
  });

  test('grow up to a size, and one alone may be larger', () => {
    const message = (length: number): GroupMessage => ({
      group: 1,
      message: {
        ...SAMPLE_MESSAGES.append,
        kind: 'append',
        previous: { term: 1, index: 0 },
        commit: 0,
        entries: [{ term: 1, index: 1, kind: 'command', data: new Uint8Array(length).fill(7) }],
      },
    });
    const dataLength = (each: GroupMessage): number | undefined =>
      each.message.kind === 'append' ? each.message.entries[0]?.data.length : undefined;
    const lengths = [1000, 200_000, 100_000, 1000, 2_000_000, 10];
    const frames = encodeFrames(lengths.map(message));
    expect(frames.map((frame) => decodeFrame(frame).length)).toEqual([2, 2, 1, 1]);
    expect(frames.flatMap((frame) => decodeFrame(frame).map(dataLength))).toEqual(lengths);
  });

  test('are none for no messages', () => {
    expect(encodeFrames([])).toEqual([]);
  });

  test("do not copy entries' data when they are read", () => {
    const frame = frameOf(SAMPLE_MESSAGES.append);
    const [decoded] = decodeFrame(frame);
    const entries = decoded?.message.kind === 'append' ? decoded.message.entries : [];
    expect(entries[0]?.data.buffer).toBe(frame.buffer);
  });

  test('with any bit flipped are refused', () => {
    for (const frame of samples.map(frameOf)) {
      for (let bit = 0; bit < frame.length * 8; bit += 1) {
        const damaged = frame.slice();
        damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expect(outcome(damaged)).toBe('DATA_CORRUPT');
      }
    }
  });

  test('that are cut or go on are refused', () => {
    for (const frame of samples.map(frameOf)) {
      for (let length = 0; length < frame.length; length += 1) {
        expect(outcome(frame.subarray(0, length))).toBe('DATA_CORRUPT');
      }
      expect(outcome(Uint8Array.of(...frame, 0))).toBe('DATA_CORRUPT');
    }
  });

  test('that are random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outcome(bytes)).toBe('DATA_CORRUPT');
      }),
    );
  });

  test('with a sound checksum and any body are messages that encode to the same, or refused', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .tuple(fc.constantFrom(...samples.map(frameOf)), fc.nat(), fc.nat({ max: 255 }))
        .map(([frame, at, value]) => {
          const changed = frame.slice(FRAME_HEADER_BYTES);
          changed[at % changed.length] = value;
          return changed;
        }),
    );
    let taken = 0;
    fc.assert(
      fc.property(body, fc.constantFrom('messages', 'heartbeats'), (bytes, kind) => {
        const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
        frame.set(bytes, FRAME_HEADER_BYTES);
        const messages = outcome(sealFrame(kind, frame));
        if (typeof messages === 'string') {
          expect(messages).toBe('DATA_CORRUPT');
          return;
        }
        taken += 1;
        expect(encodeFrames(messages).flatMap((again) => decodeFrame(again))).toEqual(messages);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  test('with a sound checksum and a body that is cut are refused', () => {
    for (const sample of samples.map(frameOf)) {
      for (let length = FRAME_HEADER_BYTES; length < sample.length; length += 1) {
        const kind = sample[5] === 2 ? 'heartbeats' : 'messages';
        expect(outcome(sealFrame(kind, sample.slice(0, length)))).toBe('DATA_CORRUPT');
      }
    }
  });

  test('with a count beyond their bytes are refused before anything is made for it', () => {
    const writeHuge = frameOf({
      ...SAMPLE_MESSAGES.timeoutNow,
      kind: 'appendAccepted',
      index: Number.MAX_SAFE_INTEGER,
    });
    // The same bytes as an append whose previous entry ends where the count of entries begins.
    const body = writeHuge.slice(FRAME_HEADER_BYTES);
    const head = body.subarray(0, body.length - 8);
    const huge = Uint8Array.of(...head, 1, 1, 1, ...body.subarray(-8));
    huge[0] = 5;
    const frame = new Uint8Array(FRAME_HEADER_BYTES + huge.length);
    frame.set(huge, FRAME_HEADER_BYTES);
    expect(outcome(sealFrame('messages', frame))).toBe('DATA_CORRUPT');
  });
});
