import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { decodeManifest, encodeManifest, type Manifest } from './segment-manifest.ts';

const manifest: Manifest = {
  collection: 7,
  nextId: 12,
  watermarks: new Map([
    [0, { index: 1_000, lineage: 0xfedc_ba98_7654 }],
    [15, { index: 3, lineage: 0 }],
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

/** The manifest above, as that version writes it. */
function golden(version: number): Buffer {
  const file = new URL(`../../../test/golden/index-manifest-v${version}.hex`, import.meta.url);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}

describe('the manifest of an index', () => {
  test('what was encoded is decoded', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  test('its bytes do not change from release to release', () => {
    expect(Buffer.from(encodeManifest(manifest)).toString('hex')).toBe(golden(2).toString('hex'));
  });

  test('one of version 1 is read, of stores that had no lineage', () => {
    const watermarks = new Map(
      [...manifest.watermarks].map(([shard, { index }]) => [shard, { index, lineage: 0 }]),
    );
    expect(decodeManifest(golden(1))).toEqual({ ...manifest, watermarks });
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
    bytes.writeUInt32LE(3, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(24), crc32(bytes.subarray(0, 20))), 20);
    expect(() => decodeManifest(bytes)).toThrow(/version 3; this server reads versions 1 to 2/);
  });
});
