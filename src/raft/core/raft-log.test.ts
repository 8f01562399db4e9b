import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CoreLog } from '../../../test/support/raft/core-log.ts';
import { configurationOf } from './configuration.ts';
import type { Entry, EntryKind, LogIndex, Term } from './entry.ts';
import { RaftLog } from './raft-log.ts';

const MAX = 1 << 20;
const configuration = configurationOf([1]);
const entry = (index: LogIndex, term: Term, bytes = 1, kind: EntryKind = 'command'): Entry => ({
  index,
  term,
  kind,
  data: new Uint8Array(bytes),
});
/** Entries from 1 on with these terms. */
const entriesOf = (...terms: readonly Term[]): Entry[] =>
  terms.map((term, place) => entry(place + 1, term));
const indexes = (entries: readonly Entry[]): readonly LogIndex[] =>
  entries.map(({ index }) => index);

function durable(terms: readonly Term[], commit = 0): CoreLog {
  const disk = new CoreLog(configuration);
  disk.write({
    entries: entriesOf(...terms),
    snapshot: undefined,
    hardState: { term: terms.at(-1) ?? 0, vote: 0, commit },
  });
  return disk;
}

/** A log whose entries with `terms` are durable, up to `commit` committed. */
function logOf(terms: readonly Term[], commit = 0, applyingBytesMax = MAX): RaftLog {
  return new RaftLog(durable(terms, commit), 0, applyingBytesMax);
}

describe('when it is opened', () => {
  test('what is applied is committed, even if the commit index was lost', () => {
    const log = new RaftLog(durable([1, 1, 1], 1), 2, MAX);
    expect([log.commit, log.applied, log.handedOut]).toEqual([2, 2, 2]);
  });

  test('state and log have to fit', () => {
    expect(() => new RaftLog(durable([1]), 2, MAX)).toThrow('not ahead of its log');
    expect(() => new RaftLog(durable([1], 2), 0, MAX)).toThrow('committed here is in the log');
    const disk = durable([1, 1, 1]);
    disk.compactTo(2);
    expect(() => new RaftLog(disk, 1, MAX)).toThrow('begins where the state ends');
  });
});

describe('a follower takes entries', () => {
  test('that follow what it has, and leaves those alone that it has', () => {
    const log = logOf([1, 1, 2]);
    expect(log.follow({ term: 1, index: 1 }, [entry(2, 1)])).toBe(2);
    expect(log.lastIndex).toBe(3);
    expect(log.follow({ term: 2, index: 3 }, [entry(4, 2), entry(5, 2)])).toBe(5);
    expect(log.last).toEqual({ term: 2, index: 5 });
  });

  test('and drops its own from the first one that differs', () => {
    const log = logOf([1, 1, 2, 2, 2]);
    const sent = [entry(2, 1), entry(3, 3)];
    expect(log.follow({ term: 1, index: 1 }, sent)).toBe(3);
    expect(log.last).toEqual({ term: 3, index: 3 });
    expect([log.durableIndex, log.term(2)]).toEqual([2, 1]);
  });

  test('but none that do not follow', () => {
    const log = logOf([1, 1]);
    expect(log.follow({ term: 1, index: 3 }, [entry(4, 1)])).toBeUndefined();
    expect(log.follow({ term: 2, index: 2 }, [entry(3, 2)])).toBeUndefined();
    expect(log.lastIndex).toBe(2);
  });

  test('and never others in the place of committed ones', () => {
    const log = logOf([1, 1], 2);
    expect(() => log.follow({ term: 1, index: 1 }, [entry(2, 2)])).toThrow('never replaced');
  });
});

test('a log that ends later, or is longer in the same term, is up to date', () => {
  const log = logOf([1, 1, 2]);
  const upToDate = (term: Term, index: LogIndex) => log.isUpToDate({ term, index });
  expect([upToDate(2, 3), upToDate(2, 4), upToDate(3, 1)]).toEqual([true, true, true]);
  expect([upToDate(2, 2), upToDate(1, 9), upToDate(0, 0)]).toEqual([false, false, false]);
});

describe('where logs may agree', () => {
  test.each([
    [5, 9, 9],
    [5, 30, 9],
    [2, 9, 5],
    [3, 9, 7],
    [2, 4, 4],
    [1, 9, 2],
    [0, 9, 0],
  ])('a place of term %d at %d: %d', (term, index, expected) => {
    expect(logOf([1, 1, 2, 2, 2, 3, 3, 5, 5]).agreement({ term, index })).toBe(expected);
  });

  test('is before everything that a compacted log knows, if it must be', () => {
    const disk = durable([1, 1, 2, 2, 2, 3]);
    disk.compactTo(4);
    const log = new RaftLog(disk, 4, MAX);
    expect(log.agreement({ term: 2, index: 6 })).toBe(5);
    expect(log.agreement({ term: 1, index: 6 })).toBe(3);
    expect(log.agreement({ term: 1, index: 2 })).toBe(2);
  });
});

describe('entries are read', () => {
  test('across what is durable and what is not', () => {
    const log = logOf([1, 1, 1]);
    log.append([entry(4, 1), entry(5, 1)]);
    expect(indexes(log.entries(2, 6, MAX))).toEqual([2, 3, 4, 5]);
    expect(indexes(log.entries(1, 3, MAX))).toEqual([1, 2]);
    expect(indexes(log.entries(4, 5, MAX))).toEqual([4]);
  });

  test('within a bound of bytes, but one at least', () => {
    const log = logOf([1, 1, 1]);
    log.append([entry(4, 1), entry(5, 1, 100)]);
    expect(indexes(log.entries(2, 6, 2))).toEqual([2, 3]);
    expect(indexes(log.entries(2, 6, 3))).toEqual([2, 3, 4]);
    expect(indexes(log.entries(3, 6, 50))).toEqual([3, 4]);
    expect(indexes(log.entries(5, 6, 50))).toEqual([5]);
    expect(indexes(log.entries(3, 6, 0))).toEqual([3]);
  });

  test('only where there are any', () => {
    const disk = durable([1, 1, 1]);
    disk.compactTo(1);
    const log = new RaftLog(disk, 1, MAX);
    expect(() => log.entries(1, 2, MAX)).toThrow('not compacted away');
    expect([log.term(0), log.term(1), log.term(4)]).toEqual([undefined, 1, undefined]);
  });

  test('and a durable log that gives others is not believed', () => {
    const disk = durable([1, 1, 1]);
    const log = new RaftLog(disk, 0, MAX);
    disk.entries = () => [];
    expect(() => log.entries(1, 2, MAX)).toThrow('at least one entry');
    disk.entries = () => [entry(2, 1)];
    expect(() => log.entries(1, 2, MAX)).toThrow('that were asked for');
  });
});

describe('committed entries are handed out', () => {
  test('once, in order, and only as far as they are durable here', () => {
    const disk = durable([1]);
    const log = new RaftLog(disk, 0, MAX);
    log.append([entry(2, 1), entry(3, 1)]);
    const { entries } = log.takeNew(1);
    log.commitTo(3);
    expect(indexes(log.takeCommitted())).toEqual([1]);
    expect(log.hasCommitted).toBe(false);
    disk.write({ entries, snapshot: undefined, hardState: undefined });
    log.persisted(1, 0);
    expect(indexes(log.takeCommitted())).toEqual([2, 3]);
    expect(log.takeCommitted()).toEqual([]);
  });

  test('within the bytes that may be applied at once; one always', () => {
    const disk = durable([1, 1, 1, 1, 1], 5);
    const log = new RaftLog(disk, 0, 2);
    expect(indexes(log.takeCommitted())).toEqual([1, 2]);
    expect(log.hasCommitted).toBe(false);
    log.appliedTo(2);
    expect(indexes(log.takeCommitted())).toEqual([3, 4]);
    expect(log.applied).toBe(2);
  });

  test('and are applied only after that', () => {
    const log = logOf([1, 1], 2);
    expect(() => log.appliedTo(1)).toThrow('handed out');
    log.takeCommitted();
    log.appliedTo(2);
    log.appliedTo(1);
    expect(log.applied).toBe(2);
  });
});

test('a commit index beyond the log means that the log lost what it promised', () => {
  const log = logOf([1, 1], 2);
  log.commitTo(1);
  expect(log.commit).toBe(2);
  expect(() => log.commitTo(3)).toThrow('lost what it promised');
});

describe('a snapshot', () => {
  const snapshot = { term: 5, index: 20, configuration };

  test('takes the place of the log; nothing is handed out until it is durable', () => {
    const disk = durable([1, 1, 1], 3);
    const log = new RaftLog(disk, 0, MAX);
    log.takeCommitted();
    log.restore(snapshot);
    expect([log.firstIndex, log.lastIndex, log.durableIndex]).toEqual([21, 20, 0]);
    expect([log.commit, log.handedOut, log.applied]).toEqual([20, 20, 0]);
    expect([log.term(20), log.term(3), log.has(snapshot)]).toEqual([5, undefined, true]);
    log.follow(snapshot, [entry(21, 5)]);
    log.commitTo(21);
    expect(log.hasCommitted).toBe(false);
    disk.write({ hardState: undefined, ...log.takeNew(1) });
    log.persisted(1, 0);
    expect([log.durableIndex, log.firstIndex]).toEqual([21, 21]);
    expect(indexes(log.takeCommitted())).toEqual([21]);
    log.appliedTo(2);
    log.appliedTo(20);
    expect(log.applied).toBe(20);
  });

  test('is never behind what is committed', () => {
    const log = logOf([1, 1, 1], 3);
    expect(() => log.restore({ term: 1, index: 3, configuration })).toThrow('ahead');
  });
});

test('a change of the configuration is found between what is applied and what is committed', () => {
  const disk = new CoreLog(configuration);
  const large = 700_000;
  disk.write({
    entries: [
      entry(1, 1, 1, 'configuration'),
      entry(2, 1, large),
      entry(3, 1, large),
      entry(4, 1, 1, 'configuration'),
    ],
    snapshot: undefined,
    hardState: { term: 1, vote: 0, commit: 3 },
  });
  const log = new RaftLog(disk, 1, MAX);
  expect(log.hasUnappliedConfiguration()).toBe(false);
  log.commitTo(4);
  expect(log.hasUnappliedConfiguration()).toBe(true);
});

/** The logs of leaders of terms 1, 2, …: each goes on from the beginning of an earlier one, as Raft's do. */
const leaderLogs = fc
  .array(fc.record({ from: fc.nat(9), keep: fc.nat(9), adds: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((leaders) => {
    const logs: Term[][] = [[]];
    for (const { from, keep, adds } of leaders) {
      const before = (logs[from % logs.length] as Term[]).slice(0, keep);
      logs.push([...before, ...new Array<Term>(adds).fill(logs.length)]);
    }
    return logs;
  });

test('a leader finds in few probes where a log stops to agree, and then makes it its own', () => {
  fc.assert(
    fc.property(leaderLogs, fc.nat(9), fc.nat(9), (logs, which, length) => {
      const leader = logs.at(-1) ?? [];
      const follower = (logs[which % logs.length] as Term[]).slice(0, length);
      const log = logOf(follower);
      const sent = entriesOf(...leader);
      let previous = leader.length;
      let probes = 0;
      for (;;) {
        const id = { index: previous, term: leader[previous - 1] ?? 0 };
        probes += 1;
        if (log.follow(id, sent.slice(previous)) !== undefined) break;
        const index = log.agreement(id);
        const hint = logOf(leader).agreement({ index, term: log.term(index) ?? 0 });
        expect(hint).toBeLessThan(previous);
        previous = hint;
      }
      const terms = new Set([...leader, ...follower]).size;
      expect(probes).toBeLessThanOrEqual(terms + 2);
      for (const { index, term } of sent) expect(log.term(index)).toBe(term);
    }),
  );
});
