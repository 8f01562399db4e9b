import type { RaftHostLimits } from '../../../src/raft/host/raft-host-limits.ts';
import {
  drawDisk,
  drawLimits,
  drawWeights,
  type FateAct,
  type OperatorAct,
} from '../cluster/cluster-options.ts';
import { drawLinks } from '../core/core-options.ts';
import { PARTITION_SHAPES, type PartitionShape } from '../world/partition.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { DiskOptions } from '../world/simulated-disk.ts';
import { CALM_LINKS, type LinkOptions } from '../world/simulated-links.ts';
import type { ChunkOptions } from '../world/simulated-transport.ts';

/** What an operator does to a cluster of whole nodes. `recycle`: a node that is gone gets a new disk, and joins again. */
export const MEMBER_ACTS = [
  'join',
  'leave',
  'cancelLeave',
  'rebalance',
  'cancelRebalance',
  'recycle',
  'stopGracefully',
  'digest',
] as const;
export type MemberAct = (typeof MEMBER_ACTS)[number];

/** What a simulation of whole nodes is like; drawn from its seed. */
export interface NodesSwarm {
  /** Named by `initial_peers`; the first of them founds the cluster. */
  readonly founders: number;
  /** Machines that join later. */
  readonly spares: number;
  readonly shards: number;
  readonly replicaCount: number;
  readonly replaceAfterMs: number;
  readonly movesMax: number;
  readonly lagMax: number;
  /** Whether harm begins only when the cluster has come to rest. */
  readonly formsInPeace: boolean;
  readonly links: LinkOptions;
  readonly chunks: ChunkOptions;
  readonly disk: DiskOptions;
  readonly segmentBytesMax: number;
  readonly cacheBytesMax: number;
  /** Of what shards' states do on the disk. */
  readonly stateMeanMs: number;
  readonly limits: RaftHostLimits;
  readonly shapes: readonly PartitionShape[];
  readonly timeoutMs: number;
  readonly clients: number;
  readonly keys: number;
  readonly readChance: number;
  readonly catalogChance: number;
  readonly sessionChance: number;
  readonly batchMax: number;
  readonly clientMeanMs: number;
  readonly fateMeanMs: number;
  readonly memberMeanMs: number;
  readonly weights: Readonly<Record<FateAct | OperatorAct | MemberAct, number>>;
  readonly drifts: boolean;
}

/** As of hosts alone, but such that a catalog fits and the many groups of a node leave time for other things. */
function drawNodeLimits(random: RandomStream): RaftHostLimits {
  const heartbeatTicks = 1 + random.below(2);
  const electionTicks = heartbeatTicks * random.pick([5, 8]);
  return {
    ...drawLimits(random),
    tickMs: random.pick([50, 100]),
    heartbeatTicks,
    electionTicks,
    ticksAtOnceMax: 1 + random.below(electionTicks - 1),
    commandBytesMax: 65_536,
    uncommittedBytesMax: random.pick([65_536, 1_000_000]),
    proposalsMax: random.pick([16, 1000]),
    inboxMessagesMax: random.pick([32, 1000]),
    messagesPerTurnMax: random.pick([8, 1000]),
    pendingReadsMax: 4 + random.below(16),
    sessionsMax: random.pick([8, 64]),
    snapshotChunkBytes: random.pick([512, 8192]),
    snapshotBytesPerSecondMax: random.pick([100_000, 10_000_000]),
    outcomeWaitTicks: 10 + random.below(60),
  };
}

function drawMemberWeights(random: RandomStream): NodesSwarm['weights'] {
  const some = (most: number): number => (random.happens(0.3) ? 0 : random.between(0, most));
  return {
    ...drawWeights(random),
    crash: some(0.7),
    misread: 0,
    wipe: some(1),
    rot: some(0.7),
    join: random.between(0.3, 1.5),
    leave: some(0.7),
    cancelLeave: some(0.2),
    rebalance: some(1),
    cancelRebalance: some(0.2),
    recycle: random.between(0.3, 1.5),
    stopGracefully: some(0.3),
    digest: some(0.3),
  };
}

/** Draws what a simulation is like. */
export function drawNodesSwarm(random: RandomStream): NodesSwarm {
  const founders = random.pick([1, 3, 3, 3]);
  const spares = founders === 1 ? 2 + random.below(2) : random.below(3);
  const isQuiet = random.happens(0.15);
  return {
    founders,
    spares,
    shards: random.pick([1, 2, 2, 3, 4]),
    replicaCount: random.pick([1, 2, 3, 3, 3, 3]),
    replaceAfterMs: random.pick([4000, 10_000, 60_000]),
    movesMax: 1 + random.below(3),
    lagMax: random.pick([2, 16, 128]),
    formsInPeace: random.happens(0.6),
    links: isQuiet ? CALM_LINKS : drawLinks(random),
    chunks: {
      resetChance: random.happens(0.5) ? random.between(0, 0.2) : 0,
      timeoutMs: random.pick([200, 1000, 5000]),
    },
    disk: drawDisk(random),
    segmentBytesMax: random.pick([4096, 65_536]),
    cacheBytesMax: random.pick([0, 1000, 1_000_000]),
    stateMeanMs: random.pick([0.1, 1, 10]),
    limits: drawNodeLimits(random),
    shapes: PARTITION_SHAPES.filter(() => random.happens(0.6)),
    timeoutMs: random.pick([1000, 3000, 10_000]),
    clients: 2 + random.below(4),
    keys: 2 + random.below(4),
    readChance: random.pick([0.3, 0.5, 0.6]),
    catalogChance: random.pick([0.02, 0.1, 0.3]),
    sessionChance: random.pick([0, 0.3]),
    batchMax: random.pick([1, 3]),
    clientMeanMs: random.pick([20, 60, 200]),
    fateMeanMs: random.pick([300, 700, 2000]),
    memberMeanMs: random.pick([500, 1500, 4000]),
    weights: drawMemberWeights(random),
    drifts: random.happens(0.5),
  };
}
