import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeAnswer, encodeRest, decodeAnswer, decodeRest } from './call-codec.ts';
import { openFrame } from './frame-codec.ts';
import { PartAssembler } from './part-assembler.ts';
import { PART_BYTES, PartWriter } from './part-writer.ts';

const zeros = (length: number): Uint8Array => new Uint8Array(length);

describe('parts', () => {
  test('have room again when what was announced is complete, or dropped', () => {
    const parts = new PartAssembler<string>(10_000);
    expect(parts.begin(1, 6000, zeros(3000), 'one')).toBeUndefined();
    expect(parts.begin(2, 6000, zeros(3000), 'two')).toBe('full');
    expect(parts.begin(3, 4000, zeros(3000), 'three')).toBeUndefined();
    expect(parts.add(1, zeros(3000))).toMatchObject({ about: 'one' });
    expect(parts.begin(4, 6000, zeros(3000), 'four')).toBeUndefined();
    expect(parts.begin(5, 2001, zeros(1500), 'five')).toBe('full');
    expect(parts.drop(4)).toBe(true);
    expect(parts.begin(5, 6000, zeros(3000), 'five')).toBeUndefined();
    expect(parts.add(4, zeros(3000))).toBeUndefined();
  });

  test('of anything that is sent, taken back and given up in any order come together as they were', () => {
    const sizes = fc.oneof(
      fc.nat({ max: 50 }),
      fc.integer({ min: PART_BYTES - 2, max: 3 * PART_BYTES + 2 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.boolean()), { maxLength: 8 }), (items) => {
        const got = new Map<number, Uint8Array>();
        const parts = new PartAssembler<undefined>(1e9);
        let isWritable = false;
        const writer = new PartWriter({
          isWritable: () => isWritable,
          write: (frames) => {
            // As a connection that takes one write at a time.
            isWritable = false;
            for (const frame of frames) {
              const { kind, body } = openFrame(frame);
              const begin = kind === 'answer' ? decodeAnswer(body) : undefined;
              const { number, data } = begin ?? decodeRest(body);
              const whole =
                begin === undefined
                  ? parts.add(number, data)
                  : parts.begin(number, begin.total, data, undefined);
              if (typeof whole === 'object') got.set(number, whole.bytes);
            }
          },
          rest: (number, data) => encodeRest('answerRest', { number, data }),
          onSent: () => {},
        });
        for (const [number, [size]] of items.entries()) {
          writer.push(number, zeros(size).fill(number + 1), (data) =>
            encodeAnswer({ number, total: size, data }),
          );
        }
        isWritable = true;
        writer.flush();
        const taken = new Set<number>();
        for (const [number, [, isGivenUp]] of items.entries()) {
          if (isGivenUp && writer.take(number) !== undefined) taken.add(number);
        }
        for (let turn = 0; turn < 100 && writer.waiting > 0; turn += 1) {
          isWritable = true;
          writer.flush();
        }
        expect(writer.waitingBytes).toBe(0);
        for (const [number, [size]] of items.entries()) {
          expect(got.has(number)).toBe(!taken.has(number));
          const bytes = got.get(number);
          if (bytes === undefined) continue;
          expect(Buffer.compare(bytes, zeros(size).fill(number + 1))).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
