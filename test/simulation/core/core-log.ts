import type { Configuration } from '../../../src/raft/core/configuration.ts';
import {
  LOG_START,
  type Entry,
  type EntryId,
  type LogIndex,
  type Term,
} from '../../../src/raft/core/entry.ts';
import { INITIAL_HARD_STATE, type HardState } from '../../../src/raft/core/hard-state.ts';
import type { LogReader } from '../../../src/raft/core/log-reader.ts';
import type { GroupWrite } from '../../../src/raft/log/log-storage.ts';

/** One replica's log in memory; the writes under way at a crash are gone, or the first of them are not. */
export class CoreLog implements LogReader {
  hardState: HardState = INITIAL_HARD_STATE;
  generation = 0;
  compacted: EntryId = LOG_START;
  configuration: Configuration;
  #entries: Entry[] = [];
  #underWay: GroupWrite[] = [];
  #durable: CoreLog | undefined;

  constructor(configuration: Configuration) {
    this.configuration = configuration;
  }

  /** A log, and what of it is durable. */
  static begin(configuration: Configuration): CoreLog {
    const log = new CoreLog(configuration);
    log.#durable = new CoreLog(configuration);
    return log;
  }

  get firstIndex(): LogIndex {
    return this.compacted.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.compacted.index + this.#entries.length;
  }

  /** All entries. */
  get all(): readonly Entry[] {
    return this.#entries;
  }

  term(index: LogIndex): Term | undefined {
    return index === this.compacted.index
      ? this.compacted.term
      : this.#entries[index - this.compacted.index - 1]?.term;
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    const found = this.#entries.slice(from - this.firstIndex, to - this.firstIndex);
    let bytes = 0;
    const fit = found.findIndex((entry) => (bytes += entry.data.length) > bytesMax);
    return fit === -1 ? found : found.slice(0, Math.max(1, fit));
  }

  /** Begins to write. */
  write(write: GroupWrite): void {
    this.#underWay.push(write);
    this.#apply(write);
  }

  /** The oldest write under way is durable. */
  acknowledge(): void {
    const write = this.#underWay.shift();
    if (write !== undefined && this.#durable !== undefined) this.#durable.#apply(write);
  }

  /** Only what is durable is left, and the first `kept` of the writes under way. */
  crash(kept: number): void {
    const survivor = this.#durable;
    if (survivor === undefined) return;
    for (const write of this.#underWay.slice(0, kept)) survivor.#apply(write);
    this.#underWay = [];
    this.hardState = survivor.hardState;
    this.generation = survivor.generation;
    this.compacted = survivor.compacted;
    this.#entries = [...survivor.#entries];
  }

  get writesUnderWay(): number {
    return this.#underWay.length;
  }

  #apply({ snapshot, hardState, entries, compactTo }: GroupWrite): void {
    if (snapshot !== undefined) {
      const { last, generation } = snapshot;
      this.#entries =
        this.term(last.index) === last.term
          ? this.#entries.slice(last.index - this.compacted.index)
          : [];
      this.compacted = last;
      this.generation = generation;
    }
    if (hardState !== undefined) this.hardState = hardState;
    const [first] = entries ?? [];
    if (entries !== undefined && first !== undefined) {
      this.#entries.length = first.index - this.firstIndex;
      this.#entries.push(...entries);
    }
    const term = compactTo === undefined ? undefined : this.term(compactTo);
    if (compactTo !== undefined && term !== undefined && compactTo > this.compacted.index) {
      this.#entries = this.#entries.slice(compactTo - this.compacted.index);
      this.compacted = { index: compactTo, term };
    }
  }
}
