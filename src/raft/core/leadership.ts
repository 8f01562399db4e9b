import { ByteWindow } from './byte-window.ts';
import type { Configuration, ReplicaId } from './configuration.ts';
import { membersOf } from './configuration-change.ts';
import type { LogIndex } from './entry.ts';
import { Progress } from './progress.ts';
import type { RaftOptions } from './raft-options.ts';
import { ReadIndexQueue } from './read-index-queue.ts';

/** What a replica knows only while it leads; thrown away as a whole when it steps down. */
export class Leadership {
  readonly role = 'leader';
  /** Every other member, in the order of ids. */
  peers: ReadonlyMap<ReplicaId, Progress> = new Map();
  readonly reads: ReadIndexQueue;
  /** Own entries that are not committed. */
  readonly uncommitted: ByteWindow;
  /** No change of the configuration is proposed before this index is applied: of the newest change, or of the term's first entry (traps 3, 4). */
  configurationIndex: LogIndex = 0;
  heartbeatDue = false;
  /** Hands leadership over (thesis 3.10). */
  transfer: { readonly to: ReplicaId; ticks: number; isAsked: boolean } | undefined;
  /** Applied its own removal at `index`; leads until the round confirms that others know (trap 6). */
  farewell: { readonly index: LogIndex; readonly round: number } | undefined;
  readonly #replica: ReplicaId;
  readonly #options: RaftOptions;

  constructor(options: RaftOptions) {
    this.#replica = options.replica;
    this.#options = options;
    this.reads = new ReadIndexQueue(options.pendingReadsMax);
    this.uncommitted = new ByteWindow({
      itemsMax: Infinity,
      bytesMax: options.uncommittedBytesMax,
    });
  }

  /** Takes on the members of a configuration. Who is new is asked from the end of the log on, and counts as active until the next look. */
  follow(configuration: Configuration, last: LogIndex, newOnesActive: boolean): void {
    const { inflightMessagesMax, inflightBytesMax } = this.#options;
    const limits = { itemsMax: inflightMessagesMax, bytesMax: inflightBytesMax };
    const peers = new Map<ReplicaId, Progress>();
    for (const member of membersOf(configuration)) {
      if (member === this.#replica) continue;
      const before = this.peers.get(member);
      peers.set(member, before ?? new Progress(last + 1, newOnesActive, limits));
    }
    this.peers = peers;
  }
}
