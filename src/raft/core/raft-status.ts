import type { Configuration, ReplicaId } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';

/** What a replica is in its term; `preCandidate` has not begun one (thesis 9.6). */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** How entries are sent to a peer: one message at a time until its log is known; as they come; not at all while it takes a snapshot. */
export type ReplicationState = 'probe' | 'replicate' | 'snapshot';

/** What a leader knows of a peer. */
export interface PeerProgress {
  readonly replica: ReplicaId;
  readonly state: ReplicationState;
  /** Known to be in its log, durably. */
  readonly match: LogIndex;
  /** Sent next; greater than `match`. */
  readonly next: LogIndex;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly isPaused: boolean;
  readonly recentlyActive: boolean;
  readonly isLearner: boolean;
  /** The snapshot that it waits for is at least of this index; 0: none. */
  readonly pendingSnapshot: LogIndex;
}

/** A replica at this moment. */
export interface RaftStatus {
  readonly replica: ReplicaId;
  readonly role: Role;
  readonly term: Term;
  readonly vote: ReplicaId;
  /** 0: not known. */
  readonly leader: ReplicaId;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** Acknowledged to be durable here; 0 while an installed snapshot is not. */
  readonly durableIndex: LogIndex;
  readonly commitIndex: LogIndex;
  /** Committed and given to the host to be applied. */
  readonly handedOutIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  /** As of `appliedIndex`. */
  readonly configuration: Configuration;
  /** Of an installed snapshot that the state machine has not taken over; 0: none. */
  readonly restoringIndex: LogIndex;
  /** The replica that leadership is being handed to; 0: none. */
  readonly transferee: ReplicaId;
  /** Of a leader: no change of the configuration is proposed before it is applied; 0 otherwise. */
  readonly configurationIndex: LogIndex;
  /** It leads only until others know that it was removed. */
  readonly isLeaving: boolean;
  readonly uncommittedBytes: number;
  /** Reads that a leader has not answered yet. */
  readonly pendingReads: number;
  /** Of a leader, itself included, in the order of ids; empty otherwise. */
  readonly progress: readonly PeerProgress[];
}
