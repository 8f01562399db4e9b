import { Bitset } from '../bitset.ts';
import { type Estimate, exactly } from '../payload-index/field-index.ts';
import type { Condition } from './filter.ts';

/** What is known of a part of a filter on one segment. */
export interface PlanNode {
  readonly estimate: Estimate;
  /** What must still be asked of the rows' records; undefined where `rows` alone decides. */
  readonly residual: Condition | undefined;
  /** A new bitmap of the rows that may pass, every one that does among them; undefined: nothing is known, all may. */
  readonly rows: (() => Bitset) | undefined;
}

/** Of conditions that nothing is known of, this share of the rows is expected to pass. */
const UNKNOWN_SHARE = 0.5;

/** A condition that no index answers. */
export function unknown(condition: Condition, rowCount: number): PlanNode {
  const expected = Math.round(rowCount * UNKNOWN_SHARE);
  return { estimate: { min: 0, expected, max: rowCount }, residual: condition, rows: undefined };
}

/** All parts hold. */
export function allOf(parts: readonly PlanNode[], rowCount: number): PlanNode {
  if (parts.length === 0)
    return { estimate: exactly(rowCount), residual: undefined, rows: undefined };
  if (parts.length === 1) return parts[0] as PlanNode;
  let min = rowCount;
  let max = rowCount;
  let share = 1;
  for (const { estimate } of parts) {
    min -= rowCount - estimate.min;
    max = Math.min(max, estimate.max);
    share *= rowCount === 0 ? 0 : estimate.expected / rowCount;
  }
  const known = parts.filter((part) => part.rows !== undefined);
  return {
    estimate: bounded(min, share * rowCount, max),
    residual: conjunction(parts.map((part) => part.residual)),
    rows: known.length === 0 ? undefined : () => intersection(known),
  };
}

/** The part of a condition does not hold. */
export function not(part: PlanNode, condition: Condition, rowCount: number): PlanNode {
  const { estimate, residual, rows } = part;
  const complement: Estimate = {
    min: rowCount - estimate.max,
    expected: rowCount - estimate.expected,
    max: rowCount - estimate.min,
  };
  if (residual === undefined) {
    const inverted = (): Bitset => (rows?.() ?? Bitset.full(rowCount)).not();
    return { estimate: complement, residual: undefined, rows: inverted };
  }
  // Rows that may pass the condition may fail it too, and all others fail it: no row is ruled out.
  const record: Condition = { kind: 'filter', filter: { mustNot: [condition] } };
  return { estimate: complement, residual: record, rows: undefined };
}

/** At least one part holds. `whole` is asked of the record where a part is not decided by its rows. */
export function anyOf(parts: readonly PlanNode[], whole: Condition, rowCount: number): PlanNode {
  let min = 0;
  let max = 0;
  let missing = 1;
  for (const { estimate } of parts) {
    min = Math.max(min, estimate.min);
    max += estimate.max;
    missing *= rowCount === 0 ? 1 : 1 - estimate.expected / rowCount;
  }
  const decided = parts.every((part) => part.residual === undefined);
  const known = parts.every((part) => part.rows !== undefined);
  return {
    estimate: bounded(min, rowCount * (1 - missing), Math.min(max, rowCount)),
    residual: decided ? undefined : whole,
    rows: known ? () => union(parts, rowCount) : undefined,
  };
}

/** At least so many parts hold. `whole` is asked of the record where a part is not decided by its rows. */
export function atLeast(
  minCount: number,
  parts: readonly PlanNode[],
  whole: Condition,
  rowCount: number,
): PlanNode {
  if (minCount === 1) return anyOf(parts, whole, rowCount);
  if (minCount <= 0) return allOf([], rowCount);
  if (minCount > parts.length) {
    return { estimate: exactly(0), residual: undefined, rows: () => new Bitset(rowCount) };
  }
  const sum = (pick: (estimate: Estimate) => number): number =>
    parts.reduce((total, part) => total + pick(part.estimate), 0);
  // A row that passes is counted in at least `minCount` of the parts.
  const max = Math.min(rowCount, Math.floor(sum(({ max: most }) => most) / minCount));
  // Rows that fail take part in fewer than `minCount`.
  const spare = sum(({ min: least }) => least) - rowCount * (minCount - 1);
  const min = Math.max(0, Math.ceil(spare / (parts.length - minCount + 1)));
  const expected = rowCount * chanceOf(minCount, parts, rowCount);
  const decided = parts.every((part) => part.residual === undefined);
  const needed = minCount - parts.filter((part) => part.rows === undefined).length;
  return {
    estimate: bounded(min, expected, max),
    residual: decided ? undefined : whole,
    rows: needed <= 0 ? undefined : () => inAtLeast(needed, parts, rowCount),
  };
}

/** How likely it is that at least `minCount` of the parts hold, if they are independent. */
function chanceOf(minCount: number, parts: readonly PlanNode[], rowCount: number): number {
  const chances = [1, ...new Array<number>(minCount).fill(0)];
  for (const { estimate } of parts) {
    const share = rowCount === 0 ? 0 : estimate.expected / rowCount;
    for (let held = minCount; held >= 0; held -= 1) {
      const before = held === 0 ? 0 : (chances[held - 1] as number) * share;
      const stays = held === minCount ? 1 : 1 - share;
      chances[held] = (chances[held] as number) * stays + before;
    }
  }
  return chances[minCount] as number;
}

function bounded(min: number, expected: number, max: number): Estimate {
  const low = Math.min(Math.max(0, min), max);
  return { min: low, expected: Math.max(low, Math.min(max, Math.round(expected))), max };
}

function conjunction(residuals: readonly (Condition | undefined)[]): Condition | undefined {
  const must = residuals.filter((residual) => residual !== undefined);
  if (must.length <= 1) return must[0];
  return { kind: 'filter', filter: { must } };
}

function intersection(parts: readonly PlanNode[]): Bitset {
  const [first, ...rest] = parts.toSorted((a, b) => a.estimate.max - b.estimate.max);
  const rows = rowsOf(first as PlanNode);
  for (const part of rest) rows.and(rowsOf(part));
  return rows;
}

function union(parts: readonly PlanNode[], rowCount: number): Bitset {
  const rows = new Bitset(rowCount);
  for (const part of parts) rows.or(rowsOf(part));
  return rows;
}

function inAtLeast(minCount: number, parts: readonly PlanNode[], rowCount: number): Bitset {
  const counts = new Uint16Array(rowCount);
  for (const part of parts) {
    if (part.rows === undefined) continue;
    part.rows().forEach((slot) => {
      counts[slot] = (counts[slot] as number) + 1;
    });
  }
  const rows = new Bitset(rowCount);
  counts.forEach((count, slot) => {
    if (count >= minCount) rows.add(slot);
  });
  return rows;
}

function rowsOf(part: PlanNode): Bitset {
  return (part.rows as () => Bitset)();
}
