import { must } from '../../base/assert.ts';
import type { EntryId, LogIndex, Term } from '../core/entry.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';

/** A committed command. */
export interface CommittedCommand {
  readonly index: LogIndex;
  readonly term: Term;
  readonly command: Uint8Array;
}

/**
 * A row of what the host keeps in the replicated state beside the machine's own: sessions, the configuration. Its value is bytes, or the result of the batch's
 * command at this place in `commands`; `undefined`: the row goes.
 */
export interface HostRow {
  readonly key: string;
  readonly value: Uint8Array | { readonly resultOf: number } | undefined;
}

/** A row with its value as it is kept. */
export interface KeptRow {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Rows as they are kept, once the batch's commands have their results. */
export function keptRows(
  rows: readonly HostRow[],
  results: readonly Uint8Array[],
): readonly KeptRow[] {
  return rows.map(({ key, value }) => {
    if (value === undefined || value instanceof Uint8Array) return { key, value };
    return { key, value: must(results[value.resultOf], 'a row names a command of its batch') };
  });
}

/** What is applied in one atomic step. Plain data: it may travel to another thread. */
export interface ApplyBatch {
  /** Ascending; without those that are no commands, or were applied before. */
  readonly commands: readonly CommittedCommand[];
  /** The entry that all of this goes up to: becomes the applied entry in the same step. */
  readonly last: EntryId;
  /** Rows of the host that change in the same step; each key once. */
  readonly rows: readonly HostRow[];
}

/** A consistent state that is being read, in pieces. */
export interface StateSnapshot extends AsyncDisposable {
  readonly last: EntryId;
  /** Bytes `offset` and on, at most `length`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A state that arrives and does not count yet. */
export interface StagedState {
  /** Never used before on this node; the log names it when the snapshot is installed. */
  readonly generation: number;
  /** Bytes written so far. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Checks and makes it durable; it may be activated after a restart. @throws {VectorDbError} DATA_CORRUPT */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * The replicated state of one group on one node. Deterministic and total: the same commands give the same state and results everywhere, and none throws.
 * Applied commands, host rows and the applied entry change together. A change need not be durable when it is done, but changes become durable in
 * order, so that a restart finds the state as it was after some batch.
 */
export interface StateMachine extends AsyncDisposable {
  /** What it holds; `LOG_START` when it is new. */
  readonly applied: EntryId;
  /** Host rows as they are now, by key; read once, at start or after {@link activate}. */
  hostRows(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** In the order of the calls, one at a time. The result of each command. */
  apply(batch: ApplyBatch): Promise<readonly Uint8Array[]>;
  /** Makes everything applied before the call durable; the index that is durable then. The log may be compacted up to there, not further. */
  flush(): Promise<LogIndex>;
  /** A consistent state as of now; nothing that is applied later shows. Host rows are part of it. */
  snapshot(): Promise<StateSnapshot>;
  /** Begins to take a state from elsewhere. */
  stage(meta: SnapshotMeta): Promise<StagedState>;
  /** The staged, finished state takes the place of this one, at once; called after the log has named its generation durably. Idempotent. */
  activate(generation: number): Promise<void>;
  /** Of everything that is replicated: equal on all replicas at the same applied entry. */
  digest(): Promise<string>;
}

/** Opens state machines of groups. */
export interface StateMachineFactory {
  /**
   * @param generation - what the log names; 0: no snapshot was ever installed. Staged states with another generation are discarded.
   */
  open(group: number, generation: number): Promise<StateMachine>;
  /** Removes everything of a group for good. */
  destroy(group: number): Promise<void>;
}
