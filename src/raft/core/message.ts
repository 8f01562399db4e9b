import type { ReplicaId } from './configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from './entry.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';

interface Addressed {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  /** The sender's term; of a pre-vote and its granted answer, the term that the election would have. */
  readonly term: Term;
}

interface Voting extends Addressed {
  /**
   * An entry that the sender knows to be committed. Who has it learns so, whatever comes of the vote: the only one that may lead could otherwise need
   * votes of replicas that a change, which it has and does not know to be committed, has taken away.
   */
  readonly committed: EntryId;
}

/** Asks for a vote (thesis 3.4). `transfer`: the leader wants this election, so a live leader is no reason to ignore it (thesis 4.2.3). */
export interface VoteRequest extends Voting {
  readonly kind: 'vote';
  readonly last: EntryId;
  readonly transfer: boolean;
}
/** The answer to a vote request. */
export interface VoteReply extends Voting {
  readonly kind: 'voteReply';
  readonly granted: boolean;
}
/** Asks whether a vote would be granted; changes nothing at the receiver (thesis 9.6). */
export interface PreVoteRequest extends Voting {
  readonly kind: 'preVote';
  readonly last: EntryId;
}
/** The answer to a pre-vote; where it is not granted, `term` is the answerer’s own. */
export interface PreVoteReply extends Voting {
  readonly kind: 'preVoteReply';
  readonly granted: boolean;
}
/** AppendEntries (thesis 3.5): entries that follow `previous`. */
export interface AppendRequest extends Addressed {
  readonly kind: 'append';
  readonly previous: EntryId;
  readonly entries: readonly Entry[];
  /** The leader's commit index. */
  readonly commit: LogIndex;
}
/** The follower's log matches the leader's up to `index`, durably. */
export interface AppendAccepted extends Addressed {
  readonly kind: 'appendAccepted';
  readonly index: LogIndex;
}
/** The follower has no entry `rejected` with the leader's term; `hint` is the last place where the logs may agree. */
export interface AppendRejected extends Addressed {
  readonly kind: 'appendRejected';
  readonly rejected: LogIndex;
  readonly hint: EntryId;
}
/** `commit` is at most what the receiver is known to share; `context` numbers the newest read that asks for an answer, 0: none. */
export interface Heartbeat extends Addressed {
  readonly kind: 'heartbeat';
  readonly commit: LogIndex;
  readonly context: number;
}
/** Repeats the context of the heartbeat it answers. */
export interface HeartbeatReply extends Addressed {
  readonly kind: 'heartbeatReply';
  readonly context: number;
}
/** The leader committed what the receiver is known to share, and has nothing else to say; wants no answer, since a heartbeat says the same soon. */
export interface CommitNotice extends Addressed {
  readonly kind: 'commit';
  readonly commit: LogIndex;
}
/** InstallSnapshot (thesis 5.3): for the host, which sends the state apart; at the receiver, that state is staged and complete. */
export interface SnapshotRequest extends Addressed {
  readonly kind: 'snapshot';
  readonly meta: SnapshotMeta;
}
/** A follower asks the leader for a read index (thesis 6.4); `context` is the asker's own number, never used twice while it runs. */
export interface ReadIndexRequest extends Addressed {
  readonly kind: 'readIndex';
  readonly context: number;
}
/** The leader’s answer: the read may be served once `index` is applied. */
export interface ReadIndexReply extends Addressed {
  readonly kind: 'readIndexReply';
  readonly context: number;
  readonly index: LogIndex;
}
/** The leader hands leadership over (thesis 3.10): stand for election at once. */
export interface TimeoutNow extends Addressed {
  readonly kind: 'timeoutNow';
}

/** What replicas of a group say to each other. */
export type Message =
  | VoteRequest
  | VoteReply
  | PreVoteRequest
  | PreVoteReply
  | AppendRequest
  | AppendAccepted
  | AppendRejected
  | Heartbeat
  | HeartbeatReply
  | CommitNotice
  | SnapshotRequest
  | ReadIndexRequest
  | ReadIndexReply
  | TimeoutNow;
