import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { planIdleMerge, planMerge, type SegmentSize } from './merge-policy.ts';

const options = {
  fanIn: 4,
  rebuildDeletedRatio: 0.25,
  maxSegmentRows: 1_000_000,
  smallRows: 8_192,
};

const segment = (id: number, rows: number, deletedRows = 0): SegmentSize => ({
  id,
  rows,
  deletedRows,
});

/** Carries a plan out. */
function merged(
  segments: readonly SegmentSize[],
  ids: readonly number[],
  id: number,
): SegmentSize[] {
  const chosen = segments.filter((one) => ids.includes(one.id));
  const rows = chosen.reduce((sum, one) => sum + one.rows - one.deletedRows, 0);
  const rest = segments.filter((one) => !ids.includes(one.id));
  return rows === 0 ? rest : [...rest, segment(id, rows)];
}

const sizes = fc
  .array(
    fc.record({
      rows: fc.integer({ min: 1, max: 900_000 }),
      dead: fc.float({ min: 0, max: 1, noNaN: true }),
    }),
    {
      maxLength: 60,
    },
  )
  .map((all) => all.map(({ rows, dead }, i) => segment(i, rows, Math.floor(rows * dead))));

describe('what to merge next', () => {
  test('four segments of a size are merged, three are not', () => {
    const three = [segment(1, 8_192), segment(2, 8_000), segment(3, 8_192)];
    expect(planMerge(three, options)).toEqual([]);
    expect(planMerge([...three, segment(4, 8_192)], options).toSorted((a, b) => a - b)).toEqual([
      1, 2, 3, 4,
    ]);
  });

  test('a segment a quarter dead is rebuilt, one a fifth dead is not', () => {
    expect(planMerge([segment(1, 100, 25), segment(2, 100, 20)], options)).toEqual([1]);
  });

  test('an idle collection ends with one segment where it fits into one', () => {
    const segments = [segment(1, 500_000), segment(2, 8_192), segment(3, 100)];
    expect(planIdleMerge(segments, options).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(planIdleMerge([segment(1, 900_000), segment(2, 900_000)], options)).toEqual([]);
  });

  test.each([
    ['steady', planMerge],
    ['idle', planIdleMerge],
  ])('%s merging of any segments ends, keeps within the bound and leaves few', (_, plan) => {
    fc.assert(
      fc.property(sizes, (start) => {
        let segments: SegmentSize[] = start;
        let steps = 0;
        for (;;) {
          const ids = plan(segments, options);
          if (ids.length === 0) break;
          steps += 1;
          expect(steps).toBeLessThanOrEqual(2 * start.length);
          segments = merged(segments, ids, 1_000 + steps);
        }
        for (const { rows } of segments) expect(rows).toBeLessThanOrEqual(options.maxSegmentRows);
        const live = segments.reduce((sum, one) => sum + one.rows - one.deletedRows, 0);
        const bound = 2 * Math.ceil(live / options.maxSegmentRows) + 1;
        const tiers =
          Math.ceil(Math.log(options.maxSegmentRows / options.smallRows) / Math.log(4)) + 1;
        expect(segments.length).toBeLessThanOrEqual(bound + 3 * tiers);
      }),
    );
  });
});
