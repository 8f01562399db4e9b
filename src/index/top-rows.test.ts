import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TopRows } from './top-rows.ts';

test('keeps the best rows, nearest first and of equal scores the lower slot, whatever the order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 }),
      fc.integer({ min: 0, max: 20 }),
      fc.boolean(),
      fc.integer(),
      (scores, limit, isLargerNearer, seed) => {
        const rows = scores.map((score, slot) => ({ slot, score }));
        const shuffled = rows.toSorted((a, b) => ((a.slot * seed) % 7) - ((b.slot * seed) % 7));
        const top = new TopRows(limit, isLargerNearer);
        for (const { slot, score } of shuffled) top.offer(slot, score);
        const found = top.ranked();
        const sign = isLargerNearer ? -1 : 1;
        const wanted = rows
          .sort((a, b) => sign * (a.score - b.score) || a.slot - b.slot)
          .slice(0, limit);
        expect(found.count).toBe(wanted.length);
        expect([...found.slots.subarray(0, found.count)]).toEqual(wanted.map(({ slot }) => slot));
        found.scores
          .subarray(0, found.count)
          .forEach((score, i) => expect(score === wanted[i]?.score).toBe(true));
      },
    ),
  );
});
