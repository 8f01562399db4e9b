import type { ReplicaId } from './configuration.ts';
import type { Leadership } from './leadership.ts';

/** Follows whoever leads the term. */
export interface Following {
  readonly role: 'follower';
  /** 0: not known. */
  leader: ReplicaId;
}

/** Asks for votes, or whether it would get them (thesis 3.4, 9.6). */
export interface Standing {
  readonly role: 'preCandidate' | 'candidate';
  /** Answers so far. */
  readonly votes: Map<ReplicaId, boolean>;
  /** The leader wants this election. */
  readonly isTransfer: boolean;
}

/** What a replica is in its term, and what it knows only as such. */
export type RoleState = Following | Standing | Leadership;
