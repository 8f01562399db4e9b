import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../base/random.ts';
import { type SpreadItem, spreadItems } from './item-spread.ts';

const zones = (names: string) => (node: number) => names[node - 1] ?? '';

test('an item that is where it may stay does not move', () => {
  const even = [
    { fixed: [], movable: [1], candidates: [2], count: 1 },
    { fixed: [], movable: [2], candidates: [1], count: 1 },
  ];
  expect(spreadItems(even, zones('aa'))).toEqual([[1], [2]]);
});

test('an item grows to its count and shrinks to it', () => {
  const grows: SpreadItem = { fixed: [1], movable: [], candidates: [2, 3, 4], count: 3 };
  const shrinks: SpreadItem = { fixed: [], movable: [1, 2, 3], candidates: [], count: 1 };
  expect(spreadItems([grows, shrinks], zones('aabb'))[0]).toHaveLength(3);
  expect(spreadItems([grows, shrinks], zones('aabb'))[1]).toHaveLength(1);
  expect(spreadItems([], zones(''))).toEqual([]);
});

test('an item of more nodes than there are is a bug', () => {
  const item: SpreadItem = { fixed: [], movable: [1], candidates: [2], count: 3 };
  expect(() => spreadItems([item], zones('aa'))).toThrow('no more nodes than there are');
});

/** What is made small: pairs in a zone, pairs on a node, moves; in this order. */
type Cost = readonly [number, number, number];

function costOf(
  items: readonly SpreadItem[],
  spread: readonly (readonly number[])[],
  zoneOf: (node: number) => string,
): Cost {
  const pairs = (sizes: Iterable<number>): number =>
    [...sizes].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  const tally = (names: readonly (number | string)[]): number => {
    const counts = new Map<number | string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return pairs(counts.values());
  };
  return [
    spread.reduce((sum, nodes) => sum + tally(nodes.map(zoneOf)), 0),
    tally(spread.flat()),
    spread.reduce((sum, nodes, item) => {
      const home = [...(items[item]?.fixed ?? []), ...(items[item]?.movable ?? [])];
      return sum + nodes.filter((node) => !home.includes(node)).length;
    }, 0),
  ];
}

/** Tries everything. */
function leastCost(items: readonly SpreadItem[], zoneOf: (node: number) => string): Cost {
  let best: Cost = [Infinity, Infinity, Infinity];
  const visit = (spread: readonly (readonly number[])[]): void => {
    const item = items[spread.length];
    if (item === undefined) {
      const cost = costOf(items, spread, zoneOf);
      const at = cost.findIndex((part, place) => part !== best[place]);
      if (at >= 0 && (cost[at] ?? 0) < (best[at] ?? 0)) best = cost;
      return;
    }
    const free = [...new Set([...item.movable, ...item.candidates])].filter(
      (node) => !item.fixed.includes(node),
    );
    for (let mask = 0; mask < 2 ** free.length; mask += 1) {
      const nodes = [...item.fixed, ...free.filter((_, at) => (mask >> at) % 2 === 1)];
      if (nodes.length === item.count) visit([...spread, nodes]);
    }
  };
  visit([]);
  return best;
}

function randomItem(random: Random, nodes: number): SpreadItem {
  const kinds = Array.from({ length: nodes }, () => random.below(6));
  const of = (...wanted: readonly number[]): number[] =>
    kinds.flatMap((kind, at) => (wanted.includes(kind) ? [at + 1] : []));
  const candidates = random.below(2) === 0 ? of(2, 3, 4) : of(0, 2, 3, 4);
  const [fixed, movable] = [of(0), of(1, 2)];
  const all = new Set([...fixed, ...movable, ...candidates]).size;
  const count = fixed.length + random.below(all - fixed.length + 1);
  return { fixed, movable, candidates, count };
}

test('the spread is the best one there is: no other has fewer in a zone, then evener counts, then fewer moves', () => {
  for (let seed = 1; seed <= 1500; seed += 1) {
    const random = seededRandom(seed);
    const nodes = 2 + random.below(5);
    const names = Array.from({ length: nodes }, () => 'abc'[random.below(3)]).join('');
    const items = Array.from({ length: 1 + random.below(4) }, () => randomItem(random, nodes));
    const spread = spreadItems(items, zones(names));
    items.forEach(({ fixed, movable, candidates, count }, item) => {
      const on = spread[item] ?? [];
      expect(on).toHaveLength(count);
      expect(on).toEqual(expect.arrayContaining([...fixed]));
      expect([...fixed, ...movable, ...candidates]).toEqual(expect.arrayContaining([...on]));
    });
    const cost = costOf(items, spread, zones(names));
    expect([seed, cost]).toEqual([seed, leastCost(items, zones(names))]);
  }
});
