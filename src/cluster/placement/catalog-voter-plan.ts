import type { Configuration, ConfigurationStep, ReplicaId } from '../../raft/core/configuration.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { MemberNode } from '../catalog/cluster-state.ts';
import { conditionOf, type NodeCondition, type PlacementInput } from './placement-input.ts';

/** More would make each change of the catalog wait for more nodes, and hardly make its loss less likely. */
const VOTERS_MAX = 5;

/** All that the catalog's voters are chosen by. */
export interface CatalogVoterInput extends Pick<PlacementInput, 'state' | 'conditions'> {
  /** Who leads the catalog. */
  readonly leader: NodeNumber;
  /** Of the catalog's group, as its leader has applied it. */
  readonly configuration: Configuration;
  /** By node: its replica of the catalog, as it reports; of others, the one in the configuration stands. */
  readonly replicas: ReadonlyMap<NodeNumber, ReplicaId>;
  /** Whether a learner has nearly all that the leader has. */
  readonly isCaughtUp: (replica: ReplicaId) => boolean;
}

/** Who is to decide about the catalog, and the next change on the way. */
export interface CatalogVoterPlan {
  /** Nodes that should be voters; ascending. */
  readonly voters: readonly NodeNumber[];
  /** One change of the configuration; empty: nothing to do now, also while a joint change is under way. */
  readonly steps: readonly ConfigurationStep[];
}

/**
 * The largest odd number of members, at most five, decides; all other nodes that are not gone learn. Nodes that are alive come first, then as many zones as
 * can be, then those that decide already, then those that joined first. The leader stays before all others: where one is to decide alone, another might be dead
and not be missed yet. A node begins as a learner, and decides only when it has caught up.
 */
export function planCatalogVoters(input: CatalogVoterInput): CatalogVoterPlan {
  const nodes = [...input.state.nodes.values()].filter(({ state }) => state !== 'gone');
  const replicas = new Map(nodes.map(({ number }) => [number, replicaOf(input, number)]));
  const members = nodes.filter(({ number }) => isMember(input, number));
  const size = odd(Math.min(VOTERS_MAX, members.length));
  const chosen = choose(input, members, size);
  const voters = chosen.toSorted((a, b) => a - b);
  const { configuration } = input;
  if (configuration.outgoing.length > 0 || size === 0) return { voters, steps: [] };
  const ready = chosen
    .map((node) => replicas.get(node) ?? 0)
    .filter((replica) => configuration.voters.includes(replica) || isReady(input, replica));
  const deciders = ready.length === size ? ready : ready.slice(0, odd(ready.length));
  // Those that are to go are no reason to wait for more.
  const staying = configuration.voters.map(nodeOf).filter((node) => isMember(input, node));
  const isStep = ready.length === size || deciders.length > staying.length;
  const known = new Set([...replicas.values()].filter((replica) => replica !== 0));
  return { voters, steps: stepsTo(configuration, known, isStep ? deciders : undefined) };
}

/** @param deciders - who is to decide; undefined: as it is */
function stepsTo(
  { voters, learners }: Configuration,
  known: ReadonlySet<ReplicaId>,
  deciders: readonly ReplicaId[] | undefined,
): readonly ConfigurationStep[] {
  const wanted = new Set(deciders ?? voters);
  const step = (kind: ConfigurationStep['kind']) => (replica: ReplicaId) => ({ kind, replica });
  const isNew = (replica: ReplicaId): boolean =>
    !voters.includes(replica) && !learners.includes(replica);
  const demoted = voters.filter((replica) => !wanted.has(replica));
  return [
    ...[...wanted].filter((replica) => !voters.includes(replica)).map(step('addVoter')),
    ...demoted.filter((replica) => known.has(replica)).map(step('addLearner')),
    ...demoted.filter((replica) => !known.has(replica)).map(step('remove')),
    ...[...known].filter((replica) => isNew(replica)).map(step('addLearner')),
    ...learners.filter((replica) => !known.has(replica)).map(step('remove')),
  ];
}

const RANK: Readonly<Record<NodeCondition, number>> = { alive: 0, silent: 1, lost: 2 };

/** The best so many, the best of them first. */
function choose(
  input: CatalogVoterInput,
  members: readonly MemberNode[],
  size: number,
): readonly NodeNumber[] {
  const decides = new Set(input.configuration.voters.map(nodeOf));
  const inZone = new Map<string, number>();
  const left = new Set(members);
  const chosen: NodeNumber[] = [];
  // Taking from the zone with the fewest each time gives the most even spread.
  while (chosen.length < size && left.size > 0) {
    const [best] = [...left].toSorted((a, b) => {
      const rank = (node: MemberNode): readonly number[] => [
        node.number === input.leader ? 0 : 1,
        RANK[conditionOf(input, node.number)],
        inZone.get(node.zone) ?? 0,
        decides.has(node.number) ? 0 : 1,
        node.number,
      ];
      return compare(rank(a), rank(b));
    });
    if (best === undefined) break;
    left.delete(best);
    inZone.set(best.zone, (inZone.get(best.zone) ?? 0) + 1);
    chosen.push(best.number);
  }
  return chosen;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((rank, at) => rank !== b[at]);
  return (a[place] ?? 0) - (b[place] ?? 0);
}

/** The node's replica; 0: it has none that is known. */
function replicaOf({ replicas, configuration }: CatalogVoterInput, node: NodeNumber): ReplicaId {
  const configured = [...configuration.voters, ...configuration.learners].filter(
    (replica) => nodeOf(replica) === node,
  );
  return replicas.get(node) ?? Math.max(0, ...configured);
}

function isMember({ state }: CatalogVoterInput, node: NodeNumber): boolean {
  return state.nodes.get(node)?.state === 'member';
}

function isReady({ configuration, isCaughtUp }: CatalogVoterInput, replica: ReplicaId): boolean {
  return configuration.learners.includes(replica) && isCaughtUp(replica);
}

/** The largest odd number that is no larger; 0 for 0. */
function odd(count: number): number {
  return count === 0 ? 0 : count - ((count + 1) % 2);
}
