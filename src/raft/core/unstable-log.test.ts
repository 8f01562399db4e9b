import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configurationOf } from './configuration.ts';
import type { Entry, LogIndex, Term } from './entry.ts';
import { UnstableLog } from './unstable-log.ts';

const entry = (index: LogIndex, term: Term): Entry => ({
  index,
  term,
  kind: 'command',
  data: Uint8Array.of(term),
});
const run = (from: LogIndex, to: LogIndex, term: Term): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, place) => entry(from + place, term));
const ids = (entries: readonly Entry[]): string =>
  entries.map(({ index, term }) => `${index}@${term}`).join(' ');
const configuration = configurationOf([1]);

describe('entries', () => {
  test('are taken once, and gone from memory when they are durable', () => {
    const log = new UnstableLog(4);
    log.append(run(5, 7, 1));
    expect(ids(log.take(1).entries)).toBe('5@1 6@1 7@1');
    expect(log.hasNew).toBe(false);
    log.append([entry(8, 1)]);
    expect(ids(log.take(2).entries)).toBe('8@1');
    log.persisted(1);
    expect([log.offset, log.lastIndex, log.term(7), log.term(8)]).toEqual([8, 8, undefined, 1]);
    log.persisted(2);
    expect([log.offset, log.lastIndex]).toEqual([9, 8]);
  });

  test('of several Readys are acknowledged by the last number', () => {
    const log = new UnstableLog(0);
    for (const number of [1, 2, 3]) {
      log.append([entry(number, 1)]);
      log.take(number);
    }
    log.persisted(2);
    expect(log.offset).toBe(3);
  });

  test('that replace durable ones are not durable', () => {
    const log = new UnstableLog(9);
    log.append(run(6, 7, 2));
    expect([log.offset, log.lastIndex]).toEqual([6, 7]);
    expect(ids(log.take(1).entries)).toBe('6@2 7@2');
  });

  test('that were replaced while they were written do not become durable', () => {
    const log = new UnstableLog(0);
    log.append(run(1, 4, 1));
    log.take(1);
    log.append(run(3, 5, 2));
    log.persisted(1);
    expect([log.offset, log.lastIndex]).toEqual([3, 5]);
    expect(ids(log.take(2).entries)).toBe('3@2 4@2 5@2');
    log.persisted(2);
    expect(log.offset).toBe(6);
  });

  test('that came back after they were replaced are durable only by their last writing', () => {
    const log = new UnstableLog(0);
    log.append([entry(1, 1)]);
    log.take(1);
    log.append([entry(1, 2)]);
    log.take(2);
    log.append([entry(1, 1)]);
    log.take(3);
    log.persisted(1);
    expect(log.offset).toBe(1);
    log.persisted(2);
    expect(log.offset).toBe(1);
    log.persisted(3);
    expect(log.offset).toBe(2);
  });

  test('leave no holes', () => {
    const log = new UnstableLog(4);
    expect(() => log.append([entry(6, 1)])).toThrow('no holes');
    expect(() => log.entries(4, 5)).toThrow('that are there');
    expect(() => log.entries(5, 6)).toThrow('that are there');
    log.append([]);
    expect(log.lastIndex).toBe(4);
    expect(() => log.append([entry(5, 1), entry(7, 1)])).toThrow('follow each other');
  });
});

describe('a snapshot', () => {
  test('takes the place of all entries, is taken once, and counts until it is durable', () => {
    const log = new UnstableLog(4);
    log.append(run(5, 7, 1));
    log.take(1);
    log.append([entry(8, 1)]);
    log.restore({ index: 20, term: 3, configuration });
    expect([log.offset, log.lastIndex, log.term(20), log.hasNew]).toEqual([21, 20, 3, true]);
    expect(log.take(2)).toEqual({ entries: [], snapshot: { index: 20, term: 3, configuration } });
    expect(log.hasNew).toBe(false);
    log.persisted(1);
    expect([log.snapshot?.index, log.offset]).toEqual([20, 21]);
    log.persisted(2);
    expect([log.snapshot, log.term(20), log.offset]).toEqual([undefined, undefined, 21]);
  });

  test('is followed by entries in the same Ready or a later one', () => {
    const log = new UnstableLog(4);
    log.restore({ index: 20, term: 3, configuration });
    log.append([entry(21, 3)]);
    expect(log.take(1)).toMatchObject({ entries: [{ index: 21 }], snapshot: { index: 20 } });
    log.append([entry(22, 3)]);
    log.take(2);
    log.persisted(1);
    expect(log.offset).toBe(22);
    log.persisted(2);
    expect(log.offset).toBe(23);
  });

  test('of an index within durable entries makes the log shorter', () => {
    const log = new UnstableLog(30);
    log.restore({ index: 20, term: 3, configuration });
    expect([log.offset, log.lastIndex]).toEqual([21, 20]);
  });

  test('comes alone, and is never replaced by entries', () => {
    const log = new UnstableLog(4);
    log.restore({ index: 20, term: 3, configuration });
    expect(() => log.append([entry(20, 3)])).toThrow('never replaced');
    expect(() => log.restore({ index: 21, term: 3, configuration })).toThrow('one snapshot');
  });
});

/** What disk and memory hold, each index with its term; and the writes that are under way. */
interface Model {
  readonly disk: Map<LogIndex, Term>;
  readonly memory: Map<LogIndex, Term>;
  readonly writes: { number: number; entries: readonly Entry[] }[];
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ back: fc.nat(4), length: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.constant('take' as const) },
  { weight: 2, arbitrary: fc.record({ persist: fc.nat(2) }) },
);

test('what is said to be durable is on the disk, also later, whatever is replaced meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const log = new UnstableLog(0);
      const model: Model = { disk: new Map(), memory: new Map(), writes: [] };
      let number = 0;
      let term = 0;
      for (const each of steps) {
        if (each === 'take') {
          number += 1;
          model.writes.push({ number, entries: log.take(number).entries });
        } else if ('persist' in each) {
          persist(log, model, each.persist);
        } else {
          // Terms repeat, so that entries come back with the id that they once had.
          term = (term % 3) + 1;
          const from = Math.max(1, log.lastIndex + 1 - each.back);
          log.append(run(from, from + each.length - 1, term));
          replace(model.memory, run(from, from + each.length - 1, term));
        }
        for (let index = 1; index < log.offset; index += 1) {
          expect(model.disk.get(index)).toBe(model.memory.get(index));
        }
        expect(log.lastIndex).toBe(model.memory.size);
        const rest = log.entries(log.offset, log.lastIndex + 1);
        for (const { index, term: own } of rest) expect(own).toBe(model.memory.get(index));
      }
      persistAll(log, model, number);
    }),
  );
});

function persist(log: UnstableLog, model: Model, last: number): void {
  const done = model.writes.splice(0, last + 1);
  for (const { entries } of done) replace(model.disk, entries);
  const number = done.at(-1)?.number;
  if (number !== undefined) log.persisted(number);
}

function persistAll(log: UnstableLog, model: Model, number: number): void {
  model.writes.push({ number: number + 1, entries: log.take(number + 1).entries });
  persist(log, model, model.writes.length);
  expect(log.offset).toBe(log.lastIndex + 1);
  expect(model.disk).toEqual(model.memory);
}

function replace(log: Map<LogIndex, Term>, entries: readonly Entry[]): void {
  const first = entries[0]?.index ?? Infinity;
  for (const index of log.keys()) if (index >= first) log.delete(index);
  for (const { index, term } of entries) log.set(index, term);
}
