import type { NodeNumber } from '../../raft/transport/transport.ts';

/** Which node answers for which shards. */
export interface ReadCover {
  /** By node: shards, ascending. */
  readonly parts: ReadonlyMap<NodeNumber, readonly number[]>;
  /** Shards that no node can answer for, ascending. */
  readonly uncovered: readonly number[];
}

/** What is asked for, and who has it. */
export interface ReadCoverInput {
  /** Shards that are asked for. */
  readonly shards: readonly number[];
  /** Nodes that can answer for a shard. */
  readonly holders: (shard: number) => readonly NodeNumber[];
  /** What a node has to do at present; of equally good choices the one with less is taken. */
  readonly load: (node: NodeNumber) => number;
}

/** Choices that are looked at before the best found so far has to do. */
const STEPS_MAX = 20_000;

/**
 * Gives each shard to one node that can answer for it, with as few nodes as possible and their shards shared out evenly. For as many nodes and shards as a
 * cluster has the number of nodes is the least there is; a search that would take too long ends with a good one.
 */
export function coverShards(input: ReadCoverInput): ReadCover {
  const { shards, holders, load } = input;
  const open = new Map<number, readonly NodeNumber[]>();
  const uncovered: number[] = [];
  for (const shard of shards) {
    const nodes = holders(shard);
    if (nodes.length === 0) uncovered.push(shard);
    else open.set(shard, nodes);
  }
  const chosen = new SmallestCover(open, load).find();
  return { parts: shareOut(open, chosen, load), uncovered: uncovered.sort(ascending) };
}

const ascending = (a: number, b: number): number => a - b;

/** Looks for the fewest nodes that have all shards: a shard with few holders first, each of its holders in turn. */
class SmallestCover {
  readonly #shards: readonly (readonly [shard: number, holders: readonly NodeNumber[]])[];
  readonly #load: (node: NodeNumber) => number;
  readonly #held = new Map<NodeNumber, Set<number>>();
  #best: readonly NodeNumber[];
  #steps = 0;

  constructor(
    holders: ReadonlyMap<number, readonly NodeNumber[]>,
    load: (node: NodeNumber) => number,
  ) {
    this.#load = load;
    this.#shards = [...holders].toSorted(([, a], [, b]) => a.length - b.length);
    for (const [shard, nodes] of this.#shards) {
      for (const node of nodes) {
        const held = this.#held.get(node) ?? new Set();
        this.#held.set(node, held.add(shard));
      }
    }
    this.#best = this.#greedy();
  }

  find(): ReadonlySet<NodeNumber> {
    this.#search([], new Set());
    return new Set(this.#best);
  }

  /** Always the node that has most of what is left. */
  #greedy(): NodeNumber[] {
    const left = new Set(this.#shards.map(([shard]) => shard));
    const chosen: NodeNumber[] = [];
    while (left.size > 0) {
      const gain = (node: NodeNumber): number =>
        [...(this.#held.get(node) ?? [])].filter((shard) => left.has(shard)).length;
      const [best] = [...this.#held.keys()].toSorted(
        (a, b) => gain(b) - gain(a) || this.#load(a) - this.#load(b),
      );
      if (best === undefined) break;
      chosen.push(best);
      for (const shard of this.#held.get(best) ?? []) left.delete(shard);
    }
    return chosen;
  }

  #search(chosen: readonly NodeNumber[], covered: ReadonlySet<number>): void {
    this.#steps += 1;
    const next = this.#shards.find(([shard]) => !covered.has(shard));
    if (next === undefined) {
      if (this.#isBetter(chosen)) this.#best = chosen;
      return;
    }
    if (chosen.length >= this.#best.length || this.#steps > STEPS_MAX) return;
    for (const node of next[1]) {
      this.#search([...chosen, node], new Set([...covered, ...(this.#held.get(node) ?? [])]));
    }
  }

  #isBetter(chosen: readonly NodeNumber[]): boolean {
    if (chosen.length !== this.#best.length) return chosen.length < this.#best.length;
    return this.#loadOf(chosen) < this.#loadOf(this.#best);
  }

  #loadOf(nodes: readonly NodeNumber[]): number {
    return nodes.reduce((sum, node) => sum + this.#load(node), 0);
  }
}

/** Each shard goes to the chosen node that has least to do; those with one choice first. */
function shareOut(
  holders: ReadonlyMap<number, readonly NodeNumber[]>,
  chosen: ReadonlySet<NodeNumber>,
  load: (node: NodeNumber) => number,
): ReadonlyMap<NodeNumber, readonly number[]> {
  const parts = new Map<NodeNumber, number[]>();
  const choices = [...holders]
    .map(([shard, nodes]) => ({ shard, nodes: nodes.filter((node) => chosen.has(node)) }))
    .toSorted((a, b) => a.nodes.length - b.nodes.length || a.shard - b.shard);
  const sizeOf = (node: NodeNumber): number => parts.get(node)?.length ?? 0;
  for (const { shard, nodes } of choices) {
    const [best] = nodes.toSorted((a, b) => sizeOf(a) - sizeOf(b) || load(a) - load(b) || a - b);
    if (best === undefined) continue;
    parts.set(best, [...(parts.get(best) ?? []), shard]);
  }
  for (const part of parts.values()) part.sort(ascending);
  return parts;
}
