import { beforeEach, describe, expect, test } from 'vitest';
import { EntryCache } from './entry-cache.ts';
import type { GroupRecord } from './group-record.ts';
import { newSummary } from './group-summary.ts';
import { LossLedger } from './loss-ledger.ts';
import { NO_GROUP, type RecordHeader } from './record-header.ts';

let ledger: LossLedger;

beforeEach(() => {
  ledger = new LossLedger(new EntryCache(0));
});

function header(group: number, sequence: number, previous: number, crc: number) {
  const found: RecordHeader = {
    kind: 'write',
    bodyBytes: 0,
    bodyCrc: 0,
    record: 1,
    batch: 1,
    isFirst: true,
    isLast: true,
    durable: 0,
    group,
    replica: 5,
    sequence,
    previous,
    before: NO_GROUP,
  };
  return { ...found, crc };
}

const CREATE: Omit<GroupRecord, 'entries' | 'kind' | 'group'> = {
  replica: 5,
  create: true,
  snapshot: undefined,
  hardState: undefined,
  compactTo: undefined,
  destroy: false,
};

/** Groups begin with a record whose header has the CRC 100 and their number. */
function begin(...groups: readonly number[]): void {
  for (const group of groups) {
    ledger.meet(header(group, 1, 0, 100 + group), 'here').log.apply(CREATE, undefined);
  }
}

/** The groups that are corrupt when nothing more comes. */
function corrupt(): readonly number[] {
  ledger.judge();
  return [...ledger.groups]
    .filter(([, { log }]) => log.state === 'corrupt')
    .map(([group]) => group);
}

describe('records that are missing', () => {
  test('are nobody’s when there are none', () => {
    begin(1, 2);
    ledger.meet(header(1, 2, 101, 7), 'here');
    expect(corrupt()).toEqual([]);
    expect(ledger.loss).toBeUndefined();
    expect(ledger.notes).toEqual([]);
  });

  test('are their group’s when its sequence has a gap', () => {
    begin(1, 2, 3);
    ledger.lose(2, undefined, 'a hole');
    ledger.meet(header(2, 4, 9, 8), 'here');
    expect(corrupt()).toEqual([2]);
    expect(ledger.loss).toBeUndefined();
  });

  test('are their group’s when its chain is another one', () => {
    begin(1, 2);
    ledger.meet(header(2, 2, 999, 8), 'here');
    // One record is not the one that was written: nobody knows what else is not.
    expect(corrupt()).toEqual([1, 2]);
  });

  test('are their group’s when the next record names it', () => {
    begin(1, 2, 3);
    ledger.lose(1, 3, 'a hole');
    expect(corrupt()).toEqual([3]);
  });

  test('are counted once, by the next record and by the sequence', () => {
    begin(1, 2, 3);
    ledger.lose(2, 3, 'a hole');
    ledger.meet(header(3, 3, 9, 8), 'here');
    // One of the two is not accounted for.
    expect(corrupt()).toEqual([1, 2, 3]);
  });

  test('are any group’s that has not been heard of since', () => {
    begin(1, 2, 3);
    ledger.lose(3, 1, 'a hole');
    ledger.meet(header(2, 2, 102, 8), 'here');
    expect(corrupt()).toEqual([1, 3]);
    expect(ledger.loss).toBe('a hole');
    expect(ledger.groups.get(3)?.log.damage).toBe('a hole');
  });

  test('are any group’s when nobody knows how many they are', () => {
    begin(1, 2);
    ledger.lose(Infinity, undefined, 'the end');
    ledger.meet(header(1, 5, 9, 8), 'here');
    expect(corrupt()).toEqual([1, 2]);
    expect(ledger.loss).toBe('the end');
  });

  test('may be those of a group that is not known', () => {
    begin(1);
    ledger.lose(1, 8, 'a hole');
    expect(corrupt()).toEqual([8]);
  });

  test('matter no more when a roll names the newest record of each group', () => {
    begin(1, 2);
    ledger.lose(4, undefined, 'a hole');
    const groups = [...ledger.groups.values()].map(({ log }) => ({ ...log.summary }));
    ledger.confirm({ groups, loss: undefined }, 'a head');
    expect(corrupt()).toEqual([]);
    expect(ledger.loss).toBeUndefined();
    expect(ledger.notes).toEqual(['a hole']);
  });

  test('matter no more when all that they held is superseded', () => {
    begin(1);
    ledger.lose(3, undefined, 'a hole');
    const later = { ...newSummary(1), state: 'open', replica: 5, sequence: 4, chain: 44 } as const;
    ledger.confirm({ groups: [{ ...later, lastIndex: 0 }], loss: undefined }, 'a head');
    expect(corrupt()).toEqual([]);
  });

  test('make a group corrupt whose entries they held', () => {
    begin(1);
    ledger.lose(3, undefined, 'a hole');
    const later = { ...newSummary(1), state: 'open', replica: 5, sequence: 4, chain: 44 } as const;
    ledger.confirm({ groups: [{ ...later, lastIndex: 2 }], loss: undefined }, 'a head');
    expect(corrupt()).toEqual([1]);
    expect(ledger.groups.get(1)?.log.damage).toMatch(/^entry 1 is missing; records of group 1/);
  });

  test('are forgotten by nobody: a group stays corrupt that a roll calls so', () => {
    begin(1);
    const groups = [
      { ...newSummary(1), state: 'corrupt', damage: 'long ago', sequence: 1 },
    ] as const;
    ledger.confirm({ groups: [{ ...groups[0], chain: 101 }], loss: 'long ago' }, 'a head');
    expect(corrupt()).toEqual([1]);
    expect(ledger.groups.get(1)?.log.damage).toBe('long ago');
    expect(ledger.loss).toBe('long ago');
  });

  test('show when a roll contradicts the records before it', () => {
    begin(1);
    const other = { ...newSummary(1), state: 'open', replica: 5, sequence: 1, chain: 101 } as const;
    ledger.confirm({ groups: [{ ...other, lastIndex: 3 }], loss: undefined }, 'a head');
    expect(corrupt()).toEqual([1]);
  });

  test('show when a roll does not know a group', () => {
    begin(1, 2);
    const [known] = [...ledger.groups.values()].map(({ log }) => ({ ...log.summary }));
    ledger.confirm({ groups: known === undefined ? [] : [known], loss: undefined }, 'a head');
    expect(corrupt()).toEqual([2]);
  });

  test('are a group’s whose record cannot be read', () => {
    begin(1, 2);
    ledger.loseBody(header(2, 2, 102, 5), 'there');
    ledger.meet(header(2, 3, 5, 6), 'here');
    expect(corrupt()).toEqual([2]);
    expect(ledger.groups.get(2)?.log.damage).toBe('the record at there is damaged');
  });

  test('do not matter when the group was created or destroyed anew behind them', () => {
    begin(1);
    ledger.lose(1, 1, 'a hole');
    const group = ledger.meet(header(1, 3, 55, 6), 'here');
    group.log.apply({ ...CREATE, create: false, destroy: true }, undefined);
    group.isKnown = true;
    expect(corrupt()).toEqual([]);
    expect(group.log.state).toBe('destroyed');
  });
});
