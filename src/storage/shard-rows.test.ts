import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import { FORMAT_KEY, STATE_KEY, countKey, journalIndexOf, journalKey } from './keyspace.ts';
import {
  decodeCount,
  decodeFormat,
  decodeJournalRow,
  decodeState,
  encodeCount,
  encodeFormat,
  encodeJournalRow,
  encodeState,
} from './shard-rows.ts';

const key = (id: number | string): Uint8Array => new Uint8Array(encodePointId(id, 'id', 512));
const format = { shard: 3, shardCount: 16 };
const state = { appliedIndex: 0x1_0000_0002, journalStart: 5 };
const journal = { index: 0x1_0000_0002, collection: 7, keys: [key(1), key('doc-1')] };

describe("a shard store's rows", () => {
  test('have the bytes that docs/formats/shard-store.md describes', () => {
    const hex = (...parts: Uint8Array[]): string =>
      parts.map((part) => Buffer.from(part).toString('hex')).join(' = ');
    const golden: unknown = JSON.parse(
      readFileSync(new URL('../../test/golden/shard-rows-v1.json', import.meta.url), 'utf8'),
    );
    expect({
      format: hex(FORMAT_KEY, encodeFormat(format)),
      state: hex(STATE_KEY, encodeState(state)),
      count: hex(countKey(7), encodeCount(7, 1_000)),
      journal: hex(journalKey(journal.index), encodeJournalRow(journal)),
    }).toEqual(golden);
  });

  test('come back as they were', () => {
    expect(decodeFormat(encodeFormat(format), 3)).toEqual(format);
    expect(decodeState(encodeState(state), 3)).toEqual(state);
    expect(decodeCount(encodeCount(7, 2 ** 52), 3, 7)).toBe(2 ** 52);
    const empty = { index: 1, collection: 0, keys: [] };
    expect(decodeJournalRow(encodeJournalRow(empty), 3, 1)).toEqual(empty);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(fc.uint8Array({ maxLength: 30 })), (index, keys) => {
        const row = { index, collection: 9, keys };
        expect(decodeJournalRow(encodeJournalRow(row), 3, index)).toEqual(row);
        expect(journalIndexOf(journalKey(index))).toBe(index);
      }),
    );
  });

  test('notice damage, a cut, and a wrong key', () => {
    const row = encodeJournalRow(journal);
    for (let bit = 0; bit < row.length * 8; bit += 1) {
      const bad = Uint8Array.from(row);
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeJournalRow(bad, 3, journal.index)).toThrow('is damaged');
    }
    for (let length = 0; length < row.length; length += 1) {
      expect(() => decodeJournalRow(row.subarray(0, length), 3, journal.index)).toThrow(
        'is damaged',
      );
    }
    expect(() => decodeJournalRow(row, 3, journal.index + 1)).toThrow('journal row 4294967299');
    expect(() => decodeCount(encodeCount(7, 1), 3, 8)).toThrow('is damaged');
    expect(() => decodeState(encodeFormat(format), 3)).toThrow('is damaged');
  });

  test('of log indexes sort by index', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(Math.sign(Buffer.compare(journalKey(a), journalKey(b)))).toBe(Math.sign(a - b));
      }),
    );
  });
});
