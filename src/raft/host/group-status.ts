import type { RaftStatus } from '../core/raft-status.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { NodeNumber } from '../transport/transport.ts';
import type { SnapshotCounts } from './snapshot-counts.ts';

/** A group on this node that takes part. */
export interface OpenGroupStatus {
  readonly state: 'open';
  readonly group: GroupId;
  readonly raft: RaftStatus;
  /** Where the leader is; 0: not known. */
  readonly leaderNode: NodeNumber;
  /** Committed and not applied here: entries, and bytes of those that the state machine waits for. */
  readonly unappliedEntries: number;
  readonly unappliedBytes: number;
  /** Callers who wait. */
  readonly proposals: number;
  readonly reads: number;
  /** Messages that found no room. */
  readonly messagesDropped: number;
  /** Replicas that a snapshot is being sent to. */
  readonly snapshotsSent: readonly ReplicaId[];
  /** Bytes of a snapshot that is arriving; undefined: none is. */
  readonly snapshotBytesReceived: number | undefined;
  readonly snapshotCounts: Readonly<SnapshotCounts>;
}

/** A group whose log or state is damaged: silent, it neither votes nor acknowledges until it is removed and made again as another replica. */
export interface CorruptGroupStatus {
  readonly state: 'corrupt';
  readonly group: GroupId;
  readonly replica: ReplicaId;
  /** For people. */
  readonly damage: string;
}

/** A group on this node, at this moment. */
export type GroupStatus = OpenGroupStatus | CorruptGroupStatus;
