import { assert, must } from '../../../src/base/assert.ts';
import type { Configuration } from '../../../src/raft/core/configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from '../../../src/raft/core/entry.ts';
import { type HardState, INITIAL_HARD_STATE } from '../../../src/raft/core/hard-state.ts';
import type { LogReader } from '../../../src/raft/core/log-reader.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import type { Ready } from '../../../src/raft/core/ready.ts';

/** What a disk holds of one replica; written Ready by Ready. */
export class CoreLog implements LogReader {
  hardState: HardState = INITIAL_HARD_STATE;
  compacted: EntryId = { term: 0, index: 0 };
  configuration: Configuration;
  /** The snapshot that was installed last. */
  installed: SnapshotMeta | undefined;
  #entries: Entry[] = [];

  constructor(configuration: Configuration) {
    this.configuration = configuration;
  }

  get firstIndex(): LogIndex {
    return this.compacted.index + 1;
  }
  get lastIndex(): LogIndex {
    return this.compacted.index + this.#entries.length;
  }
  get all(): readonly Entry[] {
    return this.#entries;
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.compacted.index) return this.compacted.term;
    return this.#entries[index - this.firstIndex]?.term;
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(from >= this.firstIndex && to <= this.lastIndex + 1 && from < to, 'entries are there');
    const found: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#entries.slice(from - this.firstIndex, to - this.firstIndex)) {
      bytes += entry.data.length;
      if (bytes > bytesMax && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  write({ hardState, snapshot, entries }: Pick<Ready, 'hardState' | 'snapshot' | 'entries'>): void {
    if (snapshot !== undefined) {
      const stays = this.term(snapshot.index) === snapshot.term;
      this.#entries = stays ? this.#entries.slice(snapshot.index + 1 - this.firstIndex) : [];
      this.compacted = { term: snapshot.term, index: snapshot.index };
      this.installed = snapshot;
    }
    if (hardState !== undefined) this.hardState = hardState;
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index >= this.firstIndex && first.index <= this.lastIndex + 1, 'no hole');
    this.#entries.length = first.index - this.firstIndex;
    this.#entries.push(...entries);
  }

  compactTo(index: LogIndex): void {
    const term = must(this.term(index), 'an entry that is there');
    this.#entries = this.#entries.slice(index + 1 - this.firstIndex);
    this.compacted = { term, index };
  }
}
