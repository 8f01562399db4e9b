import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../core/entry.ts';
import type { GroupWrite } from '../log/log-storage.ts';
import { MemoryLog } from '../log/memory-log.ts';
import { mergeWrites } from './group-write-merge.ts';

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  kind: 'command',
  data: Uint8Array.of(index, term),
});

/** Writes that a replica could make one after the other: terms rise, entries follow or replace. */
function possibleWrites(
  steps: readonly { back: number; count: number; state: boolean; compact: boolean }[],
) {
  const writes: GroupWrite[] = [];
  let [last, compacted] = [0, 0];
  for (const [place, { back, count, state, compact }] of steps.entries()) {
    const term = place + 1;
    const first = Math.max(compacted, last - back) + 1;
    const entries = Array.from({ length: count }, (_, at) => entry(first + at, term));
    if (count > 0) last = first + count - 1;
    const isCompacting = compact && last > compacted;
    if (isCompacting) compacted += 1;
    writes.push({
      group: 1,
      ...(state ? { hardState: { term, vote: 0, commit: 0 } } : {}),
      ...(count > 0 ? { entries } : {}),
      ...(isCompacting ? { compactTo: compacted } : {}),
    });
  }
  return writes;
}

async function contentAfter(writes: readonly GroupWrite[]) {
  const log = new MemoryLog();
  await log.append([{ group: 1, create: 5 }]);
  for (const write of writes) await log.append([write]);
  const group = log.group(1);
  if (group === undefined) throw new Error('the group is there');
  const { hardState, compacted, firstIndex, lastIndex } = group;
  const entries = group.entries(firstIndex, lastIndex + 1, Infinity);
  return { hardState, compacted, entries };
}

test('writes that are merged leave the log that they leave one by one', async () => {
  const step = fc.record({
    back: fc.nat(3),
    count: fc.nat(4),
    state: fc.boolean(),
    compact: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const writes = possibleWrites(steps);
      const merged: GroupWrite[] = [];
      for (const write of writes) {
        const before = merged.at(-1);
        const both = before && mergeWrites(before, write);
        if (both === undefined) merged.push(write);
        else merged[merged.length - 1] = both;
      }
      expect(await contentAfter(merged)).toEqual(await contentAfter(writes));
    }),
  );
});

test('most writes are merged', () => {
  const first = { group: 1, entries: [entry(1, 1), entry(2, 1)] };
  const second = { group: 1, entries: [entry(2, 2)], hardState: { term: 2, vote: 0, commit: 1 } };
  expect(mergeWrites(first, second)?.entries).toEqual([entry(1, 1), entry(2, 2)]);
  expect(mergeWrites(first, { group: 1, compactTo: 1 })?.compactTo).toBe(1);
});

test.each<GroupWrite>([
  { group: 1, create: 6 },
  { group: 1, destroy: true },
  { group: 1, snapshot: { last: { term: 1, index: 9 }, generation: 1 } },
])('what begins anew is apart: %o', (second) => {
  expect(mergeWrites({ group: 1, entries: [entry(1, 1)] }, second)).toBeUndefined();
  expect(mergeWrites({ group: 1, destroy: true }, second)).toBeUndefined();
});
