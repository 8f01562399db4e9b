import type { Configuration } from './configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from './entry.ts';
import type { HardState } from './hard-state.ts';

/**
 * The durable log of one replica as the core reads it: synchronously. It holds what was appended and acknowledged to the core, and perhaps what was
 * handed over and is not acknowledged yet; the core looks there only for the former.
 */
export interface LogReader {
  /** As it was when the log was opened. */
  readonly hardState: HardState;
  /** The configuration as of `appliedIndex` of the state machine that the host opened with it. */
  readonly configuration: Configuration;
  /** The entry before {@link firstIndex}: what compaction or an installed snapshot took away ends with it. */
  readonly compacted: EntryId;
  /** `compacted.index + 1`, where there may be no entry yet. */
  readonly firstIndex: LogIndex;
  /** `firstIndex - 1` when there is no entry. */
  readonly lastIndex: LogIndex;
  /** Of an entry, or of the compacted one; undefined for any other index. */
  term(index: LogIndex): Term | undefined;
  /**
   * Entries `from` up to, not including, `to`, all of which are there; fewer where their data would exceed `bytesMax`, but at least one.
   */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[];
}
