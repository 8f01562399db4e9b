/**
 * A cycle of negative cost in a small complete graph, with the fewest vertices: in order, each once; undefined: there is none. Where several are as short, always
 * the same.
 *
 * @param cost - whole numbers, of the edge from `i` to `j` at `i * size + j`; infinite: there is no such edge
 */
export function shortestNegativeCycle(
  cost: Float64Array,
  size: number,
): readonly number[] | undefined {
  if (!hasNegativeCycle(cost, size)) return undefined;
  let walks: Walks = { costs: cost, before: [] };
  // A closed walk of negative cost that is no cycle has a shorter one in it; so the first one found is a cycle.
  for (;;) {
    for (let at = 0; at < size; at += 1) {
      if ((walks.costs[at * size + at] ?? 0) < 0) return cycleThrough(walks, at, size);
    }
    walks = extended(walks, cost, size);
  }
}

/** The cheapest walks of one number of edges, from each vertex to each. */
interface Walks {
  readonly costs: Float64Array;
  /** For walks of two edges, of three and so on: the vertex before the last, by both ends. */
  readonly before: readonly Int32Array[];
}

/** With one edge more. */
function extended({ costs, before }: Walks, cost: Float64Array, size: number): Walks {
  const longer = new Float64Array(size * size).fill(Number.POSITIVE_INFINITY);
  const through = new Int32Array(size * size);
  for (let from = 0; from < size; from += 1) {
    for (let by = 0; by < size; by += 1) {
      const start = costs[from * size + by] ?? 0;
      for (let to = 0; to < size; to += 1) {
        const at = from * size + to;
        const sum = start + (cost[by * size + to] ?? 0);
        if (sum >= (longer[at] ?? 0)) continue;
        longer[at] = sum;
        through[at] = by;
      }
    }
  }
  return { costs: longer, before: [...before, through] };
}

function cycleThrough({ before }: Walks, start: number, size: number): readonly number[] {
  const cycle: number[] = [];
  let at = start;
  for (const through of before.toReversed()) {
    at = through[start * size + at] ?? 0;
    cycle.push(at);
  }
  return [start, ...cycle.toReversed()];
}

/** Bellman 1958, Ford 1956: distances that still shrink after as many rounds as there are vertices shrink for ever. */
function hasNegativeCycle(cost: Float64Array, size: number): boolean {
  const distance = new Float64Array(size);
  for (let round = 0; round <= size; round += 1) if (!relax(cost, distance)) return false;
  return true;
}

/** Whether a vertex came nearer. */
function relax(cost: Float64Array, distance: Float64Array): boolean {
  const size = distance.length;
  let isNearer = false;
  for (let from = 0; from < size; from += 1) {
    const start = distance[from] ?? 0;
    for (let to = 0; to < size; to += 1) {
      const through = start + (cost[from * size + to] ?? 0);
      if (through >= (distance[to] ?? 0)) continue;
      distance[to] = through;
      isNearer = true;
    }
  }
  return isNearer;
}
