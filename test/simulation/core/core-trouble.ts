import type { ConfigurationStep } from '../../../src/raft/core/configuration.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream } from '../world/random-streams.ts';
import { type Direction, direction } from '../world/simulated-links.ts';
import { CORE_ACTS, type CoreAct } from './core-options.ts';
import type { CoreReplica } from './core-replica.ts';

/** A cluster that agrees, and what may be done to it. */
export interface TroubledCluster {
  readonly queue: EventQueue;
  readonly random: RandomStream;
  /** The shortest time without a leader after which a replica stands. */
  readonly timeoutMs: number;
  readonly replicas: readonly CoreReplica[];
  readonly tell: (replica: CoreReplica, label: string, what: () => void) => void;
  readonly perform: (act: CoreAct) => void;
  readonly cut: (blocked: ReadonlySet<Direction>) => void;
}

/**
 * One thing goes wrong where all is well: such states are rare at the end of a long row of faults, and later faults often mend what earlier ones broke, so
 * that whoever would be stuck for ever is not.
 *
 * @returns how long it takes, in milliseconds; then all is to be healed
 */
export function makeTrouble(cluster: TroubledCluster): number {
  const { random, perform, timeoutMs } = cluster;
  const kind = random.next();
  if (kind < 0.4) {
    muteSuccessor(cluster);
  } else if (kind < 0.6) {
    return shrinkAndForget(cluster);
  } else {
    for (let left = random.below(4); left >= 0; left -= 1) perform(random.pick(CORE_ACTS));
  }
  return random.exponential(2 * timeoutMs);
}

/** Leadership is handed to a voter whose words do not get out: it has a newer term, and nobody hears of it (trap 8). */
function muteSuccessor({ random, replicas, tell, cut }: TroubledCluster): void {
  const leader = leaderOf(replicas);
  const successor = random.pick(leader?.node?.configuration.voters ?? [0]);
  if (leader === undefined || successor === 0) return;
  tell(leader, 'hand over', () => leader.node?.transferLeadership(successor));
  const others = replicas.filter(({ replica }) => replica !== successor);
  cut(new Set(others.map(({ replica }) => direction(successor, replica))));
}

/** All voters but one are removed, under load, and that one or everyone stops while the word goes round: it must find out that it needs nobody else. */
function shrinkAndForget(cluster: TroubledCluster): number {
  const { queue, random, replicas, tell, perform } = cluster;
  const leader = leaderOf(replicas);
  const voters = leader?.node?.configuration.voters ?? [];
  if (leader === undefined || voters.length < 2) return 0;
  const left = random.pick(voters);
  const steps = voters
    .filter((voter) => voter !== left)
    .map((replica): ConfigurationStep => ({ kind: 'remove', replica }));
  tell(leader, 'shrink', () => {
    leader.node?.proposeConfiguration({ steps, leave: 'auto', context: new Uint8Array(0) });
  });
  const meanMs = random.pick([1, 5, 20, 100]);
  for (let count = random.below(10); count > 0; count -= 1) {
    queue.schedule(random.exponential(meanMs), 'propose', () => {
      tell(leader, 'propose', () => leader.node?.propose(Buffer.from(`more ${count}`)));
    });
  }
  const stopMs = random.exponential(2 * meanMs);
  const isFull = random.happens(0.5);
  queue.schedule(stopMs, 'stop', () => {
    const last = replicas.find(({ replica }) => replica === left);
    if (isFull) perform('fullStop');
    else if (last?.process !== undefined) last.crash();
  });
  return stopMs + random.exponential(cluster.timeoutMs);
}

function leaderOf(replicas: readonly CoreReplica[]): CoreReplica | undefined {
  return replicas.find(({ node }) => node?.role === 'leader');
}
