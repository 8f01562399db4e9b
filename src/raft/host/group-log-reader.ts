import { VectorDbError } from '../../base/error.ts';
import type { Configuration } from '../core/configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from '../core/entry.ts';
import type { HardState } from '../core/hard-state.ts';
import type { LogReader } from '../core/log-reader.ts';
import type { GroupLog } from '../log/log-storage.ts';

/**
 * A group's log as its core reads it: with the configuration, which the state machine keeps. All that may come of reading one that turned out to be damaged is
 * an error with `DATA_CORRUPT`.
 */
export class GroupLogReader implements LogReader {
  readonly hardState: HardState;
  readonly configuration: Configuration;
  readonly #log: GroupLog;

  constructor(log: GroupLog, configuration: Configuration) {
    this.#log = log;
    this.configuration = configuration;
    this.hardState = log.hardState;
  }

  get compacted(): EntryId {
    return this.#sound.compacted;
  }

  get firstIndex(): LogIndex {
    return this.#sound.firstIndex;
  }

  get lastIndex(): LogIndex {
    return this.#sound.lastIndex;
  }

  term(index: LogIndex): Term | undefined {
    return this.#sound.term(index);
  }

  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    return this.#sound.entries(from, to, bytesMax);
  }

  get #sound(): GroupLog {
    assertSound(this.#log);
    return this.#log;
  }
}

/** @throws {VectorDbError} DATA_CORRUPT where damage was found in the log, be it while it is in use */
export function assertSound({ state, damage }: GroupLog): void {
  if (state !== 'corrupt') return;
  throw new VectorDbError('DATA_CORRUPT', damage ?? 'its log is damaged');
}
