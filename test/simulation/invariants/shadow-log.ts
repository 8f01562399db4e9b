import { crc32 } from 'node:zlib';
import type { Entry, EntryId, EntryKind, LogIndex, Term } from '../../../src/raft/core/entry.ts';
import { INITIAL_HARD_STATE, type HardState } from '../../../src/raft/core/hard-state.ts';
import type { GroupWrite } from '../../../src/raft/log/log-storage.ts';

/** An entry, without its bytes. */
export interface ShadowEntry extends EntryId {
  readonly kind: EntryKind;
  readonly crc: number;
}

/** What remains of an entry in a {@link ShadowLog}. */
export function shadowOf(entry: Entry): ShadowEntry {
  return {
    index: entry.index,
    term: entry.term,
    kind: entry.kind,
    crc: crc32(entry.data, entry.kind === 'configuration' ? 1 : 0),
  };
}

/** A group write, its entries without bytes. */
export type ShadowWrite = Omit<GroupWrite, 'entries'> & {
  readonly entries?: readonly ShadowEntry[];
};

/** What remains of a write. */
export function shadowWriteOf(write: GroupWrite): ShadowWrite {
  const { entries, ...rest } = write;
  return entries === undefined ? rest : { ...rest, entries: entries.map(shadowOf) };
}

/** A second, simple idea of one group's log: what a log storage should hold after a series of writes. */
export class ShadowLog {
  hardState: HardState = INITIAL_HARD_STATE;
  generation = 0;
  compacted: EntryId = { term: 0, index: 0 };
  #entries: ShadowEntry[] = [];

  get lastIndex(): LogIndex {
    return this.compacted.index + this.#entries.length;
  }

  /** All entries, ascending. */
  get entries(): readonly ShadowEntry[] {
    return this.#entries;
  }

  entry(index: LogIndex): ShadowEntry | undefined {
    return this.#entries[index - this.compacted.index - 1];
  }

  /** Of an entry, or of the compacted one. */
  term(index: LogIndex): Term | undefined {
    return index === this.compacted.index ? this.compacted.term : this.entry(index)?.term;
  }

  /** Whether it holds an entry, or has compacted it. */
  covers({ index, term }: EntryId): boolean {
    return index < this.compacted.index || this.term(index) === term;
  }

  apply(write: ShadowWrite): void {
    if (write.snapshot !== undefined) this.#install(write.snapshot.last, write.snapshot.generation);
    if (write.hardState !== undefined) this.hardState = write.hardState;
    const first = write.entries?.[0];
    if (write.entries !== undefined && first !== undefined) {
      this.#entries.length = first.index - this.compacted.index - 1;
      for (const entry of write.entries) this.#entries.push(entry);
    }
    if (write.compactTo !== undefined) this.#compactTo(write.compactTo);
  }

  #install(last: EntryId, generation: number): void {
    this.#entries =
      this.term(last.index) === last.term
        ? this.#entries.slice(last.index - this.compacted.index)
        : [];
    this.compacted = last;
    this.generation = generation;
  }

  #compactTo(index: LogIndex): void {
    const term = this.term(index);
    if (index <= this.compacted.index || term === undefined) return;
    this.#entries = this.#entries.slice(index - this.compacted.index);
    this.compacted = { index, term };
  }

  /** Takes what another one holds. */
  become(other: ShadowLog): void {
    this.hardState = other.hardState;
    this.generation = other.generation;
    this.compacted = other.compacted;
    this.#entries = [...other.#entries];
  }

  copy(): ShadowLog {
    const copy = new ShadowLog();
    copy.become(this);
    return copy;
  }

  /** How another log differs, in words; undefined: it does not. What was compacted need not be gone there. */
  differenceTo(other: ShadowLog): string | undefined {
    const { hardState, lastIndex } = this;
    if (other.hardState.term !== hardState.term || other.hardState.vote !== hardState.vote) {
      return `term ${other.hardState.term} vote ${other.hardState.vote} for term ${hardState.term} vote ${hardState.vote}`;
    }
    if (other.generation !== this.generation) {
      return `generation ${other.generation} for ${this.generation}`;
    }
    if (other.lastIndex !== lastIndex) return `last index ${other.lastIndex} for ${lastIndex}`;
    if (other.compacted.index > this.compacted.index) {
      return `compacted up to ${other.compacted.index} for ${this.compacted.index}`;
    }
    for (const entry of this.#entries) {
      const there = other.entry(entry.index);
      if (there?.term !== entry.term || there.crc !== entry.crc || there.kind !== entry.kind) {
        return `entry ${entry.index} of term ${there?.term} for term ${entry.term}, or other bytes`;
      }
    }
    return undefined;
  }
}
