/**
 * The one of `names` that differs least from `name`, or undefined where all differ in more than a third of their letters.
 * Differences are single letters put in, left out or changed (Levenshtein 1966).
 */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return fewest <= Math.max(2, Math.floor(name.length / 3)) ? nearest : undefined;
}

/** How many single letters must be put in, left out or changed to make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const added = (current[column - 1] as number) + 1;
      const left = (previous[column] as number) + 1;
      current.push(Math.min(changed, added, left));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
