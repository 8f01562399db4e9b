import type { EntryRun } from './entry-runs.ts';

/** Keeps the entries written last in memory, up to a number of bytes over all groups, and all that are not on disk yet. */
export class EntryCache {
  readonly #bytesMax: number;
  /** In the order of arrival; those before `#head` are gone. */
  #runs: EntryRun[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held, with a guess of what each entry takes beside its data. */
  get bytes(): number {
    return this.#bytes;
  }

  add(run: EntryRun): void {
    this.#runs.push(run);
    this.#bytes += run.cachedBytes;
  }

  /** Nobody asks for the run any more. */
  drop(run: EntryRun): void {
    this.#bytes -= run.cachedBytes;
    run.cached = undefined;
    run.cachedBytes = 0;
  }

  /** Forgets the oldest runs above the limit; one that is not written yet ends that. */
  trim(): void {
    for (;;) {
      const run = this.#runs[this.#head];
      const isDropped = run?.cachedBytes === 0;
      const isOver = this.#bytes > this.#bytesMax && run?.place !== undefined;
      if (run === undefined || !(isDropped || isOver)) break;
      this.drop(run);
      this.#head += 1;
    }
    if (this.#head > 64 && 2 * this.#head > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#head);
      this.#head = 0;
    }
  }
}
