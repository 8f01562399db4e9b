import type { ReplicaId } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';

/** What a replica must not forget (thesis 3.4): durable before any message that follows from it. `vote` 0: none in this term. A lost `commit` is learnt again. */
export interface HardState {
  readonly term: Term;
  readonly vote: ReplicaId;
  readonly commit: LogIndex;
}

/** Of a replica that has seen nothing yet. */
export const INITIAL_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };
