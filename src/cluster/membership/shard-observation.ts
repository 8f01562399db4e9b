import type { PeerProgress } from '../../raft/core/raft-status.ts';
import type { ReplicaId } from '../../raft/core/configuration.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { GroupReport, NodeReport } from '../call/node-report.ts';

/** A group that takes part. */
export type OpenGroupReport = Extract<GroupReport, { state: 'open' }>;

/** What nodes say of one group, put together. */
export interface GroupObservation {
  readonly group: GroupId;
  /** Who leads it in the highest term; undefined: nobody that was heard. */
  readonly leader: { readonly node: NodeNumber; readonly report: OpenGroupReport } | undefined;
  /** By node. */
  readonly reports: ReadonlyMap<NodeNumber, GroupReport>;
}

/** Every group that somebody speaks of. */
export function observeGroups(
  reports: readonly NodeReport[],
): ReadonlyMap<GroupId, GroupObservation> {
  const byGroup = new Map<GroupId, Map<NodeNumber, GroupReport>>();
  for (const { node, groups } of reports) {
    for (const report of groups) {
      const known = byGroup.get(report.group) ?? new Map<NodeNumber, GroupReport>();
      byGroup.set(report.group, known.set(node, report));
    }
  }
  return new Map(
    [...byGroup].map(([group, known]) => [
      group,
      { group, reports: known, leader: leaderOf(known) },
    ]),
  );
}

/** A replica as its own node tells it; undefined: it was not heard of, or is damaged. */
export function openReplica(
  { reports }: GroupObservation,
  replica: ReplicaId,
): OpenGroupReport | undefined {
  const report = reports.get(nodeOf(replica));
  return report?.state === 'open' && report.replica === replica ? report : undefined;
}

/** A replica as the group's leader sees it; undefined: nobody leads, or it is no member. */
export function progressOf(
  { leader }: GroupObservation,
  replica: ReplicaId,
): PeerProgress | undefined {
  return leader?.report.progress.find((each) => each.replica === replica);
}

/** Entries that a replica does not have and its leader has; undefined: not known. */
export function entriesBehind(
  observation: GroupObservation,
  replica: ReplicaId,
): number | undefined {
  const { leader } = observation;
  if (leader?.report.replica === replica) return 0;
  const progress = progressOf(observation, replica);
  if (leader === undefined || progress === undefined) return undefined;
  return Math.max(0, leader.report.lastIndex - progress.match);
}

/** Whether a replica takes entries as they come and is at most so many behind. */
export function isCaughtUp(
  observation: GroupObservation,
  replica: ReplicaId,
  lagMax: number,
): boolean {
  const progress = progressOf(observation, replica);
  const behind = entriesBehind(observation, replica);
  return (
    behind !== undefined &&
    behind <= lagMax &&
    progress?.state === 'replicate' &&
    progress.recentlyActive
  );
}

function leaderOf(reports: ReadonlyMap<NodeNumber, GroupReport>): GroupObservation['leader'] {
  let best: GroupObservation['leader'];
  for (const [node, report] of reports) {
    if (report.state !== 'open' || report.role !== 'leader') continue;
    if (best === undefined || report.term > best.report.term) best = { node, report };
  }
  return best;
}
