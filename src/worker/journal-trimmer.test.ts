import { describe, expect, test } from 'vitest';
import { JournalTrimmer, type TrimmedIndex, type TrimmedStore } from './journal-trimmer.ts';

const ROWS_MAX = 100;

class FakeStore implements TrimmedStore {
  appliedIndex = 0;
  journalStart = 1;

  async trimJournal(upTo: number): Promise<void> {
    this.journalStart = upTo + 1;
  }
}

/** An index of one shard that is durable when it was flushed, or advanced without rows. */
class FakeIndex implements TrimmedIndex {
  durable = 0;
  indexed = 0;
  hasRows = false;
  flushes = 0;

  watermark(): number {
    return this.durable;
  }

  advance(applied: Iterable<readonly [number, number]>): void {
    for (const [, index] of applied) this.indexed = index;
    if (!this.hasRows) this.durable = this.indexed;
  }

  async flush(): Promise<void> {
    this.flushes += 1;
    this.durable = this.indexed;
  }
}

function trimmerOf(indexes: readonly FakeIndex[]) {
  const store = new FakeStore();
  const trimmer = new JournalTrimmer({
    stores: new Map([[0, store]]),
    indexes: () => indexes,
    rowsMax: ROWS_MAX,
    inTurn: async (action) => action(new Map([[0, store.appliedIndex]])),
  });
  return { store, trimmer };
}

describe('the journal trimmer', () => {
  test('waits until a journal is longer than it should be', async () => {
    const { store, trimmer } = trimmerOf([]);
    store.appliedIndex = ROWS_MAX;
    expect(trimmer.isDue()).toBe(false);
    store.appliedIndex += 1;
    expect(trimmer.isDue()).toBe(true);
    await trimmer.run();
    expect(store.journalStart).toBe(ROWS_MAX + 2);
  });

  test('keeps what some index has not durably, and does not try with every write', async () => {
    const behind = new FakeIndex();
    behind.hasRows = true;
    behind.durable = 30;
    const { store, trimmer } = trimmerOf([behind, new FakeIndex()]);
    store.appliedIndex = 130;
    await trimmer.run();
    expect(store.journalStart).toBe(31);
    expect(behind.flushes).toBe(0);
    store.appliedIndex = 140;
    expect(trimmer.isDue()).toBe(false);
    store.appliedIndex = 160;
    expect(trimmer.isDue()).toBe(true);
  });

  test('tells an index without changes how far the others are', async () => {
    const idle = new FakeIndex();
    const { store, trimmer } = trimmerOf([idle]);
    store.appliedIndex = 500;
    await trimmer.run();
    expect(idle.durable).toBe(500);
    expect(store.journalStart).toBe(501);
  });

  test('has an index seal its few rows before it holds the journal for ever', async () => {
    const slow = new FakeIndex();
    slow.hasRows = true;
    slow.durable = 10;
    const { store, trimmer } = trimmerOf([slow]);
    store.appliedIndex = 10 + 2 * ROWS_MAX;
    await trimmer.run();
    expect([slow.flushes, store.journalStart]).toEqual([0, 11]);
    store.appliedIndex += ROWS_MAX;
    await trimmer.run();
    expect([slow.flushes, store.journalStart]).toEqual([1, store.appliedIndex + 1]);
  });

  test('leaves an index alone that was dropped while it waited for its turn', async () => {
    const dropped = new FakeIndex();
    const indexes = [dropped];
    const store = new FakeStore();
    store.appliedIndex = 300;
    const trimmer = new JournalTrimmer({
      stores: new Map([[0, store]]),
      indexes: () => indexes,
      rowsMax: ROWS_MAX,
      async inTurn(action) {
        indexes.pop();
        action(new Map([[0, 300]]));
      },
    });
    await trimmer.run();
    expect(dropped.indexed).toBe(0);
    expect(store.journalStart).toBe(301);
  });
});
