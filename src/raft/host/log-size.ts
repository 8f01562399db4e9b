import type { Entry, LogIndex } from '../core/entry.ts';

/** Up to a mark's index so many bytes were appended. */
interface Mark {
  readonly index: LogIndex;
  readonly bytes: number;
}

const MARK_ENTRIES = 16;
const MARK_BYTES = 65_536;
const START: Mark = { index: 0, bytes: 0 };

/** About how many bytes of entries lie behind an index of a group's log, of those appended since the process started; rounded up by a few entries. */
export class LogSize {
  /** Ascending, one for so many entries; the first one is at or before what was forgotten. */
  #marks: Mark[] = [START];
  #bytes = 0;
  #sinceMark = 0;

  /** Entries that follow those before, or replace them from the first one's index on. */
  append(entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    const last = this.#markBefore(first.index);
    if (last !== this.#marks.at(-1)) {
      this.#marks.length = this.#marks.indexOf(last) + 1;
      this.#bytes = last.bytes;
    }
    for (const { index, data } of entries) {
      this.#bytes += data.byteLength;
      this.#sinceMark += 1;
      const marked = this.#marks.at(-1)?.bytes ?? 0;
      if (this.#sinceMark < MARK_ENTRIES && this.#bytes - marked < MARK_BYTES) continue;
      this.#sinceMark = 0;
      this.#marks.push({ index, bytes: this.#bytes });
    }
  }

  /** Entries up to this one are gone. */
  compact(index: LogIndex): void {
    const first = this.#marks.indexOf(this.#markBefore(index + 1));
    if (first > 0) this.#marks = this.#marks.slice(first);
  }

  /** Of entries behind `index`. */
  bytesBehind(index: LogIndex): number {
    return this.#bytes - this.#markBefore(index + 1).bytes;
  }

  /** An index behind which there are at most so many bytes, and hardly fewer where there are so many; 64 KiB and more. */
  indexWithin(bytes: number): LogIndex {
    const least = this.#bytes - bytes;
    const [first = START] = this.#marks;
    if (first.bytes >= least) return first.index;
    const below = this.#marks.findLastIndex((mark) => mark.bytes < least);
    return (this.#marks[below + 1] ?? this.#marks.at(-1) ?? first).index;
  }

  #markBefore(index: LogIndex): Mark {
    return this.#marks.findLast((mark) => mark.index < index) ?? this.#marks[0] ?? START;
  }
}
