import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { Move, ReplicaPlacement } from '../catalog/cluster-state.ts';
import { conditionOf, type PlacementInput, replicaKey } from './placement-input.ts';

/** How a shard's replicas are; each is in one of the four lists, in the order of nodes. */
export interface ShardSurvey {
  readonly shard: number;
  readonly epoch: number;
  /** The one that is under way. */
  readonly move: Move | undefined;
  /** Where its replicas are once the move that is under way has ended. */
  readonly nodes: readonly NodeNumber[];
  readonly size: number;
  /** On members that may stay; of them, some may be silent. */
  readonly sound: readonly NodeNumber[];
  /** Damaged, on members that are alive and can take a new one in its place. */
  readonly renewable: readonly NodeNumber[];
  /** Of no use: on nodes that are gone or lost, or damaged where none can take its place. */
  readonly spent: readonly NodeNumber[];
  /** On leaving nodes. */
  readonly draining: readonly NodeNumber[];
  /** Those of all lists that can vote now. */
  readonly live: ReadonlySet<NodeNumber>;
  /** A majority is live, so that its replicas can change. */
  readonly hasQuorum: boolean;
}

/** Looks at all shards, in their order. */
export function surveyShards(input: PlacementInput): readonly ShardSurvey[] {
  const moves = new Map([...input.state.moves.values()].map((move) => [move.shard, move]));
  return input.state.shards.map((_, shard) => surveyShard(input, shard, moves.get(shard)));
}

/** How many of so many voters are a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

type Verdict = 'sound' | 'renewable' | 'spent' | 'draining';

function surveyShard(input: PlacementInput, shard: number, move: Move | undefined): ShardSurvey {
  const { epoch = 0, replicas = [] } = input.state.shards[shard] ?? {};
  const lists: Record<Verdict, NodeNumber[]> = {
    sound: [],
    renewable: [],
    spent: [],
    draining: [],
  };
  const live = new Set<NodeNumber>();
  for (const replica of replicas) {
    const isDamaged = input.corrupt.has(replicaKey(shard, replica.replica));
    lists[verdictOn(input, replica, isDamaged)].push(replica.node);
    if (!isDamaged && isLive(input, replica.node)) live.add(replica.node);
  }
  return {
    shard,
    epoch,
    move,
    nodes: nodesAfter(replicas, move),
    size: replicas.length,
    ...lists,
    live,
    hasQuorum: live.size >= majorityOf(replicas.length),
  };
}

function verdictOn(input: PlacementInput, { node }: ReplicaPlacement, isDamaged: boolean): Verdict {
  const state = input.state.nodes.get(node)?.state ?? 'gone';
  const condition = conditionOf(input, node);
  if (state === 'gone' || condition === 'lost') return 'spent';
  if (isDamaged) return state === 'member' && condition === 'alive' ? 'renewable' : 'spent';
  return state === 'leaving' ? 'draining' : 'sound';
}

function isLive(input: PlacementInput, node: NodeNumber): boolean {
  const state = input.state.nodes.get(node)?.state ?? 'gone';
  return state !== 'gone' && conditionOf(input, node) === 'alive';
}

function nodesAfter(
  replicas: readonly ReplicaPlacement[],
  move: Move | undefined,
): readonly NodeNumber[] {
  const nodes = new Set(replicas.map(({ node }) => node));
  if (move?.step === 'adding' || move?.step === 'switching') {
    if (move.remove !== undefined) nodes.delete(move.remove.node);
    if (move.add !== undefined) nodes.add(move.add.node);
  }
  return [...nodes].sort((a, b) => a - b);
}
