import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_HEADER_BYTES, type Frame, type FrameFault, sealFrame } from './frame-codec.ts';
import { FrameReader } from './frame-reader.ts';

const frame = (body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return sealFrame('messages', bytes);
};

/** Everything that comes out when the pieces go in. */
function readAll(reader: FrameReader, pieces: readonly Uint8Array[]): (Frame | FrameFault)[] {
  const all: (Frame | FrameFault)[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      all.push(next);
      if (typeof next === 'string') return all;
    }
  }
  return all;
}

const reader = (limit = 10_000): FrameReader => new FrameReader(() => limit);

describe('a frame reader', () => {
  test('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 40 }),
        (bodies, cuts) => {
          const stream = Buffer.concat(bodies.map(frame));
          const pieces: Uint8Array[] = [];
          let at = 0;
          for (let turn = 0; at < stream.length; turn += 1) {
            // A row of empty pieces would never come to the end.
            const length = (cuts[turn % cuts.length] ?? 0) + (turn % cuts.length === 0 ? 1 : 0);
            pieces.push(stream.subarray(at, at + length));
            at += length;
          }
          expect(readAll(reader(), pieces)).toEqual(
            bodies.map((body) => ({ kind: 'messages', body })),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('gives a view where a frame lies in one piece', () => {
    const piece = Buffer.concat([frame(Uint8Array.of(1, 2)), frame(Uint8Array.of(3))]);
    const frames = readAll(reader(), [piece]);
    expect(frames).toHaveLength(2);
    for (const each of frames) {
      expect(typeof each === 'object' && each.body.buffer === piece.buffer).toBe(true);
    }
  });

  test('keeps frames that it gave as they are when the next ones come', () => {
    const stream = Buffer.concat([frame(new Uint8Array(300).fill(1)), frame(new Uint8Array(300))]);
    const pieces = Array.from({ length: stream.length }, (_, at) => stream.subarray(at, at + 1));
    const [first] = readAll(reader(), pieces);
    expect(first).toMatchObject({ body: new Uint8Array(300).fill(1) });
  });

  test('notices every flipped bit, at the latest at the end of the frame', () => {
    const sound = frame(Uint8Array.of(1, 2, 3));
    const follows = frame(new Uint8Array(5));
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const damaged = sound.slice();
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      const found = readAll(reader(), [damaged, follows]);
      expect(found).toHaveLength(1);
      expect(['magic', 'version', 'header', 'body']).toContain(found[0]);
    }
  });

  test('refuses a length above the limit from the header alone', () => {
    const header = frame(new Uint8Array(101)).subarray(0, FRAME_HEADER_BYTES);
    expect(readAll(reader(101), [header])).toEqual([]);
    expect(readAll(reader(100), [header])).toEqual(['length']);
  });

  test.each([
    ['kind', 5, 99],
    ['header', 6, 1],
  ])('refuses a sound header whose %s this version does not know', (fault, at, value) => {
    const unknown = frame(Uint8Array.of(1));
    unknown[at] = value;
    new DataView(unknown.buffer).setUint32(16, crc32(unknown.subarray(0, 16)), true);
    expect(readAll(reader(), [unknown])).toEqual([fault]);
  });

  test('asks for the limit at each header', () => {
    let limit = 1;
    const changing = new FrameReader(() => limit);
    expect(readAll(changing, [frame(new Uint8Array(1))])).toHaveLength(1);
    limit = 2;
    expect(readAll(changing, [frame(new Uint8Array(2))])).toMatchObject([{ kind: 'messages' }]);
    expect(readAll(changing, [frame(new Uint8Array(3))])).toEqual(['length']);
  });

  test('stays broken', () => {
    const broken = reader();
    expect(readAll(broken, [Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')])).toEqual(['magic']);
    expect(readAll(broken, [frame(new Uint8Array(1))])).toEqual(['magic']);
  });

  test('makes no room for what has not come', () => {
    const large = frame(new Uint8Array(50 * 2 ** 20)).subarray(0, FRAME_HEADER_BYTES + 10);
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 20 }, () => {
      const each = reader(64 * 2 ** 20);
      expect(readAll(each, [large])).toEqual([]);
      return each;
    });
    const room = process.memoryUsage().arrayBuffers - before;
    expect(readers).toHaveLength(20);
    expect(room).toBeLessThan(20 * 2 ** 20);
  });
});
