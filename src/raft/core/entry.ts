/** Numbers elections; rises only. 0: before the first election. A safe integer. */
export type Term = number;

/** A place in a group's log; the first entry is at 1, 0 is the place before it. A safe integer. */
export type LogIndex = number;

/** Which entry: two logs that have an entry with the same id agree on everything up to it (thesis 3.5, Log Matching). */
export interface EntryId {
  readonly term: Term;
  readonly index: LogIndex;
}

/** `command`: for the state machine; `configuration`: an encoded {@link ConfigurationChange}; `empty`: a new leader's first entry, and what a refused change became. */
export type EntryKind = 'command' | 'configuration' | 'empty';

/** An entry of the log. Its data is never changed or encoded again: the same bytes go to disk, to followers and to the state machine. */
export interface Entry extends EntryId {
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** The place before the first entry of every log. */
export const LOG_START: EntryId = { term: 0, index: 0 };
