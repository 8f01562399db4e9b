import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/raft/core/entry.ts';
import { INITIAL_HARD_STATE } from '../../src/raft/core/hard-state.ts';
import type { GroupLog, GroupWrite, LogStorage } from '../../src/raft/log/log-storage.ts';
import {
  logEntries as entries,
  logEntry as entry,
  viewGroup,
  viewLog,
} from '../support/raft/log-view.ts';

/** A log under test, and a way to end it without warning and open it again. */
export interface LogUnderTest {
  readonly log: LogStorage;
  reopen(): Promise<LogStorage>;
  remove(): Promise<void>;
}

const SYNC = { sync: true };
const NO_SYNC = { sync: false };
const ALL = Infinity;

/** What every log of groups does. */
export function describeLogStorage(name: string, create: () => Promise<LogUnderTest>): void {
  describe(`${name} as a log storage`, () => {
    let under: LogUnderTest;
    let log: LogStorage;

    beforeEach(async () => {
      under = await create();
      log = under.log;
    });

    afterEach(async () => {
      await log[Symbol.asyncDispose]();
      await under.remove();
    });

    const write = (...writes: readonly GroupWrite[]): Promise<void> => log.append(writes, SYNC);
    const group = (number = 1): GroupLog => {
      const found = log.group(number);
      if (found === undefined) throw new Error(`group ${number} is not there`);
      return found;
    };
    const texts = (from: number, to: number, bytesMax = ALL, number = 1): readonly string[] =>
      group(number)
        .entries(from, to, bytesMax)
        .map(({ data }) => Buffer.from(data).toString());
    /** Opens the log again; nothing that can be seen may have changed. */
    const reopen = async (): Promise<void> => {
      const before = viewLog(log);
      log = await under.reopen();
      expect(viewLog(log)).toEqual(before);
    };

    describe('a group', () => {
      test('is not there before it is created', async () => {
        expect(log.groups).toEqual([]);
        expect(log.group(1)).toBeUndefined();
        const early = write({ group: 1, entries: entries(1, 2, 1) });
        await expect(early).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
        expect(log.group(1)).toBeUndefined();
      });

      test('begins empty', async () => {
        await write({ group: 1, create: 7 });
        expect(viewGroup(group())).toEqual({
          group: 1,
          replica: 7,
          state: 'open',
          damage: undefined,
          hardState: [0, 0, 0],
          generation: 0,
          compacted: [0, 0],
          firstIndex: 1,
          lastIndex: 0,
          terms: [undefined, 0, 0, undefined],
          entries: [],
        });
        await reopen();
      });

      test('begins with everything a write may hold', async () => {
        await write({
          group: 1,
          create: 7,
          snapshot: { last: { term: 1, index: 1 }, generation: 0 },
          hardState: { term: 3, vote: 7, commit: 1 },
          entries: entries(2, 6, 3),
          compactTo: 3,
        });
        expect(group()).toMatchObject({ firstIndex: 4, lastIndex: 5, generation: 0 });
        expect(group().compacted).toEqual({ term: 3, index: 3 });
        await reopen();
        expect(texts(4, 6)).toEqual(['4@3', '5@3']);
      });

      test('cannot be created while it is there', async () => {
        await write({ group: 1, create: 7 });
        const again = write({ group: 1, create: 8 });
        await expect(again).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
        expect(group().replica).toBe(7);
      });

      test('is listed in the order of numbers', async () => {
        for (const number of [9, 2, 40]) await write({ group: number, create: 7 });
        expect(log.groups.map(({ group }) => group)).toEqual([2, 9, 40]);
        await reopen();
      });

      test('may have the number 0, and the largest replica id', async () => {
        await write({ group: 0, create: Number.MAX_SAFE_INTEGER });
        await reopen();
        expect(group(0).replica).toBe(Number.MAX_SAFE_INTEGER);
      });

      test('is the same object as long as the log is open', async () => {
        await write({ group: 1, create: 7 });
        const first = group();
        await write({ group: 1, destroy: true });
        await write({ group: 1, create: 8 });
        expect(group()).toBe(first);
      });
    });

    describe('entries', () => {
      beforeEach(() => write({ group: 1, create: 7 }));

      test('are read back as they were written', async () => {
        await write({ group: 1, entries: entries(1, 4, 1) });
        expect(texts(1, 4)).toEqual(['1@1', '2@1', '3@1']);
        expect(group()).toMatchObject({ firstIndex: 1, lastIndex: 3 });
        await reopen();
        expect(texts(2, 3)).toEqual(['2@1']);
      });

      test('keep their kind', async () => {
        const kinds = ['empty', 'configuration', 'command'] as const;
        const all = kinds.map((kind, place) => ({ ...entry(place + 1, 1), kind }));
        await write({ group: 1, entries: all });
        await reopen();
        expect(
          group()
            .entries(1, 4, ALL)
            .map(({ kind }) => kind),
        ).toEqual(kinds);
      });

      test('may be empty', async () => {
        await write({ group: 1, entries: [entry(1, 1, ''), entry(2, 1, ''), entry(3, 1, 'x')] });
        await reopen();
        expect(texts(1, 4, 0)).toEqual(['', '']);
      });

      test('may be of any byte', async () => {
        const data = Uint8Array.from({ length: 256 }, (_, byte) => byte);
        await write({ group: 1, entries: [{ ...entry(1, 1), data }] });
        await reopen();
        expect(group().entries(1, 2, ALL)[0]?.data).toEqual(data);
      });

      test('may be larger than what is usual', async () => {
        const data = new Uint8Array(3_000_000).map((_, place) => place * 31);
        await write({ group: 1, entries: [entry(1, 1), { ...entry(2, 1), data }, entry(3, 1)] });
        await reopen();
        expect(Buffer.compare(group().entries(2, 3, 0)[0]?.data ?? data.subarray(1), data)).toBe(0);
        expect(texts(3, 4)).toEqual(['3@1']);
      });

      test('can be many in one write', async () => {
        await write({ group: 1, entries: entries(1, 2001, 1) });
        await reopen();
        expect(group().lastIndex).toBe(2000);
        expect(texts(1000, 1002)).toEqual(['1000@1', '1001@1']);
      });

      test('can be of several terms in one write', async () => {
        const all = [entry(1, 1), entry(2, 1), entry(3, 4), entry(4, 9), entry(5, 9)];
        await write({ group: 1, entries: all });
        await reopen();
        expect([1, 2, 3, 4, 5].map((index) => group().term(index))).toEqual([1, 1, 4, 9, 9]);
        expect(texts(1, 6)).toEqual(['1@1', '2@1', '3@4', '4@9', '5@9']);
      });

      test('have terms within the log and at the compacted entry alone', async () => {
        await write({ group: 1, entries: entries(1, 4, 2) });
        expect([0, 1, 3, 4, 99].map((index) => group().term(index))).toEqual([
          0,
          2,
          2,
          undefined,
          undefined,
        ]);
        await write({ group: 1, compactTo: 2 });
        expect([0, 1, 2, 3].map((index) => group().term(index))).toEqual([
          undefined,
          undefined,
          2,
          2,
        ]);
      });

      test('are limited by their bytes, but for the first one', async () => {
        await write({ group: 1, entries: [1, 2, 3, 4].map((index) => entry(index, 1, 'xxxx')) });
        for (const [bytesMax, count] of [
          [0, 1],
          [4, 1],
          [7, 1],
          [8, 2],
          [15, 3],
          [16, 4],
          [ALL, 4],
        ] as const) {
          expect(texts(1, 5, bytesMax), `${bytesMax} bytes`).toHaveLength(count);
        }
        expect(texts(3, 5, 4)).toHaveLength(1);
        expect(texts(2, 4, ALL)).toHaveLength(2);
        await reopen();
        expect(texts(2, 5, 8)).toHaveLength(2);
      });

      test('of no range are none', async () => {
        expect(texts(1, 1)).toEqual([]);
        await write({ group: 1, entries: entries(1, 3, 1) });
        expect(texts(3, 3)).toEqual([]);
      });

      test('can be read before they are durable', async () => {
        const written = write({ group: 1, entries: entries(1, 3, 1) });
        expect(texts(1, 3)).toEqual(['1@1', '2@1']);
        expect(group().term(2)).toBe(1);
        await written;
      });

      test('are never out of order, of a lower term, or before the log', async () => {
        await write({ group: 1, entries: entries(1, 4, 2), compactTo: 1 });
        const wrong: readonly (readonly Entry[])[] = [
          [entry(5, 2)],
          [entry(1, 2)],
          [entry(4, 1)],
          [entry(4, 2), entry(6, 2)],
          [entry(4, 3), entry(5, 2)],
        ];
        for (const bad of wrong) {
          await expect(write({ group: 1, entries: bad })).rejects.toThrow(/order|follow|terms/);
          expect(group().lastIndex).toBe(3);
        }
      });
    });

    describe('entries that are replaced', () => {
      beforeEach(() => write({ group: 1, create: 7, entries: entries(1, 6, 1) }));

      test('go with everything behind them', async () => {
        await write({ group: 1, entries: [entry(3, 2)] });
        expect(texts(1, 4)).toEqual(['1@1', '2@1', '3@2']);
        expect(group().lastIndex).toBe(3);
        expect(group().term(4)).toBeUndefined();
        await reopen();
      });

      test('can be all', async () => {
        await write({ group: 1, entries: entries(1, 3, 5) });
        expect(texts(1, 3)).toEqual(['1@5', '2@5']);
        await reopen();
      });

      test('can be replaced again', async () => {
        await write({ group: 1, entries: [entry(4, 2), entry(5, 2)] });
        await write({ group: 1, entries: [entry(5, 3), entry(6, 3)] });
        await write({ group: 1, entries: [entry(2, 4)] });
        await write({ group: 1, entries: entries(3, 9, 4) });
        expect(texts(1, 9)).toEqual(['1@1', '2@4', '3@4', '4@4', '5@4', '6@4', '7@4', '8@4']);
        await reopen();
      });

      test('are never committed ones', async () => {
        await write({ group: 1, hardState: { term: 1, vote: 7, commit: 3 } });
        await expect(write({ group: 1, entries: [entry(3, 2)] })).rejects.toThrow('committed');
        await write({ group: 1, entries: [entry(4, 2)] });
        expect(group().lastIndex).toBe(4);
      });
    });

    describe('the hard state', () => {
      beforeEach(() => write({ group: 1, create: 7 }));

      test('is what was written last', async () => {
        await write({ group: 1, hardState: { term: 1, vote: 3, commit: 0 } });
        await write({ group: 1, hardState: { term: 4, vote: 0, commit: 0 } });
        await reopen();
        expect(group().hardState).toEqual({ term: 4, vote: 0, commit: 0 });
      });

      test('is there together with the entries of its write', async () => {
        await write({
          group: 1,
          hardState: { term: 2, vote: 7, commit: 2 },
          entries: entries(1, 3, 2),
        });
        await reopen();
        expect(group()).toMatchObject({ hardState: { term: 2, vote: 7, commit: 2 }, lastIndex: 2 });
      });

      test('stays when other things are written', async () => {
        await write({ group: 1, hardState: { term: 2, vote: 5, commit: 0 } });
        await write({ group: 1, entries: entries(1, 4, 2) });
        await write({ group: 1, compactTo: 2 });
        await reopen();
        expect(group().hardState).toEqual({ term: 2, vote: 5, commit: 0 });
      });

      test('never goes back, and a vote is never changed', async () => {
        await write({ group: 1, hardState: { term: 2, vote: 5, commit: 0 } });
        for (const hardState of [
          { term: 1, vote: 0, commit: 0 },
          { term: 2, vote: 6, commit: 0 },
          { term: 2, vote: 0, commit: 0 },
        ]) {
          await expect(write({ group: 1, hardState })).rejects.toThrow(/a term never falls|a vote/);
        }
        await write({ group: 1, hardState: { term: 3, vote: 6, commit: 0 } });
        expect(group().hardState.vote).toBe(6);
      });
    });

    describe('a snapshot', () => {
      beforeEach(() => write({ group: 1, create: 7, entries: entries(1, 6, 2) }));

      test('takes the place of a log that does not reach it', async () => {
        await write({ group: 1, snapshot: { last: { term: 3, index: 50 }, generation: 4 } });
        expect(group()).toMatchObject({ firstIndex: 51, lastIndex: 50, generation: 4 });
        expect(group().term(50)).toBe(3);
        expect(group().term(5)).toBeUndefined();
        await reopen();
        await write({ group: 1, entries: [entry(51, 3)] });
        await reopen();
        expect(texts(51, 52)).toEqual(['51@3']);
      });

      test('keeps entries that follow from it', async () => {
        await write({ group: 1, snapshot: { last: { term: 2, index: 3 }, generation: 4 } });
        expect(group()).toMatchObject({ firstIndex: 4, lastIndex: 5, generation: 4 });
        await reopen();
        expect(texts(4, 6)).toEqual(['4@2', '5@2']);
      });

      test('drops entries that do not follow from it', async () => {
        await write({ group: 1, snapshot: { last: { term: 3, index: 3 }, generation: 4 } });
        expect(group()).toMatchObject({ firstIndex: 4, lastIndex: 3 });
        expect(group().compacted).toEqual({ term: 3, index: 3 });
        await reopen();
      });

      test('at the last entry leaves none', async () => {
        await write({ group: 1, snapshot: { last: { term: 2, index: 5 }, generation: 1 } });
        expect(group()).toMatchObject({ firstIndex: 6, lastIndex: 5 });
        await reopen();
      });

      test('comes with hard state and entries behind it', async () => {
        await write({
          group: 1,
          snapshot: { last: { term: 3, index: 10 }, generation: 2 },
          hardState: { term: 3, vote: 0, commit: 10 },
          entries: entries(11, 13, 3),
        });
        await reopen();
        expect(texts(11, 13)).toEqual(['11@3', '12@3']);
        expect(group().hardState.commit).toBe(10);
      });

      test('may follow another one, but never goes back', async () => {
        await write({ group: 1, snapshot: { last: { term: 3, index: 10 }, generation: 2 } });
        await write({ group: 1, snapshot: { last: { term: 3, index: 20 }, generation: 3 } });
        expect(group()).toMatchObject({ firstIndex: 21, generation: 3 });
        const back = write({ group: 1, snapshot: { last: { term: 3, index: 15 }, generation: 4 } });
        await expect(back).rejects.toThrow('forward');
        await reopen();
      });
    });

    describe('compaction', () => {
      beforeEach(() => write({ group: 1, create: 7, entries: entries(1, 11, 2) }));

      test('forgets entries up to an index and remembers its term', async () => {
        await write({ group: 1, compactTo: 4 });
        expect(group()).toMatchObject({ firstIndex: 5, lastIndex: 10 });
        expect(group().compacted).toEqual({ term: 2, index: 4 });
        expect(texts(5, 7)).toEqual(['5@2', '6@2']);
        await reopen();
      });

      test('may take everything', async () => {
        await write({ group: 1, compactTo: 10 });
        expect(group()).toMatchObject({ firstIndex: 11, lastIndex: 10 });
        await reopen();
        await write({ group: 1, entries: [entry(11, 3)] });
        expect(texts(11, 12)).toEqual(['11@3']);
      });

      test('up to an index that is gone changes nothing', async () => {
        await write({ group: 1, compactTo: 4 });
        await write({ group: 1, compactTo: 2 });
        await write({ group: 1, compactTo: 4 });
        expect(group().firstIndex).toBe(5);
        await reopen();
      });

      test('never goes beyond the log', async () => {
        await expect(write({ group: 1, compactTo: 11 })).rejects.toThrow('nothing to compact');
        expect(group().firstIndex).toBe(1);
      });

      test('counts after the entries of its write', async () => {
        await write({ group: 1, entries: entries(11, 13, 3), compactTo: 12 });
        expect(group().compacted).toEqual({ term: 3, index: 12 });
        await reopen();
      });

      test('keeps what lies behind it through many rounds', async () => {
        for (let index = 11; index < 60; index += 1) {
          await write({ group: 1, entries: [entry(index, 2)], compactTo: index - 5 });
        }
        expect(texts(55, 60)).toEqual(['55@2', '56@2', '57@2', '58@2', '59@2']);
        await reopen();
      });
    });

    describe('a group that is destroyed', () => {
      beforeEach(() =>
        write({
          group: 1,
          create: 7,
          hardState: { term: 2, vote: 7, commit: 1 },
          entries: entries(1, 4, 2),
        }),
      );

      test('leaves its replica id alone', async () => {
        await write({ group: 1, destroy: true });
        expect(viewGroup(group())).toMatchObject({
          replica: 7,
          state: 'destroyed',
          hardState: [0, 0, 0],
          firstIndex: 1,
          lastIndex: 0,
        });
        await reopen();
        expect(log.groups.map(({ group }) => group)).toEqual([1]);
      });

      test('takes nothing more', async () => {
        await write({ group: 1, destroy: true });
        const late = write({ group: 1, entries: entries(1, 2, 3) });
        await expect(late).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
        const again = write({ group: 1, destroy: true });
        await expect(again).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      });

      test('comes back under a larger replica id alone', async () => {
        await write({ group: 1, destroy: true });
        await reopen();
        for (const replica of [6, 7]) {
          const back = write({ group: 1, create: replica });
          await expect(back).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
        }
        await write({ group: 1, create: 8, entries: entries(1, 3, 1) });
        expect(group()).toMatchObject({ replica: 8, state: 'open', lastIndex: 2 });
        expect(group().hardState).toEqual(INITIAL_HARD_STATE);
        await reopen();
        await write({ group: 1, destroy: true });
        await reopen();
        expect(group().replica).toBe(8);
      });
    });

    describe('a batch', () => {
      test('holds writes of several groups', async () => {
        await write(
          { group: 1, create: 7, entries: entries(1, 3, 1) },
          { group: 2, create: 8, hardState: { term: 5, vote: 8, commit: 0 } },
        );
        await write({ group: 2, entries: entries(1, 2, 5) }, { group: 1, compactTo: 1 });
        await reopen();
        expect(texts(1, 2, ALL, 2)).toEqual(['1@5']);
        expect(group(1).firstIndex).toBe(2);
      });

      test('of which one write is refused changes nothing', async () => {
        await write({ group: 1, create: 7 }, { group: 2, create: 7 });
        const both = write({ group: 1, entries: entries(1, 2, 1) }, { group: 3, destroy: true });
        await expect(both).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
        const late = write({ group: 1, entries: entries(1, 2, 1) }, { group: 2, compactTo: 1 });
        await expect(late).rejects.toThrow('nothing to compact');
        expect(group(1).lastIndex).toBe(0);
        await reopen();
      });

      test('has one write of a group', async () => {
        const both = write({ group: 1, create: 7 }, { group: 1, create: 7 });
        await expect(both).rejects.toThrow('two writes');
      });

      test('may be empty, or without sync', async () => {
        await log.append([], SYNC);
        await log.append([], NO_SYNC);
        await log.append([{ group: 1, create: 7 }], NO_SYNC);
        await log.append([], SYNC);
        await reopen();
      });

      test('comes after those that were handed over before', async () => {
        const order: number[] = [];
        const created = write({ group: 1, create: 7 });
        const writes = entries(1, 40, 1).map((each) =>
          log.append([{ group: 1, entries: [each] }], { sync: each.index % 3 === 0 }).then(() => {
            order.push(each.index);
          }),
        );
        await Promise.all([created, ...writes]);
        expect(order).toEqual(entries(1, 40, 1).map(({ index }) => index));
        await reopen();
        expect(group().lastIndex).toBe(39);
      });
    });

    test('keeps many groups apart, whatever their writes are', async () => {
      const groups = Array.from({ length: 17 }, (_, place) => place);
      await write(...groups.map((number) => ({ group: number, create: 100 + number })));
      for (let index = 1; index <= 30; index += 1) {
        const busy = groups.filter((number) => number % 3 !== index % 3 || number === 0);
        await write(
          ...busy.map((number) => {
            const next = group(number).lastIndex + 1;
            const compactTo = number === 5 && next > 4 ? next - 3 : 0;
            return { group: number, entries: [entry(next, 1, `${number}/${next}`)], compactTo };
          }),
        );
        if (index % 10 === 0) await reopen();
      }
      for (const number of groups) {
        const { firstIndex, lastIndex } = group(number);
        expect(texts(firstIndex, firstIndex + 1, ALL, number)).toEqual([`${number}/${firstIndex}`]);
        expect(texts(lastIndex, lastIndex + 1, ALL, number)).toEqual([`${number}/${lastIndex}`]);
      }
      expect(group(0)).toMatchObject({ firstIndex: 1, lastIndex: 30 });
    });

    test('tells how much it holds', async () => {
      await write({ group: 1, create: 7, entries: [entry(1, 1, 'x'.repeat(1000))] });
      expect(log.usage.bytes).toBeGreaterThanOrEqual(1000);
    });

    test('takes nothing when it is closed, and closes once', async () => {
      await write({ group: 1, create: 7 });
      await log[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
      await expect(log.append([], SYNC)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      log = await under.reopen();
      expect(group().replica).toBe(7);
    });
  });
}
