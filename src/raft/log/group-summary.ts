import type { ReplicaId } from '../core/configuration.ts';
import { type EntryId, LOG_START, type LogIndex } from '../core/entry.ts';
import { type HardState, INITIAL_HARD_STATE } from '../core/hard-state.ts';
import type { StoredRecord } from './group-record.ts';
import type { GroupId, GroupLogState } from './log-storage.ts';

/** All that is known of a group but its entries: small enough to be written at the head of every file. */
export interface GroupSummary {
  readonly group: GroupId;
  replica: ReplicaId;
  state: GroupLogState;
  damage: string | undefined;
  hardState: HardState;
  generation: number;
  compacted: EntryId;
  lastIndex: LogIndex;
  /** Of the group's newest record; 0: there is none. */
  sequence: number;
  /** CRC of that record's header. */
  chain: number;
}

/** Of a group that was never on this node. */
export function newSummary(group: GroupId): GroupSummary {
  return {
    group,
    replica: 0,
    state: 'destroyed',
    damage: undefined,
    hardState: INITIAL_HARD_STATE,
    generation: 0,
    compacted: LOG_START,
    lastIndex: 0,
    sequence: 0,
    chain: 0,
  };
}

/** Carries out what a record says, but for the entries themselves. */
export function applyToSummary(
  summary: GroupSummary,
  record: Omit<StoredRecord, 'table'> & { readonly replica: ReplicaId },
  lastEntry: LogIndex | undefined,
): void {
  if (record.create) begin(summary, record.replica, 'open');
  const { snapshot, hardState, compactTo } = record;
  if (snapshot !== undefined) {
    summary.compacted = snapshot.last;
    summary.generation = snapshot.generation;
    if (!snapshot.keepsTail) summary.lastIndex = snapshot.last.index;
  }
  if (hardState !== undefined) summary.hardState = hardState;
  if (lastEntry !== undefined) summary.lastIndex = lastEntry;
  if (compactTo !== undefined) summary.compacted = compactTo;
  if (record.destroy) begin(summary, record.replica, 'destroyed');
}

function begin(summary: GroupSummary, replica: ReplicaId, state: GroupLogState): void {
  const { group, sequence, chain } = summary;
  Object.assign(summary, newSummary(group), { replica, state, sequence, chain });
}

/** Whether two summaries say the same of a group's state. */
export function isSameState(a: GroupSummary, b: GroupSummary): boolean {
  return (
    a.replica === b.replica &&
    a.state === b.state &&
    a.hardState.term === b.hardState.term &&
    a.hardState.vote === b.hardState.vote &&
    a.hardState.commit === b.hardState.commit &&
    a.generation === b.generation &&
    a.compacted.index === b.compacted.index &&
    a.compacted.term === b.compacted.term &&
    a.lastIndex === b.lastIndex
  );
}
