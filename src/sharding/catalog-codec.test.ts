import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROW_HEADER_BYTES, sealRow } from '../storage/row-frame.ts';
import { CATALOG_KEY, CatalogCodec } from './catalog-codec.ts';
import { type CatalogState, EMPTY_CATALOG } from './catalog-state.ts';

const codec = new CatalogCodec();
const schema = (number: number, name: string) => ({
  number,
  name,
  vectors: {
    '': {
      dimension: 768,
      distance: 'cosine' as const,
      quantization: 'binary' as const,
      m: 16,
      efConstruction: 200,
      efSearch: 64,
    },
  },
  payloadIndexes: { 'a.b': { kind: 'text' as const, lowercase: true } },
});
const state: CatalogState = {
  version: 12,
  nextNumber: 4,
  collections: new Map([['docs', schema(2, 'docs')]]),
  aliases: new Map([['current', 'docs']]),
  dropping: new Map([[1, schema(1, 'docs')]]),
};

test('a catalog has the bytes that docs/formats/catalog.md describes', () => {
  const file = new URL('../../test/golden/catalog-v1.hex', import.meta.url);
  const golden = readFileSync(file, 'utf8').trim();
  expect(codec.encode(state).toString('hex')).toBe(golden);
  expect(codec.decode(Buffer.from(golden, 'hex'))).toEqual(state);
  expect(codec.decode(codec.encode(EMPTY_CATALOG))).toEqual(EMPTY_CATALOG);
});

test('damaged bytes are refused, also where the checksum holds', () => {
  const row = codec.encode(state);
  for (let bit = 0; bit < row.length * 8; bit += 7) {
    const bad = Buffer.from(row);
    bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => codec.decode(bad)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
      const forged = sealRow(CATALOG_KEY, Buffer.concat([Buffer.alloc(ROW_HEADER_BYTES), body]));
      expect(() => codec.decode(forged)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
    }),
  );
});
