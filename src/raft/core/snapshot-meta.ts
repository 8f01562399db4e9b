import type { Configuration } from './configuration.ts';
import type { EntryId } from './entry.ts';

/** Which state a snapshot holds: everything applied up to an entry, and the configuration there. The state itself travels apart from the log. */
export interface SnapshotMeta extends EntryId {
  readonly configuration: Configuration;
}
