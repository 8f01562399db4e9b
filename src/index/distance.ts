/** How near two vectors are. Cosine vectors are brought to length 1 when they are stored, so cosine is a dot product from then on. */
export const DISTANCES = ['cosine', 'dot', 'euclid', 'manhattan'] as const;
export type Distance = (typeof DISTANCES)[number];

/** Whether a larger score is nearer (cosine, dot) or a smaller one (the two metrics). */
export function largerIsNearer(distance: Distance): boolean {
  return distance === 'cosine' || distance === 'dot';
}

/** Below zero where score `a` is nearer than score `b`. */
export function compareScores(distance: Distance, a: number, b: number): number {
  return largerIsNearer(distance) ? b - a : a - b;
}
