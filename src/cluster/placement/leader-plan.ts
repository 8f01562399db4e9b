import type { NodeNumber } from '../../raft/transport/transport.ts';
import { type SpreadItem, spreadItems } from './item-spread.ts';
import { conditionOf, type PlacementInput } from './placement-input.ts';

/** Leadership of a shard is to be handed over. */
export interface LeaderTransfer {
  readonly shard: number;
  readonly from: NodeNumber;
  readonly to: NodeNumber;
}

/** All that leaders are spread by. */
export interface LeaderPlanInput extends Pick<PlacementInput, 'state' | 'conditions'> {
  /** By shard: the node that leads it; those without a known leader are missing. */
  readonly leaders: ReadonlyMap<number, NodeNumber>;
  /** Whether a node's replica has nearly all that the shard's leader has, and could lead at once. */
  readonly isCaughtUp: (shard: number, node: NodeNumber) => boolean;
  /** Nodes that refuse writes, as their disks are full for example. */
  readonly refusing: ReadonlySet<NodeNumber>;
  /** How many to hand over at once; 4 if absent. */
  readonly transfersMax?: number;
}

const TRANSFERS_MAX = 4;

/**
 * The transfers that make members lead as many shards each as can be, with as few of them as possible: a best assignment of shards to their voters, not only
 * the next step from the fullest. Empty when leaders are even already. A node that leaves or refuses writes leads only what no other node can; shards that move, or
 * whose leader does not answer, are left alone and count.
 */
export function planLeaders(input: LeaderPlanInput): readonly LeaderTransfer[] {
  const moving = new Set([...input.state.moves.values()].map(({ shard }) => shard));
  const led = [...input.leaders]
    .filter(([shard, leader]) => isAlive(input, leader) && shard in input.state.shards)
    .toSorted(([a], [b]) => a - b);
  const items = led.map(([shard, leader]) =>
    moving.has(shard) ? staying(leader) : itemOf(input, shard, leader),
  );
  const spread = spreadItems(items, () => '');
  const counts = new Map<NodeNumber, number>();
  for (const [, leader] of led) counts.set(leader, (counts.get(leader) ?? 0) + 1);
  return led
    .flatMap(([shard, from], place): LeaderTransfer[] => {
      const to = spread[place]?.[0] ?? from;
      return to === from ? [] : [{ shard, from, to }];
    })
    .toSorted((a, b) => (counts.get(b.from) ?? 0) - (counts.get(a.from) ?? 0))
    .slice(0, input.transfersMax ?? TRANSFERS_MAX);
}

function itemOf(input: LeaderPlanInput, shard: number, leader: NodeNumber): SpreadItem {
  const voters = input.state.shards[shard]?.replicas.map(({ node }) => node) ?? [];
  const mayLead = (node: NodeNumber): boolean =>
    input.state.nodes.get(node)?.state === 'member' && !input.refusing.has(node);
  const candidates = voters.filter(
    (node) =>
      node !== leader && mayLead(node) && isAlive(input, node) && input.isCaughtUp(shard, node),
  );
  if (candidates.length === 0) return staying(leader);
  if (mayLead(leader)) return { fixed: [], movable: [leader], candidates, count: 1 };
  return { fixed: [], movable: [], candidates, count: 1 };
}

const staying = (leader: NodeNumber): SpreadItem => ({
  fixed: [leader],
  movable: [],
  candidates: [],
  count: 1,
});

function isAlive(input: LeaderPlanInput, node: NodeNumber): boolean {
  return conditionOf(input, node) === 'alive';
}
