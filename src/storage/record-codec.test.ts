import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import { recordKey } from './keyspace.ts';
import type { PointRecord } from './point-record.ts';
import { decodePayload, decodeRecord, encodeRecord } from './record-codec.ts';

const key = recordKey(7, encodePointId('point-1', 'id', 512));
const small: PointRecord = {
  version: 0x1_2345_6789,
  vectors: { '': Float32Array.of(1, -0.5, 3.25), title: Float32Array.of(0.1) },
  payload: new Uint8Array(Buffer.from('{"a":1}')),
};

const anyRecord: fc.Arbitrary<PointRecord> = fc.record({
  version: fc.maxSafeNat(),
  vectors: fc
    .uniqueArray(
      fc.tuple(
        fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('__proto__')),
        fc.float32Array({ maxLength: 20, noNaN: true }),
      ),
      { selector: ([name]) => name, maxLength: 4 },
    )
    .map((vectors) => Object.fromEntries(vectors)),
  payload: fc.uint8Array({ maxLength: 50 }),
});

describe('records', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(decodeRecord(3, key, encodeRecord(key, record))).toEqual(record);
      }),
    );
  });

  test('come back from memory of any alignment', () => {
    const row = encodeRecord(key, small);
    for (let offset = 0; offset < 5; offset += 1) {
      const memory = new Uint8Array(row.length + 8);
      memory.set(row, offset);
      const moved = memory.subarray(offset, offset + row.length);
      expect(decodeRecord(3, key, moved)).toEqual(small);
    }
  });

  test('have the same bytes whatever the order of their vectors', () => {
    const { '': unnamed, title } = small.vectors;
    const turned = { ...small, vectors: { title, '': unnamed } as PointRecord['vectors'] };
    expect(encodeRecord(key, turned)).toEqual(encodeRecord(key, small));
  });

  test('give only what is asked of them', () => {
    const row = encodeRecord(key, small);
    expect(decodePayload(3, key, row)).toEqual(small.payload);
    const selection = { vectors: ['title', 'unknown'], payload: false };
    expect(decodeRecord(3, key, row, selection)).toEqual({
      version: small.version,
      vectors: { title: small.vectors['title'] },
      payload: new Uint8Array(0),
    });
  });

  test('notice every single flipped bit, in themselves and in their key', () => {
    const row = encodeRecord(key, small);
    for (let bit = 0; bit < (row.length + key.length) * 8; bit += 1) {
      const [badKey, badRow] = [Uint8Array.from(key), Uint8Array.from(row)];
      const [target, at] =
        bit < row.length * 8 ? [badRow, bit] : ([badKey, bit - row.length * 8] as const);
      target[at >> 3] = (target[at >> 3] as number) ^ (1 << (at & 7));
      expect(() => decodeRecord(3, badKey, badRow), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: 'DATA_CORRUPT' }),
      );
    }
  });

  test('notice that they are cut short or too long, and name shard and id', () => {
    const row = encodeRecord(key, small);
    for (let length = 0; length < row.length; length += 1) {
      expect(() => decodeRecord(3, key, row.subarray(0, length))).toThrow(
        'point "point-1" of shard 3 is damaged',
      );
    }
    expect(() => decodeRecord(3, key, Buffer.concat([row, Buffer.alloc(1)]))).toThrow('damaged');
  });

  test('have the bytes that docs/formats/shard-store.md describes', () => {
    const golden = readFileSync(
      new URL('../../test/golden/point-record-v1.hex', import.meta.url),
      'utf8',
    );
    expect(encodeRecord(key, small).toString('hex')).toBe(golden.trim());
    expect(decodeRecord(3, key, Buffer.from(golden.trim(), 'hex'))).toEqual(small);
  });
});
