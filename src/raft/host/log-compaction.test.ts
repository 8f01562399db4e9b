import { describe, expect, test } from 'vitest';
import type { Entry } from '../core/entry.ts';
import { compactionTarget } from './log-compaction.ts';
import { LogSize } from './log-size.ts';

const options = {
  logEntriesKept: 10,
  logCompactionEntries: 5,
  logBytesKept: 1e6,
  logPinnedBytesMax: 100,
};
const log = (appliedIndex: number, needed: readonly number[] = [], bytes = 50) => ({
  compactedIndex: 20,
  appliedIndex,
  needed,
  size: { bytesBehind: () => bytes, indexWithin: () => 0 },
});

/** Of entries of so many bytes each, from 21 on. */
const sized = (appliedIndex: number, bytesOfEntry: number, needed: readonly number[] = []) => {
  const size = new LogSize();
  size.append(entries(21, appliedIndex, bytesOfEntry));
  return { compactedIndex: 20, appliedIndex, needed, size };
};

function entries(from: number, to: number, bytes: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => ({
    term: 1,
    index: from + at,
    kind: 'command' as const,
    data: new Uint8Array(bytes),
  }));
}

describe('the log is forgotten', () => {
  test('up to a tail behind what is applied, when that is worth it', () => {
    expect(compactionTarget(log(34), options)).toBeUndefined();
    expect(compactionTarget(log(35), options)).toBe(25);
    expect(compactionTarget(log(100), options)).toBe(90);
  });

  test('not beyond what a follower still needs', () => {
    expect(compactionTarget(log(100, [60, 40]), options)).toBe(40);
    expect(compactionTarget(log(100, [22]), options)).toBeUndefined();
    expect(compactionTarget(log(100, [95]), options)).toBe(90);
  });

  test('beyond it where that would take too many bytes, or is gone already', () => {
    expect(compactionTarget(log(100, [40], 101), options)).toBe(90);
    expect(compactionTarget(log(100, [7]), options)).toBe(90);
  });

  test('where it has too many bytes, however few its entries', () => {
    const kept = { ...options, logEntriesKept: 10_000, logCompactionEntries: 1000 };
    expect(compactionTarget(sized(34, 1e5), kept)).toBeUndefined();
    expect(compactionTarget(sized(36, 1e5), kept)).toBe(26);
    expect(compactionTarget(sized(40, 1e5), kept)).toBe(30);
    expect(
      compactionTarget(sized(40, 1e5, [24]), { ...kept, logPinnedBytesMax: 2e6 }),
    ).toBeUndefined();
    expect(compactionTarget(sized(40, 1e5, [28]), { ...kept, logPinnedBytesMax: 2e6 })).toBe(28);
    expect(compactionTarget(sized(40, 1e5, [28]), kept)).toBe(30);
  });

  test('but for an entry that has too many bytes by itself', () => {
    const kept = { ...options, logEntriesKept: 10_000, logCompactionEntries: 1 };
    expect(compactionTarget(sized(30, 2e6), kept)).toBe(30);
    expect(compactionTarget({ ...sized(30, 2e6), appliedIndex: 25 }, kept)).toBe(25);
  });
});

describe('bytes behind an index', () => {
  test('are about those of the entries behind it', () => {
    const size = new LogSize();
    size.append(entries(1, 100, 10));
    size.append(entries(101, 1000, 10));
    for (const index of [0, 1, 500, 990]) {
      const exact = (1000 - index) * 10;
      expect(size.bytesBehind(index)).toBeGreaterThanOrEqual(exact);
      expect(size.bytesBehind(index)).toBeLessThanOrEqual(exact + 16 * 10);
    }
  });

  test('stay so when the log is compacted or replaced', () => {
    const size = new LogSize();
    size.append(entries(1, 1000, 10));
    size.compact(500);
    expect(size.bytesBehind(600)).toBeLessThanOrEqual(4_160);
    size.append(entries(801, 900, 20));
    expect(size.bytesBehind(600)).toBeGreaterThan(3_500);
    expect(size.bytesBehind(600)).toBeLessThan(4_300);
  });

  test('are none of an empty log', () => expect(new LogSize().bytesBehind(7)).toBe(0));
});
