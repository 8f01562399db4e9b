import { VectorDbError } from '../../base/error.ts';
import type { Clock } from '../../base/clock.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ShardCommand } from '../../sharding/shard-command.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import { type ClusterState, groupOfShard } from '../catalog/cluster-state.ts';
import type { NodeCondition } from '../placement/placement-input.ts';
import type { ActionSlots } from './action-slots.ts';
import type { MembershipLog } from './membership-log.ts';
import type { MembershipSettings } from './membership-options.ts';
import type { ReportCollector } from './report-collector.ts';
import type { GroupObservation } from './shard-observation.ts';

/** What every part of the driver stands on. */
export interface DriverContext {
  readonly clock: Clock;
  readonly log: MembershipLog;
  readonly settings: MembershipSettings;
  readonly host: RaftHost;
  readonly caller: NodeCaller;
  readonly collector: ReportCollector;
  readonly slots: ActionSlots;
  /** Has the catalog here, which leads, apply a command. @throws {VectorDbError} as it was refused */
  readonly propose: (command: ClusterCommand, signal: AbortSignal) => Promise<ClusterCommandResult>;
  readonly proposeToShard: (
    shard: number,
    command: ShardCommand,
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** What one round of a driver sees. */
export interface DriverRound {
  readonly state: ClusterState;
  readonly conditions: ReadonlyMap<NodeNumber, NodeCondition>;
  readonly groups: ReadonlyMap<GroupId, GroupObservation>;
  /** Aborted when the leadership of the catalog is lost. */
  readonly signal: AbortSignal;
}

/** Name of the slot in which a shard's changes are made, one at a time. */
export const shardSlot = (shard: number): string => `shard ${shard}`;

/**
 * What is seen of a shard, unless it was seen before the last change of it ended: then nothing is to be decided yet.
 */
export function freshObservation(
  { slots, collector }: DriverContext,
  { groups }: DriverRound,
  shard: number,
): GroupObservation | undefined {
  const slot = shardSlot(shard);
  const observation = groups.get(groupOfShard(shard));
  if (!slots.isFree(slot) || observation?.leader === undefined) return undefined;
  const { askedMs } = collector.heard(observation.leader.node) ?? { askedMs: -Infinity };
  return askedMs >= slots.doneMs(slot) ? observation : undefined;
}

/** A result that nothing came of, as the error that it is. */
export function assertDone(result: ClusterCommandResult): ClusterCommandResult {
  if (result.kind !== 'refused') return result;
  throw new VectorDbError('FAILED_PRECONDITION', result.message);
}
