import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import {
  FORMAT_KEY,
  STATE_KEY,
  countKey,
  droppedKey,
  hostKey,
  hostKeyText,
  journalIndexOf,
  journalKey,
} from './keyspace.ts';
import {
  decodeCount,
  decodeDropped,
  decodeFormat,
  decodeHostRow,
  decodeJournalRow,
  decodeState,
  encodeCount,
  encodeDropped,
  encodeFormat,
  encodeHostRow,
  encodeJournalRow,
  encodeState,
} from './shard-rows.ts';

const key = (id: number | string): Uint8Array => new Uint8Array(encodePointId(id, 'id', 512));
const format = { shard: 3, shardCount: 16, lineage: 0xa1b2_c3d4_e5f6 };
const state = { appliedIndex: 0x1_0000_0002, appliedTerm: 9, journalStart: 5, epoch: 4 };
const host = hostKey('session/é');
const journal = { index: 0x1_0000_0002, collection: 7, keys: [key(1), key('doc-1')] };

describe("a shard store's rows", () => {
  test('have the bytes that docs/formats/shard-store.md describes', () => {
    const hex = (...parts: Uint8Array[]): string =>
      parts.map((part) => Buffer.from(part).toString('hex')).join(' = ');
    const golden: unknown = JSON.parse(
      readFileSync(new URL('../../test/golden/shard-rows-v2.json', import.meta.url), 'utf8'),
    );
    expect({
      format: hex(FORMAT_KEY, encodeFormat(format)),
      state: hex(STATE_KEY, encodeState(state)),
      count: hex(countKey(7), encodeCount(7, 1_000)),
      dropped: hex(droppedKey(8), encodeDropped(8, true)),
      host: hex(host, encodeHostRow(host, Uint8Array.of(1, 2, 3))),
      journal: hex(journalKey(journal.index), encodeJournalRow(journal)),
    }).toEqual(golden);
  });

  test('come back as they were', () => {
    expect(decodeFormat(encodeFormat(format), 3)).toEqual(format);
    expect(decodeState(encodeState(state), 3)).toEqual(state);
    expect(decodeCount(encodeCount(7, 2 ** 52), 3, 7)).toBe(2 ** 52);
    expect(decodeDropped(encodeDropped(8, false), 3, 8)).toBe(false);
    expect(decodeDropped(encodeDropped(8, true), 3, 8)).toBe(true);
    expect(decodeHostRow(encodeHostRow(host, Uint8Array.of(7)), 3, host)).toEqual(Uint8Array.of(7));
    expect(hostKeyText(host)).toBe('session/é');
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
    expect(() => decodeDropped(encodeDropped(8, true), 3, 9)).toThrow('is damaged');
    expect(() => decodeHostRow(encodeHostRow(host, Uint8Array.of(7)), 3, hostKey('b'))).toThrow(
      'row b of the host in shard 3 is damaged',
    );
  });

  test('of log indexes sort by index', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(Math.sign(Buffer.compare(journalKey(a), journalKey(b)))).toBe(Math.sign(a - b));
      }),
    );
  });
});
