import { assert, must } from '../../base/assert.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { negativeCycle } from './negative-cycle.ts';

/** Something that is on some nodes, each of them at most once. */
export interface SpreadItem {
  /** Nodes that have it and keep it. */
  readonly fixed: readonly NodeNumber[];
  /** Nodes that have it and may give it up. */
  readonly movable: readonly NodeNumber[];
  /** Other nodes that may get it; those that have it are passed over. */
  readonly candidates: readonly NodeNumber[];
  /** How many nodes are to have it: no fewer than `fixed`, no more than there are in the three lists. */
  readonly count: number;
}

/** One item goes from one node to another. */
interface Shift {
  readonly item: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The nodes that should have each item, ascending. First each item is spread over zones as evenly as can be, then items over nodes as evenly as the zones
 * permit, then as few of them move as possible; all three exactly. The same input gives the same answer.
 *
 * This is a flow of least cost from items through zones to nodes. It begins with what is, and cancels cycles of negative cost; as an item costs the same
 * wherever it comes from, cycles are looked for among nodes alone, each pair of them joined by its cheapest shift.
 */
export function spreadItems(
  items: readonly SpreadItem[],
  zoneOf: (node: NodeNumber) => string,
): readonly (readonly NodeNumber[])[] {
  const spread = new Spread(items, zoneOf);
  // Each cycle makes the cost smaller by a whole number at least, so that this ends.
  while (spread.improve());
  return spread.nodes();
}

/** Which node has which item, as it is being improved. In the graph, the vertex behind the last node is the one that all counts come from and go to. */
class Spread {
  readonly #numbers: readonly NodeNumber[];
  readonly #zones: readonly number[];
  /** By item and node: whether it is there, may go from there at first, may come there and go again, and was there at first. */
  readonly #has: readonly Uint8Array[];
  readonly #mayGo: readonly Uint8Array[];
  readonly #mayCome: readonly Uint8Array[];
  readonly #isHome: readonly Uint8Array[];
  /** By item and zone. */
  readonly #inZone: readonly Int32Array[];
  /** By node. */
  readonly #counts: Int32Array;
  // A cycle passes each node once: so many moves never outweigh one of a count, nor so many counts one of a zone.
  readonly #countCost: number;
  readonly #zoneCost: number;

  constructor(items: readonly SpreadItem[], zoneOf: (node: NodeNumber) => string) {
    const all = items.flatMap(({ fixed, movable, candidates }) => [fixed, movable, candidates]);
    this.#numbers = [...new Set(all.flat())].sort((a, b) => a - b);
    const names = this.#numbers.map(zoneOf);
    const zones = [...new Set(names)];
    this.#zones = names.map((name) => zones.indexOf(name));
    const place = new Map(this.#numbers.map((node, at) => [node, at]));
    const flags = (of: (item: SpreadItem) => readonly NodeNumber[]): Uint8Array[] =>
      items.map((item) => {
        const row = new Uint8Array(this.#numbers.length);
        for (const node of of(item)) row[must(place.get(node), 'a known node')] = 1;
        return row;
      });
    this.#mayGo = flags(({ movable }) => movable);
    this.#mayCome = flags(({ fixed, movable, candidates }) => [
      ...movable,
      ...candidates.filter((node) => !fixed.includes(node)),
    ]);
    this.#isHome = flags(({ fixed, movable }) => [...fixed, ...movable]);
    this.#has = flags(({ fixed, movable }) => [...fixed, ...movable]);
    this.#inZone = items.map(() => new Int32Array(zones.length));
    this.#counts = new Int32Array(this.#numbers.length);
    this.#countCost = this.#numbers.length + 1;
    this.#zoneCost = this.#countCost * (items.length + 2);
    this.#begin(items);
  }

  /** Ascending, by item. */
  nodes(): readonly (readonly NodeNumber[])[] {
    return this.#has.map((row) => this.#numbers.filter((_, at) => row[at] === 1));
  }

  /** Carries out one change for the better; false where there is none. */
  improve(): boolean {
    const { length } = this.#numbers;
    const best = this.#bestShifts();
    const cost = new Float64Array((length + 1) ** 2).fill(Number.POSITIVE_INFINITY);
    for (let from = 0; from < length; from += 1) {
      for (let to = 0; to < length; to += 1) {
        const at = from * (length + 1) + to;
        const item = best[from * length + to] ?? -1;
        if (item >= 0) cost[at] = this.#costOf({ item, from, to });
      }
      const count = this.#counts[from] ?? 0;
      cost[length * (length + 1) + from] = -(count - 1) * this.#countCost;
      cost[from * (length + 1) + length] = count * this.#countCost;
    }
    const cycle = negativeCycle(cost, length + 1);
    if (cycle === undefined) return false;
    const shifts = cycle.flatMap((from, place): Shift[] => {
      const to = cycle[(place + 1) % cycle.length] ?? from;
      const item = from === length || to === length ? -1 : (best[from * length + to] ?? -1);
      return [{ item, from, to }];
    });
    for (const shift of this.#simple(shifts)) {
      if (shift.item >= 0) this.#carryOut(shift);
    }
    return true;
  }

  #begin(items: readonly SpreadItem[]): void {
    for (const item of items.keys()) {
      for (const at of this.#numbers.keys())
        if (this.#has[item]?.[at] === 1) this.#count(item, at, 1);
    }
    for (const [item, { count }] of items.entries()) {
      const has = must(this.#has[item], 'a row');
      let size = has.reduce((sum, each) => sum + each, 0);
      for (; size < count; size += 1) this.#change(item, this.#cheapest(item, 0), 1);
      for (; size > count; size -= 1) this.#change(item, this.#cheapest(item, 1), 0);
    }
  }

  /** Where an item would best come or go, by zone, then by count. */
  #cheapest(item: number, has: 0 | 1): number {
    const may = has === 0 ? this.#mayCome : this.#mayGo;
    let [best, bestCost] = [-1, Number.POSITIVE_INFINITY];
    for (const at of this.#numbers.keys()) {
      if (may[item]?.[at] !== 1 || this.#has[item]?.[at] !== has) continue;
      const inZone = this.#inZone[item]?.[this.#zones[at] ?? 0] ?? 0;
      const cost = inZone * this.#zoneCost + (this.#counts[at] ?? 0) * this.#countCost;
      const wanted = has === 0 ? cost : -cost;
      if (wanted < bestCost) [best, bestCost] = [at, wanted];
    }
    assert(best >= 0, 'an item has no more nodes than there are, and no fewer than are fixed');
    return best;
  }

  /** By two nodes: the item that goes from one to the other at the least cost; -1: none can. */
  #bestShifts(): Int32Array {
    const { length } = this.#numbers;
    const best = new Int32Array(length * length).fill(-1);
    const costs = new Float64Array(length * length).fill(Number.POSITIVE_INFINITY);
    for (const [item, has] of this.#has.entries()) {
      const mayCome = must(this.#mayCome[item], 'a row');
      for (let from = 0; from < length; from += 1) {
        if (has[from] !== 1 || mayCome[from] !== 1) continue;
        for (let to = 0; to < length; to += 1) {
          if (has[to] === 1 || mayCome[to] !== 1) continue;
          const cost = this.#costOf({ item, from, to });
          const at = from * length + to;
          if (cost < (costs[at] ?? 0)) {
            costs[at] = cost;
            best[at] = item;
          }
        }
      }
    }
    return best;
  }

  /** Of the zones of the item and of moving it; counts aside. */
  #costOf({ item, from, to }: Shift): number {
    const isHome = this.#isHome[item];
    const moves = (isHome?.[from] ?? 0) - (isHome?.[to] ?? 0);
    const [zoneFrom = 0, zoneTo = 0] = [this.#zones[from], this.#zones[to]];
    if (zoneFrom === zoneTo) return moves;
    const inZone = this.#inZone[item];
    return moves + ((inZone?.[zoneTo] ?? 0) - (inZone?.[zoneFrom] ?? 0) + 1) * this.#zoneCost;
  }

  /**
   * A part of the cycle that costs what its shifts cost one by one. Two shifts of one item through the same zone, or between zones, do not; they are joined the
   * other way round, which makes two cycles of no greater cost together.
   */
  #simple(cycle: readonly Shift[]): readonly Shift[] {
    for (const [i, first] of cycle.entries()) {
      for (const [j, second] of cycle.entries()) {
        if (j <= i || first.item < 0 || first.item !== second.item) continue;
        if (!this.#interfere(first, second)) continue;
        const { item } = first;
        const inner = [...cycle.slice(i + 1, j), { item, from: second.from, to: first.to }];
        const outer = [
          ...cycle.slice(0, i),
          { item, from: first.from, to: second.to },
          ...cycle.slice(j + 1),
        ];
        return this.#simple(this.#total(inner) < this.#total(outer) ? inner : outer);
      }
    }
    return cycle;
  }

  #interfere(a: Shift, b: Shift): boolean {
    const zones = ({ from, to }: Shift): readonly [number, number] => [
      this.#zones[from] ?? 0,
      this.#zones[to] ?? 0,
    ];
    const [aFrom, aTo] = zones(a);
    const [bFrom, bTo] = zones(b);
    const [aStays, bStays] = [aFrom === aTo, bFrom === bTo];
    if (aStays && bStays) return false;
    if (!aStays && !bStays) return true;
    return aStays ? aFrom === bFrom || aFrom === bTo : bFrom === aFrom || bFrom === aTo;
  }

  #total(cycle: readonly Shift[]): number {
    const source = this.#numbers.length;
    let cost = 0;
    for (const shift of cycle) {
      if (shift.from === source) cost -= ((this.#counts[shift.to] ?? 0) - 1) * this.#countCost;
      else if (shift.to === source) cost += (this.#counts[shift.from] ?? 0) * this.#countCost;
      else cost += this.#costOf(shift);
    }
    return cost;
  }

  #carryOut({ item, from, to }: Shift): void {
    this.#change(item, from, 0);
    this.#change(item, to, 1);
  }

  #change(item: number, at: number, has: 0 | 1): void {
    const row = must(this.#has[item], 'a row');
    assert(row[at] !== has, 'an item comes where it is not, and goes from where it is');
    row[at] = has;
    this.#count(item, at, has === 1 ? 1 : -1);
  }

  #count(item: number, at: number, by: 1 | -1): void {
    const zone = this.#zones[at] ?? 0;
    const inZone = must(this.#inZone[item], 'a row');
    inZone[zone] = (inZone[zone] ?? 0) + by;
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }
}
