import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { META_FILE, readSegmentMeta, type SegmentMeta, writeSegmentMeta } from './segment-meta.ts';

const shared = (numbers: Float64Array | Uint32Array | Uint16Array): SharedArrayBuffer => {
  const memory = new SharedArrayBuffer(numbers.byteLength);
  new Uint8Array(memory).set(new Uint8Array(numbers.buffer));
  return memory;
};
const bytesOf = (meta: SegmentMeta): unknown => [
  meta.rows,
  ...[meta.versions, meta.offsets, meta.keys, meta.shards, ...meta.present].map((memory) =>
    Buffer.from(memory).toString('hex'),
  ),
];

const meta: SegmentMeta = {
  rows: 3,
  versions: shared(Float64Array.of(1, 2, 3)),
  offsets: shared(Float64Array.of(0, 9, 12, 21, 21, 30, 41)),
  keys: shared(Uint32Array.of(0, 0, 0xcafe, 1, 0xbabe, 2, 0xf00d, 3)),
  shards: shared(Uint16Array.of(0, 15, 7)),
  present: [shared(Uint32Array.of(0b101))],
};

test('what is known of rows has the bytes that docs/formats/segment.md describes', async () => {
  await using folder = await temporaryFolder();
  const file = new URL('../../../test/golden/segment-meta-v1.hex', import.meta.url);
  const golden = readFileSync(file, 'utf8').trim();
  const { bytes } = writeSegmentMeta(folder.path, meta);
  const written = readFileSync(join(folder.path, META_FILE));
  expect(written.toString('hex')).toBe(golden);
  expect(bytes).toBe(written.length);
  const read = readSegmentMeta(folder.path);
  expect(read && bytesOf(read)).toEqual(bytesOf(meta));
});
