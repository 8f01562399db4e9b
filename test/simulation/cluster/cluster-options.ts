import {
  DEFAULT_RAFT_HOST_LIMITS,
  type RaftHostLimits,
} from '../../../src/raft/host/raft-host-limits.ts';
import { drawLinks } from '../core/core-options.ts';
import { PARTITION_SHAPES, type PartitionShape } from '../world/partition.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { DiskOptions } from '../world/simulated-disk.ts';
import { CRASH_FATES } from '../world/simulated-inode.ts';
import type { LinkOptions } from '../world/simulated-links.ts';
import type { ChunkOptions } from '../world/simulated-transport.ts';

/** What fate does to a cluster; what the operator does is {@link OPERATOR_ACTS}. */
export const FATE_ACTS = [
  'crash',
  'restart',
  'pause',
  'resume',
  'partition',
  'mend',
  'slowDisk',
  'stallDisk',
  'fillDisk',
  'failWrite',
  'failSync',
  'misread',
  'rot',
  'wipe',
  'clockJump',
  'clockDrift',
  'fullStop',
] as const;
export type FateAct = (typeof FATE_ACTS)[number];

/** What an operator does to a cluster. */
export const OPERATOR_ACTS = ['change', 'transfer', 'digest', 'stopGracefully'] as const;
export type OperatorAct = (typeof OPERATOR_ACTS)[number];

/** What one seed's simulation is like. Everything is drawn: a fault that is missing shows other bugs than one that is there. */
export interface ClusterSwarm {
  readonly nodes: number;
  readonly groups: number;
  /** Of each group at first. */
  readonly voters: number;
  readonly learners: number;
  readonly links: LinkOptions;
  readonly chunks: ChunkOptions;
  readonly disk: DiskOptions;
  readonly segmentBytesMax: number;
  /** Bytes of entries that a log keeps in memory. */
  readonly cacheBytesMax: number;
  readonly stateMeanMs: number;
  readonly limits: RaftHostLimits;
  readonly shapes: readonly PartitionShape[];
  readonly clients: number;
  /** Keys that the clients of a group share. */
  readonly keys: number;
  readonly sessionChance: number;
  readonly readChance: number;
  /** Mean milliseconds between what one client does, between acts of fate and of the operator. */
  readonly clientMeanMs: number;
  readonly fateMeanMs: number;
  readonly operatorMeanMs: number;
  readonly weights: Readonly<Record<FateAct | OperatorAct, number>>;
  /** Bytes that commands are filled up with, at most. */
  readonly paddingMax: number;
  readonly drifts: boolean;
}

/** How often each act comes. */
export function drawWeights(random: RandomStream): ClusterSwarm['weights'] {
  const some = (most: number): number => (random.happens(0.35) ? 0 : random.between(0, most));
  return {
    crash: some(1),
    restart: random.between(1, 4),
    pause: some(0.6),
    resume: random.between(0.5, 3),
    partition: some(1),
    mend: random.between(0.3, 2),
    slowDisk: some(0.3),
    stallDisk: some(0.2),
    fillDisk: some(0.1),
    failWrite: some(0.2),
    failSync: some(0.2),
    misread: some(0.3),
    rot: some(1.2),
    wipe: some(0.5),
    clockJump: some(0.2),
    clockDrift: some(0.2),
    fullStop: some(0.03),
    change: random.between(0, 3),
    transfer: some(1),
    digest: some(0.3),
    stopGracefully: some(0.2),
  };
}

/** Small bounds, so that they are met. */
export function drawLimits(random: RandomStream): RaftHostLimits {
  const heartbeatTicks = 1 + random.below(3);
  const electionTicks = heartbeatTicks * random.pick([4, 6, 10]);
  const commandBytesMax = 4096;
  const limits = {
    ...DEFAULT_RAFT_HOST_LIMITS,
    tickMs: random.pick([20, 50, 50, 100]),
    electionTicks,
    heartbeatTicks,
    ticksAtOnceMax: 1 + random.below(electionTicks - 1),
    appendBytesMax: random.pick([1, 300, 100_000]),
    appendEntriesMax: random.pick([1, 4, 64]),
    inflightMessagesMax: 1 + random.below(8),
    inflightBytesMax: random.pick([300, 100_000]),
    commandBytesMax,
    uncommittedBytesMax: random.pick([commandBytesMax, 100_000]),
    applyingBytesMax: random.pick([1000, 100_000]),
    pendingReadsMax: 1 + random.below(16),
    proposalsMax: random.pick([4, 1000]),
    inboxMessagesMax: random.pick([8, 1000]),
    messagesPerTurnMax: random.pick([1, 8, 1000]),
    applyBatchBytesMax: random.pick([1, 500, 100_000]),
    logBatchesMax: 1 + random.below(2),
    stalledDiskMs: random.pick([2000, 10_000]),
    outcomeWaitTicks: 5 + random.below(60),
    readRetryTicks: 1 + random.below(10),
    readWaitTicks: 20 + random.below(60),
    sessionsMax: random.pick([1, 2, 3, 64]),
    snapshotChunkBytes: random.pick([64, 512, 8192]),
    snapshotBytesPerSecondMax: random.pick([20_000, 10_000_000]),
    snapshotsMax: 1 + random.below(2),
    snapshotIdleMs: random.pick([2000, 10_000]),
    snapshotRetryMs: random.pick([50, 500]),
    logEntriesKept: random.pick([0, 3, 20, 200]),
    logCompactionEntries: random.pick([1, 5, 30]),
    logPinnedBytesMax: random.pick([200, 5000, 100_000]),
  };
  return { ...limits, logBytesKept: 2 * limits.logPinnedBytesMax };
}

/** How a disk behaves. */
export function drawDisk(random: RandomStream): DiskOptions {
  return {
    writeMeanMs: random.pick([0.1, 0.5]),
    syncMeanMs: random.pick([0.2, 2, 20]),
    fates: CRASH_FATES.filter(() => random.happens(0.6)).concat(random.pick(CRASH_FATES)),
  };
}

/** Draws what a simulation is like. */
export function drawClusterSwarm(random: RandomStream): ClusterSwarm {
  const nodes = random.pick([3, 3, 4, 5, 5, 6, 7]);
  const voters = Math.min(nodes, random.pick([1, 2, 3, 3, 3, 4, 5, 5]));
  return {
    nodes,
    groups: random.pick([1, 1, 2, 3]),
    voters,
    learners: random.happens(0.3) ? random.below(nodes - voters + 1) : 0,
    links: drawLinks(random),
    chunks: {
      resetChance: random.happens(0.5) ? random.between(0, 0.3) : 0,
      timeoutMs: random.pick([200, 1000, 5000]),
    },
    disk: drawDisk(random),
    segmentBytesMax: random.pick([1024, 4096, 65_536]),
    cacheBytesMax: random.pick([0, 1000, 1_000_000]),
    stateMeanMs: random.pick([0, 1, 10]),
    limits: drawLimits(random),
    shapes: PARTITION_SHAPES.filter(() => random.happens(0.6)),
    clients: 1 + random.below(5),
    keys: 1 + random.below(4),
    sessionChance: random.pick([0, 0.3, 0.7]),
    readChance: random.pick([0.1, 0.4, 0.6]),
    clientMeanMs: random.pick([10, 50, 200]),
    fateMeanMs: random.pick([200, 700, 2000]),
    operatorMeanMs: random.pick([300, 1000, 4000]),
    weights: drawWeights(random),
    paddingMax: random.pick([0, 100, 3000]),
    drifts: random.happens(0.5),
  };
}
