import type { Entry, LogIndex } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Message } from './message.ts';
import type { ReplicaId } from './configuration.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';

/** A read may be served once the state machine has applied `index`. */
export interface ReadState {
  readonly context: number;
  readonly index: LogIndex;
}

/** A peer needs entries that are compacted away: the host sends it a state as of `minIndex` or later, and says how that went (`reportSnapshot`). */
export interface SnapshotWanted {
  readonly to: ReplicaId;
  /** The log holds everything behind it. */
  readonly minIndex: LogIndex;
}

/**
 * What the host is to do for a replica, in order of numbers:
 *
 * 1. `messages` may be sent at once (a leader's entries travel while its own disk writes, thesis 10.2.1).
 * 2. `hardState`, `entries` and `snapshot` are written in one atomic, ordered step; with fsync where `mustSync` (a commit index alone does not need it, unless
 *    a change of the configuration waits for it).
 * 3. Only when that is durable, and all earlier ones are: `onPersisted(number)`, which acknowledges them too, and then `messagesAfterPersist` are sent. A
 *    Ready with nothing to write waits for the earlier ones likewise.
 * 4. `committed` entries, in order over all Readys, go to the state machine; `onApplied` tells how far it came. They are durable here already.
 */
export interface Ready {
  /** Rises by one. */
  readonly number: number;
  readonly hardState: HardState | undefined;
  /** To be appended; they replace everything from the first one's index on. */
  readonly entries: readonly Entry[];
  /** A staged snapshot to be installed; replaces the log up to its index, and all of it unless the log has the entry with its id. */
  readonly snapshot: SnapshotMeta | undefined;
  readonly messages: readonly Message[];
  readonly messagesAfterPersist: readonly Message[];
  readonly committed: readonly Entry[];
  readonly readStates: readonly ReadState[];
  /** Once for each time that a peer begins to wait for a snapshot. */
  readonly snapshotsWanted: readonly SnapshotWanted[];
  readonly mustSync: boolean;
}
