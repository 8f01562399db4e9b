import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coverShards } from './read-cover.ts';

/** By shard: nodes that have it. */
const cluster = fc.integer({ min: 1, max: 8 }).chain((nodes) =>
  fc.array(fc.uniqueArray(fc.integer({ min: 1, max: nodes }), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 16,
  }),
);

const cover = (
  placement: readonly (readonly number[])[],
  load: (node: number) => number = () => 0,
) =>
  coverShards({
    shards: placement.map((_, shard) => shard),
    holders: (shard) => placement[shard] ?? [],
    load,
  });

/** The least number of nodes, by trying all. */
function leastNodes(placement: readonly (readonly number[])[]): number {
  const held = placement.filter((nodes) => nodes.length > 0);
  let least = Infinity;
  for (let set = 0; set < 2 ** 8; set += 1) {
    const has = (node: number): boolean => (set & (1 << (node - 1))) !== 0;
    if (!held.every((nodes) => nodes.some(has))) continue;
    const count = [1, 2, 3, 4, 5, 6, 7, 8].filter(has).length;
    least = Math.min(least, count);
  }
  return least;
}

describe('a cover', () => {
  test('gives each shard that somebody has to one node that has it, with as few nodes as there can be', () => {
    fc.assert(
      fc.property(cluster, (placement) => {
        const { parts, uncovered } = cover(placement);
        const given = [...parts].flatMap(([node, shards]) => shards.map((shard) => [shard, node]));
        for (const [shard, node] of given) expect(placement[shard as number]).toContain(node);
        const all = [...given.map(([shard]) => shard as number), ...uncovered];
        expect(all.toSorted((a, b) => a - b)).toEqual(placement.map((_, shard) => shard));
        expect(uncovered).toEqual(placement.flatMap((n, shard) => (n.length === 0 ? [shard] : [])));
        expect(parts.size).toBe(leastNodes(placement));
        for (const shards of parts.values()) {
          expect(shards).toEqual(shards.toSorted((a, b) => a - b));
          expect(shards.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('of equally good choices takes the node that has least to do', () => {
    const placement = Array.from({ length: 6 }, () => [1, 2, 3]);
    const loads = [0, 5, 2, 9];
    const { parts } = cover(placement, (node) => loads[node] ?? 0);
    expect([...parts.keys()]).toEqual([2]);
  });

  test('shares shards out evenly where several nodes are needed', () => {
    const { parts } = cover([[1], [2], [1, 2], [1, 2], [1, 2], [1, 2]]);
    expect([...parts.values()].map(({ length }) => length)).toEqual([3, 3]);
  });

  test('of a large cluster is found soon, and good', () => {
    const placement = Array.from({ length: 64 }, (_, shard) =>
      [0, 1, 2].map((place) => ((shard * 7 + place * 13) % 60) + 1),
    );
    const { parts, uncovered } = cover(placement);
    expect(uncovered).toEqual([]);
    expect(parts.size).toBeLessThanOrEqual(40);
  });
});
