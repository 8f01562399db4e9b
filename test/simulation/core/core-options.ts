import { PARTITION_SHAPES, type PartitionShape } from '../world/partition.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { LinkOptions } from '../world/simulated-links.ts';
import type { CorePace, CoreReplicaOptions } from './core-replica.ts';

/** What one seed's simulation of cores is like. Everything is drawn: a fault that is missing shows other bugs than one that is there. */
export interface CoreSwarm {
  readonly voters: number;
  readonly learners: number;
  /** Replicas that may be added later. */
  readonly spares: number;
  readonly links: LinkOptions;
  readonly pace: CorePace;
  readonly limits: CoreReplicaOptions['limits'];
  readonly shapes: readonly PartitionShape[];
  /** Replicas tick up to so many times more slowly than others. */
  readonly slownessMax: number;
  /** Mean milliseconds between proposals, reads, and acts of fate. */
  readonly proposalMeanMs: number;
  readonly readMeanMs: number;
  readonly actMeanMs: number;
  /** How often each act comes, relative to the others. */
  readonly weights: Readonly<Record<CoreAct, number>>;
  /** Entries that compaction leaves. */
  readonly keep: number;
  /** Applied entries after which a replica compacts by itself; Infinity: only when fate says so. */
  readonly compactEvery: number;
  /** Of the entries that are applied next: that the state machine stalls for some election timeouts before. */
  readonly applyStallChance: number;
  /** Of a state: that it comes again, some election timeouts later. */
  readonly lateStateChance: number;
  /** After everything agreed: how often something goes wrong once more, and everything has to agree again. */
  readonly troubles: number;
}

/** What fate does to a cluster of cores. */
export const CORE_ACTS = [
  'crash',
  'restart',
  'pause',
  'resume',
  'partition',
  'heal',
  'compact',
  'change',
  'transfer',
  'forgetLeader',
  'suspectLeader',
  'fullStop',
] as const;
export type CoreAct = (typeof CORE_ACTS)[number];

function weights(random: RandomStream): Record<CoreAct, number> {
  const some = (most: number): number => (random.happens(0.3) ? 0 : random.between(0, most));
  return {
    crash: some(1),
    restart: random.between(0.5, 3),
    pause: some(1),
    resume: random.between(0.5, 3),
    partition: some(1),
    heal: random.between(0.3, 2),
    compact: some(3),
    change: some(2),
    transfer: some(1),
    forgetLeader: some(0.2),
    suspectLeader: some(1),
    fullStop: some(0.05),
  };
}

/** The links of one seed. */
export function drawLinks(random: RandomStream): LinkOptions {
  const quiet = random.happens(0.2);
  const some = (most: number): number =>
    quiet || random.happens(0.4) ? 0 : random.between(0, most);
  const delayMinMs = random.between(0.1, 5);
  return {
    delayMinMs,
    delayMeanMs: delayMinMs + random.between(0.1, quiet ? 2 : 40),
    lossChance: some(0.2),
    duplicateChance: some(0.2),
    lateChance: some(0.5),
    lateMaxMs: random.between(100, 20_000),
    reorders: random.happens(0.5),
    capacity: random.happens(0.3) ? 2 + random.below(20) : 1000,
    clogChance: some(0.01),
    clogMeanMs: random.between(50, 3000),
  };
}

/** Draws what a simulation is like. */
export function drawCoreSwarm(random: RandomStream): CoreSwarm {
  const heartbeatTicks = 1 + random.below(3);
  const electionTicks = heartbeatTicks * random.pick([3, 5, 10]);
  const tickMs = random.between(10, 60);
  // What happens is spread by election timeouts, so that a seed sees many leaders whatever its pace.
  const timeoutMs = electionTicks * tickMs;
  return {
    voters: random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]),
    learners: random.below(3),
    spares: random.below(4),
    links: drawLinks(random),
    pace: {
      tickMs,
      persistMeanMs: random.pick([0, 0.5, 5, 50]),
      applyMeanMs: random.pick([0, 1, 20]),
      turnMeanMs: random.pick([0, 0, 0.5, 5]),
      applyStallMeanMs: 2 * timeoutMs,
    },
    limits: {
      heartbeatTicks,
      electionTicks,
      appendBytesMax: random.pick([1, 100, 10_000]),
      appendEntriesMax: 1 + random.below(10),
      inflightMessagesMax: 1 + random.below(8),
      inflightBytesMax: random.pick([50, 500, 100_000]),
      uncommittedBytesMax: random.pick([50, 500, 100_000]),
      applyingBytesMax: random.pick([20, 200, 100_000]),
      pendingReadsMax: 1 + random.below(16),
    },
    slownessMax: random.pick([1, 1, 2, 5]),
    shapes: PARTITION_SHAPES.filter(() => random.happens(0.6)),
    proposalMeanMs: timeoutMs * random.pick([0.03, 0.1, 0.5]),
    readMeanMs: timeoutMs * random.pick([0.05, 0.2, 1]),
    actMeanMs: timeoutMs * random.pick([0.2, 0.7, 2]),
    weights: weights(random),
    keep: random.below(10),
    // What is drawn from here on came later; seeds that are written down keep what they drew before.
    compactEvery: random.pick([Infinity, Infinity, 20, 5]),
    applyStallChance: random.pick([0, 0, 0.03]),
    lateStateChance: random.pick([0, 0, 0.5]),
    troubles: random.below(12),
  };
}
