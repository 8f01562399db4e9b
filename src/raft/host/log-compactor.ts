import { VectorDbError } from '../../base/error.ts';
import type { Entry, LogIndex } from '../core/entry.ts';
import type { GroupLog } from '../log/log-storage.ts';
import { type CompactionOptions, compactionTarget } from './log-compaction.ts';
import { LogSize } from './log-size.ts';

export interface LogCompactorOptions {
  readonly limits: CompactionOptions;
  readonly log: GroupLog;
  readonly appliedIndex: () => LogIndex;
  /** Indexes behind which followers still need entries. */
  readonly needed: () => readonly LogIndex[];
  /** Makes what is applied durable; up to which index it is then. */
  readonly flush: () => Promise<LogIndex>;
  /** Has the log forget entries up to an index. */
  readonly forget: (compactTo: LogIndex, whenDone: () => void) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps one group's log short, and never shorter than what its state machine holds durably: entries forgotten before that would be nowhere after a crash.
 */
export class LogCompactor {
  readonly #options: LogCompactorOptions;
  readonly #size = new LogSize();
  #isBusy = false;
  /** The applied index of the last look that found nothing worth it. */
  #lookedAt: LogIndex = -1;

  constructor(options: LogCompactorOptions) {
    this.#options = options;
  }

  /** Entries that were handed to the log. */
  appended(entries: readonly Entry[]): void {
    this.#size.append(entries);
  }

  /** Looks whether it is time. */
  tick(): void {
    const { log, limits, appliedIndex, needed } = this.#options;
    const applied = appliedIndex();
    if (this.#isBusy || applied === this.#lookedAt) return;
    const candidate = {
      compactedIndex: log.compacted.index,
      appliedIndex: applied,
      size: this.#size,
    };
    if (compactionTarget({ ...candidate, needed: [] }, limits) === undefined) {
      this.#lookedAt = applied;
      return;
    }
    const target = compactionTarget({ ...candidate, needed: needed() }, limits);
    if (target !== undefined) void this.#compact(target);
  }

  async #compact(target: LogIndex): Promise<void> {
    const { log, flush, forget, onError } = this.#options;
    this.#isBusy = true;
    try {
      const compactTo = Math.min(target, await flush());
      // A snapshot may have come meanwhile, and taken them away already.
      if (compactTo > log.compacted.index) {
        await new Promise<void>((resolve) => {
          forget(compactTo, resolve);
        });
      }
      this.#size.compact(log.compacted.index);
    } catch (error) {
      if (!(error instanceof VectorDbError && error.code === 'SHUTTING_DOWN')) onError(error);
    } finally {
      this.#isBusy = false;
    }
  }
}
