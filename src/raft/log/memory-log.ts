import { must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ReplicaId } from '../core/configuration.ts';
import { type Entry, type EntryId, LOG_START, type LogIndex, type Term } from '../core/entry.ts';
import { type HardState, INITIAL_HARD_STATE } from '../core/hard-state.ts';
import { checkGroupWrites } from './group-write-check.ts';
import type { GroupId, GroupLog, GroupLogState, GroupWrite, LogStorage } from './log-storage.ts';

/** A log that forgets everything with the process, for tests: every batch is durable at once. What it does is what all logs do. */
export class MemoryLog implements LogStorage {
  readonly #groups: Map<GroupId, MemoryGroupLog>;
  #isOpen = true;

  constructor(groups: ReadonlyMap<GroupId, MemoryGroupLog> = new Map()) {
    this.#groups = new Map(groups);
  }

  get groups(): readonly GroupLog[] {
    return [...this.#groups.values()].toSorted((a, b) => a.group - b.group);
  }

  get usage(): { readonly bytes: number; readonly files: number } {
    let bytes = 0;
    for (const log of this.#groups.values()) bytes += log.bytes;
    return { bytes, files: 0 };
  }

  group(group: GroupId): GroupLog | undefined {
    return this.#groups.get(group);
  }

  async append(writes: readonly GroupWrite[]): Promise<void> {
    if (!this.#isOpen) throw new VectorDbError('SHUTTING_DOWN', 'the log is closed');
    checkGroupWrites(writes, (group) => this.#groups.get(group));
    for (const write of writes) {
      let log = this.#groups.get(write.group);
      if (log === undefined) {
        log = new MemoryGroupLog(write.group);
        this.#groups.set(write.group, log);
      }
      log.take(write);
    }
  }

  /** What another process would find; this log takes nothing more. */
  reopen(): MemoryLog {
    this.#isOpen = false;
    return new MemoryLog(this.#groups);
  }

  /** Declares a group corrupt, as damaged files would. */
  corrupt(group: GroupId, damage: string): void {
    must(this.#groups.get(group), `group ${group} is there`).corrupt(damage);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
  }
}

class MemoryGroupLog implements GroupLog {
  readonly group: GroupId;
  replica: ReplicaId = 0;
  state: GroupLogState = 'destroyed';
  damage: string | undefined = undefined;
  hardState: HardState = INITIAL_HARD_STATE;
  generation = 0;
  compacted: EntryId = LOG_START;
  /** The first one follows `compacted`. */
  #entries: Entry[] = [];

  constructor(group: GroupId) {
    this.group = group;
  }

  get firstIndex(): LogIndex {
    return this.compacted.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.compacted.index + this.#entries.length;
  }

  get bytes(): number {
    return this.#entries.reduce((sum, { data }) => sum + data.length, 0);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.compacted.index) return this.compacted.term;
    return this.#entries[index - this.firstIndex]?.term;
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    const found = this.#entries.slice(from - this.firstIndex, to - this.firstIndex);
    let bytes = 0;
    const end = found.findIndex(({ data }, place) => {
      bytes += data.length;
      return place > 0 && bytes > bytesMax;
    });
    return end === -1 ? found : found.slice(0, end);
  }

  take(write: GroupWrite): void {
    const { create, snapshot, hardState, entries = [], compactTo, destroy } = write;
    if (create !== undefined) this.#begin(create, 'open');
    if (snapshot !== undefined) {
      this.#startBehind(snapshot.last);
      this.generation = snapshot.generation;
    }
    if (hardState !== undefined) this.hardState = hardState;
    const [first] = entries;
    if (first !== undefined) {
      this.#entries.splice(first.index - this.firstIndex, Infinity, ...entries);
    }
    if (compactTo !== undefined && compactTo > this.compacted.index) {
      this.#startBehind({ index: compactTo, term: must(this.term(compactTo), 'an entry') });
    }
    if (destroy) this.#begin(this.replica, 'destroyed');
  }

  corrupt(damage: string): void {
    this.state = 'corrupt';
    this.damage = damage;
  }

  #begin(replica: ReplicaId, state: GroupLogState): void {
    this.replica = replica;
    this.state = state;
    this.damage = undefined;
    this.hardState = INITIAL_HARD_STATE;
    this.generation = 0;
    this.compacted = LOG_START;
    this.#entries = [];
  }

  #startBehind(last: EntryId): void {
    const follows = this.term(last.index) === last.term;
    this.#entries = follows ? this.#entries.slice(last.index - this.compacted.index) : [];
    this.compacted = last;
  }
}
