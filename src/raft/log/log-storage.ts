import type { ReplicaId } from '../core/configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from '../core/entry.ts';
import type { HardState } from '../core/hard-state.ts';

/** Numbers the groups of a cluster. */
export type GroupId = number;

/** What one group writes in a batch; all of it or none is there after a crash. The parts take effect in the order of the fields. */
export interface GroupWrite {
  readonly group: GroupId;
  /** The group begins on this node, as this replica; it must have no log here, or a destroyed one of a smaller replica id. */
  readonly create?: ReplicaId;
  /** The log starts anew behind this entry; entries that follow from it (its id is in the log) stay, all others go. */
  readonly snapshot?: {
    readonly last: EntryId;
    /** Which staged state belongs to it: names it at start. */ readonly generation: number;
  };
  readonly hardState?: HardState;
  /** Replace everything from the first one's index on. */
  readonly entries?: readonly Entry[];
  /** Forgets entries up to this one, which stays as the compacted id. Need not be durable at once. */
  readonly compactTo?: LogIndex;
  /** The group is gone from this node for good: its replica id, and smaller ones, never come back. */
  readonly destroy?: true;
}

/** What happened to a group's log on this node. `corrupt`: part of what was acknowledged may be missing, so the replica may neither vote nor acknowledge. */
export type GroupLogState = 'open' | 'corrupt' | 'destroyed';

/** One group's log, readable synchronously; see `LogReader` of the core, which this and the state machine's configuration make up. */
export interface GroupLog {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly state: GroupLogState;
  /** Why it is corrupt, for people. */
  readonly damage: string | undefined;
  readonly hardState: HardState;
  /** Of the last installed snapshot; 0: none. */
  readonly generation: number;
  readonly compacted: EntryId;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  term(index: LogIndex): Term | undefined;
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[];
}

/**
 * The logs of all groups of a node: one ordered stream. A batch is durable when its promise resolves (or, without `sync`, with the next synced one);
 * batches become durable in the order of the calls. Several may be under way; what they write can be read from the call on.
 *
 * An error of a write or a sync is final: every call that follows rejects, and the process has to end.
 */
export interface LogStorage extends AsyncDisposable {
  /** Every group that ever was on this node, destroyed ones included, ascending. */
  readonly groups: readonly GroupLog[];
  group(group: GroupId): GroupLog | undefined;
  append(writes: readonly GroupWrite[], options: { readonly sync: boolean }): Promise<void>;
  /** Bytes on disk, and in how many files. */
  readonly usage: { readonly bytes: number; readonly files: number };
}
