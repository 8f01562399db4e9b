import { assert, must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from '../core/entry.ts';
import type { HardState } from '../core/hard-state.ts';
import type { EntryCache } from './entry-cache.ts';
import { type EntryRun, EntryRuns } from './entry-runs.ts';
import { decodeEntries, type StoredRecord } from './group-record.ts';
import { applyToSummary, type GroupSummary } from './group-summary.ts';
import type { GroupId, GroupLog, GroupLogState } from './log-storage.ts';
import { bodyCrc } from './record-header.ts';

/** One group of a segmented log: its state, and where its entries are. */
export class SegmentGroupLog implements GroupLog {
  /** As of everything that was handed over, written or not. */
  readonly summary: GroupSummary;
  /** As of the newest record in a file. */
  readonly written: GroupSummary;
  readonly runs: EntryRuns;
  /** The run read from disk last: who is behind reads one after the other, and often a part of one at a time. */
  #lastRead: { readonly run: EntryRun; readonly entries: readonly Entry[] } | undefined;

  constructor(summary: GroupSummary, cache: EntryCache) {
    this.summary = summary;
    this.written = { ...summary };
    this.runs = new EntryRuns((run) => {
      cache.drop(run);
      if (this.#lastRead?.run === run) this.#lastRead = undefined;
    });
  }

  get group(): GroupId {
    return this.summary.group;
  }
  get replica(): ReplicaId {
    return this.summary.replica;
  }
  get state(): GroupLogState {
    return this.summary.state;
  }
  get damage(): string | undefined {
    return this.summary.damage;
  }
  get hardState(): HardState {
    return this.summary.hardState;
  }
  get generation(): number {
    return this.summary.generation;
  }
  get compacted(): EntryId {
    return this.summary.compacted;
  }
  get firstIndex(): LogIndex {
    return this.summary.compacted.index + 1;
  }
  get lastIndex(): LogIndex {
    return this.summary.lastIndex;
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.compacted.index) return this.compacted.term;
    if (index < this.firstIndex || index > this.lastIndex) return undefined;
    return this.runs.find(index)?.term;
  }

  /** @throws {VectorDbError} DATA_CORRUPT when the disk does not give back what was written; the group is corrupt from then on */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    assert(
      from >= this.firstIndex && to <= this.lastIndex + 1,
      `entries [${from}, ${to}) are held`,
    );
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < to;) {
      const run = this.runs.find(index);
      if (run === undefined) return this.#fail(`entry ${index} is not there`);
      const entries = this.#entriesOf(run);
      for (; index < Math.min(run.to, to); index += 1) {
        const entry = must(entries[index - run.first], 'a run has its entries');
        bytes += entry.data.length;
        if (found.length > 0 && bytes > bytesMax) return found;
        found.push(entry);
      }
    }
    return found;
  }

  /** Carries out what a record says; `run` holds its entries. */
  apply(
    record: Omit<StoredRecord, 'table'> & { readonly replica: ReplicaId },
    run: EntryRun | undefined,
  ): void {
    applyToSummary(this.summary, record, run === undefined ? undefined : run.to - 1);
    const { create, snapshot, compactTo, destroy } = record;
    if (create || snapshot?.keepsTail === false) this.runs.clear();
    if (snapshot !== undefined) this.runs.compact(snapshot.last.index);
    if (run !== undefined) this.runs.append(run);
    if (compactTo !== undefined) this.runs.compact(compactTo.index);
    if (destroy) this.runs.clear();
  }

  /** Part of what was acknowledged may be missing. The first reason stays. */
  corrupt(damage: string): void {
    for (const summary of [this.summary, this.written]) {
      if (summary.state === 'corrupt') continue;
      summary.state = 'corrupt';
      summary.damage = damage;
    }
  }

  #entriesOf(run: EntryRun): readonly Entry[] {
    if (run.cached !== undefined) return run.cached;
    if (this.#lastRead?.run === run) return this.#lastRead.entries;
    const { segment, position, bytes, crc } = must(run.place, 'a run is in memory or on disk');
    const body = segment.file.read(position, bytes);
    if (body.length !== bytes || bodyCrc(body) !== crc) {
      return this.#fail(
        `entries ${run.from} to ${run.to - 1} cannot be read back from ${segment.path}, byte ${position}`,
      );
    }
    const entries = decodeEntries(body);
    this.#lastRead = { run, entries };
    return entries;
  }

  #fail(damage: string): never {
    this.corrupt(damage);
    throw new VectorDbError('DATA_CORRUPT', `the log of group ${this.group}: ${damage}`);
  }
}
