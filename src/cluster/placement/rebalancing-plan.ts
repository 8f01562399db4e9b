import type { NodeNumber } from '../../raft/transport/transport.ts';
import { replicasWanted } from '../catalog/move-changes.ts';
import { type SpreadItem, spreadItems } from './item-spread.ts';
import { conditionOf, type PlacementInput, takers } from './placement-input.ts';
import type { ShardSurvey } from './shard-survey.ts';
import type { WantedMove } from './wanted-move.ts';
import { zonesOf } from './zones.ts';

/**
 * The fewest moves that spread replicas over zones and make counts even, none if `rebalancing` is off; those from the fullest nodes to the emptiest first.
 * Shards that have a replica which is silent or to be replaced elsewhere stay as they are and count. Those that move already are planned for as they will be: were they
 * taken to stay, others would move in their place.
 *
 * @param targets - by shard: where replicas will be once all repairs are done
 */
export function planRebalancing(
  input: PlacementInput,
  surveys: readonly ShardSurvey[],
  targets: readonly (readonly NodeNumber[])[],
): readonly WantedMove[] {
  if (!input.state.rebalancing) return [];
  const wanted = replicasWanted(input.state);
  const candidates = takers(input);
  const items = surveys.map((survey, shard): SpreadItem => {
    if (isWhole(input, survey, wanted)) {
      return { fixed: [], movable: survey.nodes, candidates, count: wanted };
    }
    const fixed = targets[shard] ?? [];
    return { fixed, movable: [], candidates: [], count: fixed.length };
  });
  const spread = spreadItems(items, zonesOf(input.state));
  const moves = items.flatMap(({ movable }, shard) =>
    movable.length === 0 ? [] : pairs(input, shard, movable, spread[shard] ?? []),
  );
  const counts = countsOf(items);
  const gap = ({ add = 0, remove = 0 }: WantedMove): number =>
    (counts.get(remove) ?? 0) - (counts.get(add) ?? 0);
  return moves.toSorted((a, b) => gap(b) - gap(a));
}

/** Whether a shard may move for balance once the move that is under way has ended: a damaged replica is made anew where it is before that. */
function isWhole(input: PlacementInput, { nodes }: ShardSurvey, wanted: number): boolean {
  const isMember = (node: NodeNumber): boolean =>
    input.state.nodes.get(node)?.state === 'member' && conditionOf(input, node) === 'alive';
  return nodes.length === wanted && nodes.every(isMember);
}

/** Within a zone where it can be, so that no step on the way is worse for zones. */
function pairs(
  input: PlacementInput,
  shard: number,
  from: readonly NodeNumber[],
  to: readonly NodeNumber[],
): readonly WantedMove[] {
  const zoneOf = zonesOf(input.state);
  const removes = from.filter((node) => !to.includes(node));
  const adds = to.filter((node) => !from.includes(node));
  const moves: WantedMove[] = [];
  const join = (fits: (add: NodeNumber, remove: NodeNumber) => boolean): void => {
    for (const remove of removes.slice()) {
      const place = adds.findIndex((add) => fits(add, remove));
      if (place < 0) continue;
      const [add = 0] = adds.splice(place, 1);
      removes.splice(removes.indexOf(remove), 1);
      moves.push({ shard, reason: 'rebalance', add, remove });
    }
  };
  join((add, remove) => zoneOf(add) === zoneOf(remove));
  join(() => true);
  return moves;
}

function countsOf(items: readonly SpreadItem[]): ReadonlyMap<NodeNumber, number> {
  const counts = new Map<NodeNumber, number>();
  for (const { fixed, movable } of items) {
    for (const node of [...fixed, ...movable]) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}
