/**
 * A cycle of negative cost in a small complete graph (Bellman 1958, Ford 1956): its vertices in order, each once; undefined: there is none.
 *
 * @param cost - whole numbers, of the edge from `i` to `j` at `i * size + j`; infinite: there is no such edge
 */
export function negativeCycle(cost: Float64Array, size: number): readonly number[] | undefined {
  const distance = new Float64Array(size);
  const before = new Int32Array(size).fill(-1);
  let last = -1;
  for (let round = 0; round <= size; round += 1) {
    last = relax(cost, distance, before);
    if (last < 0) return undefined;
  }
  // So many steps back from a vertex that still came nearer, one is on the cycle.
  for (let step = 0; step < size; step += 1) last = before[last] ?? -1;
  const cycle = [last];
  for (let at = before[last] ?? -1; at !== last; at = before[at] ?? -1) cycle.push(at);
  return cycle.toReversed();
}

/** A vertex that came nearer; -1: none did. */
function relax(cost: Float64Array, distance: Float64Array, before: Int32Array): number {
  const size = distance.length;
  let last = -1;
  for (let from = 0; from < size; from += 1) {
    const start = distance[from] ?? 0;
    for (let to = 0; to < size; to += 1) {
      const through = start + (cost[from * size + to] ?? 0);
      if (through >= (distance[to] ?? 0)) continue;
      distance[to] = through;
      before[to] = from;
      last = to;
    }
  }
  return last;
}
