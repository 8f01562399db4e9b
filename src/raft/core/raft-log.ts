import { assert, must } from '../../base/assert.ts';
import { ByteWindow } from './byte-window.ts';
import type { Entry, EntryId, LogIndex, Term } from './entry.ts';
import type { LogReader } from './log-reader.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';
import { UnstableLog } from './unstable-log.ts';

/** Bytes read at once where entries are only looked at. */
const SCAN_BYTES = 1 << 20;

/**
 * A replica's log as Raft sees it: what is not durable yet over what is, and three places in it that only rise: applied ≤ handed out to be applied ≤
 * committed. What is committed is handed out only once it is durable here (trap 24), and a change of the configuration only once it is durable too that
 * the change is committed: a replica that acted on it and forgot it could need the votes of those that it removed.
 */
export class RaftLog {
  readonly #durable: LogReader;
  readonly #unstable: UnstableLog;
  readonly #applying: ByteWindow;
  readonly #applyingBytesMax: number;
  #commit: LogIndex;
  #durableCommit: LogIndex;
  #awaitedCommit: LogIndex = 0;
  #applied: LogIndex;
  #handedOut: LogIndex;

  /** @param applied - what the state machine holds; the log must reach from there (trap 31, 32) */
  constructor(durable: LogReader, applied: LogIndex, applyingBytesMax: number) {
    assert(durable.compacted.index <= applied, 'the log begins where the state ends');
    assert(applied <= durable.lastIndex, 'the state is not ahead of its log');
    const { commit } = durable.hardState;
    assert(commit <= durable.lastIndex, 'what is committed here is in the log');
    this.#durable = durable;
    this.#unstable = new UnstableLog(durable.lastIndex);
    this.#applying = new ByteWindow({ itemsMax: Infinity, bytesMax: applyingBytesMax });
    this.#applyingBytesMax = applyingBytesMax;
    // A commit index alone is not written at once, so that the state may know more than it says.
    this.#commit = Math.max(commit, applied);
    this.#durableCommit = commit;
    this.#applied = applied;
    this.#handedOut = applied;
  }

  get firstIndex(): LogIndex {
    const { snapshot } = this.#unstable;
    return snapshot === undefined ? this.#durable.firstIndex : snapshot.index + 1;
  }
  get lastIndex(): LogIndex {
    return this.#unstable.lastIndex;
  }
  get last(): EntryId {
    const index = this.lastIndex;
    return { term: must(this.term(index), 'the last entry has a term'), index };
  }
  /** Everything up to it is durable here; 0 while an installed snapshot is not. */
  get durableIndex(): LogIndex {
    return this.#unstable.snapshot === undefined ? this.#unstable.offset - 1 : 0;
  }
  get commit(): LogIndex {
    return this.#commit;
  }
  /** The last entry that is known to be committed. */
  get committed(): EntryId {
    const index = this.#commit;
    return { term: must(this.term(index), 'what is committed is here'), index };
  }
  /** A change of the configuration waits for the commit index to be durable up to here; 0: none. */
  get awaitedCommit(): LogIndex {
    return this.#awaitedCommit;
  }
  get applied(): LogIndex {
    return this.#applied;
  }
  get handedOut(): LogIndex {
    return this.#handedOut;
  }
  get hasNew(): boolean {
    return this.#unstable.hasNew;
  }
  get hasCommitted(): boolean {
    const isHeld = this.#handedOut + 1 === this.#awaitedCommit;
    return this.#handedOut < this.#applicable && !isHeld && !this.#applying.isFull;
  }

  get #applicable(): LogIndex {
    return Math.min(this.#commit, this.durableIndex);
  }

  /** Of an entry, or of the one before the first; undefined for any other index. */
  term(index: LogIndex): Term | undefined {
    if (index > this.lastIndex || index < this.firstIndex - 1) return undefined;
    return this.#unstable.term(index) ?? this.#durable.term(index);
  }

  has({ index, term }: EntryId): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends with `last` misses nothing of this one that could be committed (thesis 3.6.1, trap 17). */
  isUpToDate(last: EntryId): boolean {
    const own = this.last;
    return last.term > own.term || (last.term === own.term && last.index >= own.index);
  }

  /** Entries `from` up to, not including, `to`, all of which are there; fewer where their data would exceed `bytesMax`, but at least one. */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(this.firstIndex <= from && from < to, 'entries that are not compacted away');
    const { offset } = this.#unstable;
    const found = from < offset ? this.#read(from, Math.min(to, offset), bytesMax) : [];
    const next = from + found.length;
    if (next === to || next < offset) return found;
    const entries = [...found];
    let bytes = bytesOf(found);
    for (const entry of this.#unstable.entries(next, to)) {
      bytes += entry.data.length;
      if (bytes > bytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    return entries;
  }

  /** A leader's own entries, at the end. */
  append(entries: readonly Entry[]): void {
    assert(entries[0]?.index === this.lastIndex + 1, 'a leader never replaces its entries');
    this.#unstable.append(entries);
  }

  /**
   * Takes a leader's entries that follow `previous` (thesis 3.5). Only from the first one that differs on is anything replaced, so that an old message
   * takes nothing away (trap 12).
   *
   * @returns the last index that is now known to match; undefined when the log does not have `previous`
   */
  follow(previous: EntryId, entries: readonly Entry[]): LogIndex | undefined {
    if (!this.has(previous)) return undefined;
    const differs = entries.findIndex((entry) => !this.has(entry));
    if (differs >= 0) {
      const first = previous.index + 1 + differs;
      assert(first > this.#commit, 'what is committed is never replaced');
      this.#unstable.append(entries.slice(differs));
    }
    return previous.index + entries.length;
  }

  /**
   * The last index, at or before the place's, where a log that has the place could agree with this one: terms ascend, so that entries of a later term
   * need not be tried one by one (thesis 3.5). Where this log does not reach back that far, an index before all that it knows.
   */
  agreement({ term, index }: EntryId): LogIndex {
    const before = this.firstIndex - 1;
    let high = Math.min(index, this.lastIndex);
    let low = Math.min(before - 1, high);
    while (low < high) {
      const middle = high - Math.floor((high - low) / 2);
      if ((this.term(middle) as Term) <= term) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Moves the commit index on; a smaller one changes nothing. What was promised must be there: a log that lost entries stops here (trap 14). */
  commitTo(index: LogIndex): void {
    assert(index <= this.lastIndex, 'a committed entry is missing: this log lost what it promised');
    this.#commit = Math.max(this.#commit, index);
  }

  /** The log starts anew behind a snapshot that it does not reach (thesis 5.3). */
  restore(snapshot: SnapshotMeta): void {
    assert(snapshot.index > this.#commit, 'a snapshot is ahead of the log');
    this.#unstable.restore(snapshot);
    this.#commit = snapshot.index;
    this.#handedOut = snapshot.index;
    this.#awaitedCommit = 0;
  }

  /** What has to be written, as Ready `number`. */
  takeNew(number: number): ReturnType<UnstableLog['take']> {
    return this.#unstable.take(number);
  }

  /** What was taken as Ready `number` or earlier is durable, and so is that everything up to `commit` is committed. */
  persisted(number: number, commit: LogIndex): void {
    this.#unstable.persisted(number);
    this.#durableCommit = Math.max(this.#durableCommit, commit);
    if (this.#awaitedCommit <= this.#durableCommit) this.#awaitedCommit = 0;
  }

  /** Committed entries to be applied, within the bound of bytes that the host has and has not applied. */
  takeCommitted(): readonly Entry[] {
    if (!this.hasCommitted) return [];
    const room = this.#applyingBytesMax - this.#applying.bytes;
    const found = this.entries(this.#handedOut + 1, this.#applicable + 1, room);
    const held = found.findIndex(
      ({ kind, index }) => kind === 'configuration' && index > this.#durableCommit,
    );
    this.#awaitedCommit = found[held]?.index ?? 0;
    const entries = held < 0 ? found : found.slice(0, held);
    this.#handedOut += entries.length;
    for (const { index, data } of entries) this.#applying.add(index, data.length);
    return entries;
  }

  /** The state machine came to `index`; an earlier one, from before a snapshot was installed, changes nothing. */
  appliedTo(index: LogIndex): void {
    assert(index <= this.#handedOut, 'only what was handed out is applied');
    this.#applied = Math.max(this.#applied, index);
    this.#applying.freeTo(index);
  }

  /** Whether a change of the configuration is committed and not applied (trap 5). */
  hasUnappliedConfiguration(): boolean {
    let from = Math.max(this.#applied + 1, this.firstIndex);
    while (from <= this.#commit) {
      const entries = this.entries(from, this.#commit + 1, SCAN_BYTES);
      if (entries.some(({ kind }) => kind === 'configuration')) return true;
      from += entries.length;
    }
    return false;
  }

  #read(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    const entries = this.#durable.entries(from, to, bytesMax);
    assert(entries.length > 0 && entries.length <= to - from, 'a log gives at least one entry');
    assert(entries[0]?.index === from, 'a log gives the entries that were asked for');
    return entries;
  }
}

/** Bytes of the entries' data. */
export function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.data.length;
  return bytes;
}
