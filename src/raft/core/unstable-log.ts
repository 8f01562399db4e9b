import { assert } from '../../base/assert.ts';
import type { Entry, LogIndex, Term } from './entry.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';

/**
 * The end of a replica's log that is not durable yet, in memory: handed to the host or about to be. Below `offset` the durable log answers.
 *
 * An acknowledgement counts for an entry only if it was not replaced after it was handed out, even by one with the same id (trap 25): replacing entries
 * takes them out of every Ready that is under way.
 */
export class UnstableLog {
  #offset: LogIndex;
  readonly #entries: Entry[] = [];
  #takenTo: LogIndex;
  readonly #underWay: { readonly number: number; last: LogIndex }[] = [];
  #snapshot: SnapshotMeta | undefined;
  #snapshotNumber: number | undefined;

  constructor(lastDurable: LogIndex) {
    this.#offset = lastDurable + 1;
    this.#takenTo = lastDurable;
  }

  /** The first index that is not durable. */
  get offset(): LogIndex {
    return this.#offset;
  }

  /** Of the whole log. */
  get lastIndex(): LogIndex {
    return this.#offset + this.#entries.length - 1;
  }

  /** Installed, and not durable yet; the log begins behind it. */
  get snapshot(): SnapshotMeta | undefined {
    return this.#snapshot;
  }

  /** Whether {@link take} would give anything. */
  get hasNew(): boolean {
    const hasSnapshot = this.#snapshot !== undefined && this.#snapshotNumber === undefined;
    return hasSnapshot || this.lastIndex > this.#takenTo;
  }

  /** Of an entry here, or of the snapshot's last one. */
  term(index: LogIndex): Term | undefined {
    if (index === this.#snapshot?.index) return this.#snapshot.term;
    return this.#entries[index - this.#offset]?.term;
  }

  /** Entries `from` up to, not including, `to`, all of which are here. */
  entries(from: LogIndex, to: LogIndex): readonly Entry[] {
    assert(from >= this.#offset && to <= this.lastIndex + 1, 'unstable entries that are there');
    return this.#entries.slice(from - this.#offset, to - this.#offset);
  }

  /** Appends; what is there from the first one's index on is replaced. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? this.lastIndex + 1;
    assert(first <= this.lastIndex + 1, 'a log has no holes');
    assert(first > (this.#snapshot?.index ?? 0), 'a snapshot is never replaced by entries');
    if (first <= this.lastIndex) this.#cut(first);
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'entries follow each other');
      this.#entries.push(entry);
    }
  }

  /** The log starts anew behind a snapshot. */
  restore(snapshot: SnapshotMeta): void {
    assert(this.#snapshot === undefined, 'one snapshot at a time');
    this.#cut(Math.min(this.#offset, snapshot.index + 1));
    this.#offset = snapshot.index + 1;
    this.#takenTo = snapshot.index;
    this.#snapshot = snapshot;
  }

  /** Everything that was not taken before, to be written as Ready `number`. */
  take(number: number): {
    readonly entries: readonly Entry[];
    readonly snapshot: SnapshotMeta | undefined;
  } {
    const snapshot = this.#snapshotNumber === undefined ? this.#snapshot : undefined;
    if (snapshot !== undefined) this.#snapshotNumber = number;
    const entries = this.entries(this.#takenTo + 1, this.lastIndex + 1);
    if (entries.length > 0) {
      this.#takenTo = this.lastIndex;
      this.#underWay.push({ number, last: this.lastIndex });
    }
    return { entries, snapshot };
  }

  /** Everything taken as Ready `number` or earlier is durable. */
  persisted(number: number): void {
    if (this.#snapshotNumber !== undefined && this.#snapshotNumber <= number) {
      this.#snapshot = undefined;
      this.#snapshotNumber = undefined;
    }
    let durable = this.#offset - 1;
    let count = 0;
    for (const ready of this.#underWay) {
      if (ready.number > number) break;
      durable = Math.max(durable, ready.last);
      count += 1;
    }
    this.#underWay.splice(0, count);
    this.#entries.splice(0, durable + 1 - this.#offset);
    this.#offset = durable + 1;
  }

  #cut(first: LogIndex): void {
    this.#entries.length = Math.max(0, first - this.#offset);
    this.#offset = Math.min(this.#offset, first);
    this.#takenTo = Math.min(this.#takenTo, first - 1);
    for (const ready of this.#underWay) ready.last = Math.min(ready.last, first - 1);
  }
}
