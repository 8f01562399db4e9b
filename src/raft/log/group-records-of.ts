import { must } from '../../base/assert.ts';
import type { Entry } from '../core/entry.ts';
import type { GroupRecord } from './group-record.ts';
import type { GroupLog, GroupWrite } from './log-storage.ts';

/** Entries of one record have about this many bytes at most, so that reading a few does not read many. */
const RUN_BYTES_MAX = 256 * 1024;

/**
 * The records that a write becomes: one, or several where entries are of several terms or many bytes. What depends on the log is decided here; the caller
 * carries each record out before it asks for the next.
 *
 * @param log - the group as it is before each record
 */
export function* groupRecordsOf(write: GroupWrite, log: GroupLog): Generator<GroupRecord> {
  const { group, create, snapshot, hardState, entries = [], compactTo, destroy } = write;
  const replica = create ?? log.replica;
  const nothing = {
    kind: 'write',
    group,
    replica,
    create: false,
    snapshot: undefined,
    hardState: undefined,
    entries: [],
    compactTo: undefined,
    destroy: false,
  } as const;
  const [first = [], ...others] = runsOf(entries);
  const keepsTail =
    create === undefined && log.term(snapshot?.last.index ?? 0) === snapshot?.last.term;
  const isMore =
    others.length > 0 ||
    destroy === true ||
    (compactTo !== undefined && compactTo > log.compacted.index);
  const isFirst =
    create !== undefined || snapshot !== undefined || hardState !== undefined || first.length > 0;
  if (isFirst || !isMore) {
    yield {
      ...nothing,
      create: create !== undefined,
      snapshot: snapshot && { ...snapshot, keepsTail },
      hardState,
      entries: first,
    };
  }
  for (const run of others) yield { ...nothing, entries: run };
  if (compactTo !== undefined && compactTo > log.compacted.index) {
    const term = must(log.term(compactTo), 'the log has the entry it is compacted to');
    yield { ...nothing, compactTo: { index: compactTo, term } };
  }
  if (destroy) yield { ...nothing, destroy: true };
}

/** Entries in parts of one term and not too many bytes. */
function runsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const runs: Entry[][] = [];
  let run: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.data.length;
    if (run.length > 0 && (bytes > RUN_BYTES_MAX || run[0]?.term !== entry.term)) {
      runs.push(run);
      run = [];
      bytes = entry.data.length;
    }
    run.push(entry);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
