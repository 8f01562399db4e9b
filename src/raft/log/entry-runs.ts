import { assert } from '../../base/assert.ts';
import type { Entry, LogIndex, Term } from '../core/entry.ts';
import { RECORD_HEADER_BYTES } from './record-header.ts';
import type { Segment } from './segment.ts';

/** Where the body of a record lies, and its CRC: kept in memory, so that a read is checked against what was written. */
export interface RecordPlace {
  readonly segment: Segment;
  readonly position: number;
  readonly bytes: number;
  readonly crc: number;
}

/** Entries that one record holds: of one term, one after the other. */
export interface EntryRun {
  /** The index of the record's first entry, even where it does not count any more. */
  readonly first: LogIndex;
  readonly term: Term;
  /** The first index that counts. */
  from: LogIndex;
  /** Behind the last one that counts. */
  to: LogIndex;
  /** Undefined until it is written. */
  place: RecordPlace | undefined;
  /** The record's entries while they are in memory. */
  cached: readonly Entry[] | undefined;
  cachedBytes: number;
  /** Whether some index of a log still leads here. */
  isLive: boolean;
}

/** A run that is not written yet, from its entries. */
export function newRun(entries: readonly Entry[]): EntryRun {
  const [head] = entries;
  assert(head !== undefined, 'a run has entries');
  const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
  return {
    first: head.index,
    term: head.term,
    from: head.index,
    to: head.index + entries.length,
    place: undefined,
    cached: entries,
    // Even an empty entry takes room.
    cachedBytes: bytes + 64 * entries.length,
    isLive: false,
  };
}

const recordBytes = ({ bytes }: RecordPlace): number => RECORD_HEADER_BYTES + bytes;

/** The entries of one group, as runs in the order of their indexes. There are gaps only while files are read that do not hold everything yet. */
export class EntryRuns {
  #runs: EntryRun[] = [];
  readonly #onDrop: (run: EntryRun) => void;

  /** @param onDrop - told when nothing of a run counts any more */
  constructor(onDrop: (run: EntryRun) => void) {
    this.#onDrop = onDrop;
  }

  get runs(): readonly EntryRun[] {
    return this.#runs;
  }

  /** The run with an entry; undefined when there is none. */
  find(index: LogIndex): EntryRun | undefined {
    const run = this.#runs[this.#placeOf(index)];
    return run !== undefined && run.from <= index ? run : undefined;
  }

  /** Replaces everything from the run's first index on. */
  append(run: EntryRun): void {
    this.truncate(run.from);
    this.#runs.push(run);
    this.#hold(run);
  }

  /** Replaces exactly the run's indexes. */
  insert(run: EntryRun): void {
    const kept: EntryRun[] = [];
    for (const each of this.#runs) {
      if (each.to <= run.from || each.from >= run.to) {
        kept.push(each);
        continue;
      }
      const parts = [
        { ...each, to: run.from },
        { ...each, from: run.to },
      ].filter(({ from, to }) => from < to);
      this.#drop(each);
      for (const part of parts) {
        part.cached = undefined;
        part.cachedBytes = 0;
        this.#hold(part);
        kept.push(part);
      }
    }
    kept.push(run);
    this.#runs = kept.toSorted((a, b) => a.from - b.from);
    this.#hold(run);
  }

  /** Forgets entries from `index` on. */
  truncate(index: LogIndex): void {
    const start = this.#placeOf(index);
    const cut = this.#runs[start];
    if (cut === undefined) return;
    const keeps = cut.from < index;
    if (keeps) cut.to = index;
    for (const run of this.#runs.splice(keeps ? start + 1 : start)) this.#drop(run);
  }

  /** Forgets entries up to `index`. */
  compact(index: LogIndex): void {
    const end = this.#placeOf(index + 1);
    for (const run of this.#runs.splice(0, end)) this.#drop(run);
    const [first] = this.#runs;
    if (first !== undefined && first.from <= index) first.from = index + 1;
  }

  clear(): void {
    for (const run of this.#runs) this.#drop(run);
    this.#runs = [];
  }

  /** The first index in [from, to) that has no entry. */
  firstGap(from: LogIndex, to: LogIndex): LogIndex | undefined {
    let next = from;
    for (const run of this.#runs) {
      if (run.from > next) break;
      next = Math.max(next, run.to);
    }
    return next < to ? next : undefined;
  }

  /** A run is on disk now. */
  settle(run: EntryRun, place: RecordPlace): void {
    run.place = place;
    if (run.isLive) place.segment.liveBytes += recordBytes(place);
  }

  /** Of the first run that ends behind `index`; the number of runs when there is none. */
  #placeOf(index: LogIndex): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run.to <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #hold(run: EntryRun): void {
    run.isLive = true;
    if (run.place !== undefined) run.place.segment.liveBytes += recordBytes(run.place);
  }

  #drop(run: EntryRun): void {
    run.isLive = false;
    if (run.place !== undefined) run.place.segment.liveBytes -= recordBytes(run.place);
    this.#onDrop(run);
  }
}
