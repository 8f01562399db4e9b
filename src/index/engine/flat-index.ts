import { compareScores, type Distance } from '../distance.ts';

/** The nearest rows by plain arithmetic in double precision: the truth that engines are measured against. Of equal scores the lower slot is nearer. */
export function exactNearest(
  distance: Distance,
  rows: readonly Float32Array[],
  query: Float32Array,
  limit: number,
): number[] {
  return rows
    .map((row, slot) => ({ slot, score: exactScore(distance, row, query) }))
    .sort((a, b) => compareScores(distance, a.score, b.score) || a.slot - b.slot)
    .slice(0, limit)
    .map(({ slot }) => slot);
}

/** The score of `distance.ts`, in double precision. */
export function exactScore(distance: Distance, a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (distance === 'euclid') total += (x - y) ** 2;
    else if (distance === 'manhattan') total += Math.abs(x - y);
    else total += x * y;
  }
  return distance === 'euclid' ? Math.sqrt(total) : total;
}
