/** Names further away than this, in edits, are no guess. */
const DISTANCE_MAX = 3;

/** The name that `wrong` was probably meant to be; undefined where none is near. */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  if (wrong.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(DISTANCE_MAX, Math.floor(wrong.length / 2)) + 1;
  for (const name of names) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that make `b` of `a` (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
