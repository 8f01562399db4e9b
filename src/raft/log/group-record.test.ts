import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntryKind } from '../core/entry.ts';
import {
  decodeEntries,
  decodeGroupRecord,
  encodeGroupRecord,
  type GroupRecord,
  groupRecordBytes,
} from './group-record.ts';
import { newSummary } from './group-summary.ts';
import { decodeRoll, encodeRoll } from './roll.ts';

const number = fc.maxSafeNat();
const id = fc.record({ index: fc.nat(2 ** 40), term: number });
const record: fc.Arbitrary<GroupRecord> = fc
  .record({
    create: fc.boolean(),
    snapshot: fc.option(fc.record({ last: id, generation: number, keepsTail: fc.boolean() }), {
      nil: undefined,
    }),
    hardState: fc.option(fc.record({ term: number, vote: number, commit: number }), {
      nil: undefined,
    }),
    compactTo: fc.option(id, { nil: undefined }),
    destroy: fc.boolean(),
    first: id,
    data: fc.array(
      fc.tuple(
        fc.constantFrom<EntryKind>('command', 'configuration', 'empty'),
        fc.uint8Array({ maxLength: 40 }),
      ),
      { maxLength: 5 },
    ),
  })
  .map(({ first, data, ...parts }) => ({
    ...parts,
    kind: 'write',
    group: 1,
    replica: 2,
    entries: data.map(([kind, bytes], place) => ({
      term: first.term,
      index: first.index + place,
      kind,
      data: bytes,
    })),
  }));

function encode(from: GroupRecord): Uint8Array {
  const bytes = new Uint8Array(groupRecordBytes(from));
  encodeGroupRecord(from, bytes, new DataView(bytes.buffer), 0);
  return bytes;
}

test('a record is read back as it was written', () => {
  fc.assert(
    fc.property(record, (written) => {
      const body = encode(written);
      const { create, snapshot, hardState, compactTo, destroy, entries } = written;
      const [first] = entries;
      const table = first && { first: first.index, term: first.term, count: entries.length };
      expect(decodeGroupRecord(body)).toEqual({
        ...{ create, snapshot, hardState, compactTo, destroy },
        table,
      });
      if (first !== undefined) expect(decodeEntries(body)).toEqual(entries);
    }),
  );
});

test('a record that is cut off, or longer than it should be, is none', () => {
  fc.assert(
    fc.property(record, fc.nat(), (written, at) => {
      const body = encode(written);
      expect(decodeGroupRecord(body.subarray(0, at % body.length))).toBeUndefined();
      expect(decodeGroupRecord(Uint8Array.of(...body, 0))).toBeUndefined();
    }),
  );
});

test('any bytes at all are a record or a roll, or are not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => [decodeGroupRecord(bytes), decodeRoll(bytes)]).not.toThrow();
    }),
  );
});

test('a roll is read back as it was written', () => {
  const groups = [
    { ...newSummary(0), state: 'open', replica: 9, lastIndex: 4, sequence: 2, chain: 7 },
    { ...newSummary(5), state: 'corrupt', damage: 'entry 3 is missing', sequence: 9 },
    { ...newSummary(2 ** 32 - 2), replica: Number.MAX_SAFE_INTEGER, generation: 8 },
  ] as const;
  for (const loss of [undefined, 'a file is gone']) {
    expect(decodeRoll(encodeRoll({ groups, loss }))).toEqual({ groups, loss });
  }
});
