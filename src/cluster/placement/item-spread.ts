import { assert, must } from '../../base/assert.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { shortestNegativeCycle } from './negative-cycle.ts';

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
 * This is a flow of least cost from items through zones to nodes. It begins with what is, and cancels cycles of negative cost (Klein 1967). They are looked for
 * among nodes alone, each pair of them joined by its cheapest shift. Shifts of one item through the same zone, or between zones, do not cost together what
 * they cost apart; but joined the other way round they make two shorter cycles that do not cost more, so the shortest cycle never has any.
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
  /** By two nodes: an item that goes from one to the other at the least cost, -1 if none can; and that cost. */
  readonly #best: Int32Array;
  readonly #bestCost: Float64Array;

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
    this.#best = new Int32Array(this.#numbers.length ** 2).fill(-1);
    this.#bestCost = new Float64Array(this.#numbers.length ** 2);
    this.#eachPair((from, to) => this.#seek(from, to, Number.NEGATIVE_INFINITY));
  }

  /** Ascending, by item. */
  nodes(): readonly (readonly NodeNumber[])[] {
    return this.#has.map((row) => this.#numbers.filter((_, at) => row[at] === 1));
  }

  /** Carries out one change for the better; false where there is none. */
  improve(): boolean {
    const { length } = this.#numbers;
    const cycle = shortestNegativeCycle(this.#edgeCosts(), length + 1);
    if (cycle === undefined) return false;
    const shifts = cycle.flatMap((from, place): Shift[] => {
      const to = cycle[(place + 1) % cycle.length] ?? from;
      if (from === length || to === length) return [];
      return [{ item: this.#best[from * length + to] ?? -1, from, to }];
    });
    for (const { item, from, to } of shifts) {
      this.#change(item, from, 0);
      this.#change(item, to, 1);
    }
    const changed = new Set(shifts.map(({ item }) => item));
    this.#eachPair((from, to) => this.#refresh(from, to, changed));
    return true;
  }

  /** Of the cheapest shifts, and of counts to and from the last vertex. */
  #edgeCosts(): Float64Array {
    const { length } = this.#numbers;
    const size = length + 1;
    const cost = new Float64Array(size ** 2).fill(Number.POSITIVE_INFINITY);
    this.#eachPair((from, to) => {
      cost[from * size + to] = this.#bestCost[from * length + to] ?? 0;
    });
    for (const [at, count] of this.#counts.entries()) {
      cost[length * size + at] = -(count - 1) * this.#countCost;
      cost[at * size + length] = count * this.#countCost;
    }
    return cost;
  }

  #eachPair(visit: (from: number, to: number) => void): void {
    const { length } = this.#numbers;
    for (let from = 0; from < length; from += 1) {
      for (let to = 0; to < length; to += 1) if (from !== to) visit(from, to);
    }
  }

  /** After some items changed: the others cost what they did. */
  #refresh(from: number, to: number, changed: ReadonlySet<number>): void {
    const at = from * this.#numbers.length + to;
    if (changed.has(this.#best[at] ?? -1)) {
      const low = Math.min(...[...changed].map((item) => this.#costOf(item, from, to)));
      this.#seek(from, to, Math.min(low, this.#bestCost[at] ?? 0));
      return;
    }
    for (const item of changed) {
      const cost = this.#costOf(item, from, to);
      if (cost >= (this.#bestCost[at] ?? 0)) continue;
      this.#best[at] = item;
      this.#bestCost[at] = cost;
    }
  }

  /** Looks through the items for the cheapest shift, and no further once one costs so little that none can cost less. */
  #seek(from: number, to: number, enough: number): void {
    const at = from * this.#numbers.length + to;
    const { length } = this.#has;
    // Those before the last one found cost more, or were taken.
    const start = Math.max(0, this.#best[at] ?? 0);
    let [best, bestCost] = [-1, Number.POSITIVE_INFINITY];
    for (let step = 0; step < length && bestCost > enough; step += 1) {
      const item = (start + step) % length;
      const cost = this.#costOf(item, from, to);
      if (cost < bestCost) [best, bestCost] = [item, cost];
    }
    this.#best[at] = best;
    this.#bestCost[at] = bestCost;
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

  /** Of the zones of the item and of moving it, counts aside; infinite where it cannot go from the one to the other. */
  #costOf(item: number, from: number, to: number): number {
    const [has, may, isHome] = [this.#has[item], this.#mayCome[item], this.#isHome[item]];
    const fits = has?.[from] === 1 && has[to] === 0 && may?.[from] === 1 && may[to] === 1;
    if (!fits) return Number.POSITIVE_INFINITY;
    const moves = (isHome?.[from] ?? 0) - (isHome?.[to] ?? 0);
    const [zoneFrom = 0, zoneTo = 0] = [this.#zones[from], this.#zones[to]];
    if (zoneFrom === zoneTo) return moves;
    const inZone = this.#inZone[item];
    return moves + ((inZone?.[zoneTo] ?? 0) - (inZone?.[zoneFrom] ?? 0) + 1) * this.#zoneCost;
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
