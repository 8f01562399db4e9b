import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { decodeManifest, encodeManifest, type Manifest } from './segment-manifest.ts';

const manifest: Manifest = {
  collection: 7,
  nextId: 12,
  watermarks: new Map([
    [0, 1_000],
    [15, 3],
  ]),
  segments: [
    {
      id: 9,
      rows: 40,
      files: [{ name: 'points.bin', bytes: 1_234, crc32: 0xdead_beef }],
      columns: {
        '': { dimension: 4, count: 40, graph: { file: 'graph-0', encoding: { scale: 2.5 } } },
        image: { dimension: 8, count: 0 },
      },
      fields: { 'a.b': 'field-keyword-00000001.idx' },
      tombstones: Uint32Array.of(0x8000_0001, 0x80),
    },
  ],
};

describe('the manifest of an index', () => {
  test('what was encoded is decoded', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  test('its bytes do not change from release to release', () => {
    const bytes = Buffer.from(encodeManifest(manifest));
    expect(bytes.toString('hex', 0, 24)).toBe(GOLDEN.header);
    expect(bytes.toString('hex', bytes.length - 8)).toBe('0100008080000000');
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(GOLDEN.sha256);
  });

  test('every changed bit is noticed', () => {
    const bytes = encodeManifest(manifest);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes);
      changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeManifest(changed)).toThrow(/damaged/);
    }
  });

  test('every lost byte at the end is noticed', () => {
    const bytes = encodeManifest(manifest);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeManifest(bytes.subarray(0, length))).toThrow(/damaged/);
    }
  });

  test('a newer version is refused and not taken for damage', () => {
    const bytes = Buffer.from(encodeManifest(manifest));
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(24), crc32(bytes.subarray(0, 20))), 20);
    expect(() => decodeManifest(bytes)).toThrow(/version 2; this server reads version 1/);
  });
});

/** Of the manifest above, version 1. */
const GOLDEN = {
  header: '4752415045494458010000004901000051010000a34a266e',
  sha256: 'db9e0b698aa8dc58473eb3bcdb38bae3283831f8753a3f86a09dfc833c8ecc9c',
};
