import type { GroupWrite, LogStorage } from '../../../src/raft/log/log-storage.ts';
import type { MemoryLog } from '../../../src/raft/log/memory-log.ts';

/** A log whose disk can be told to fail, or to stand still. */
export class FaultyLog implements LogStorage {
  readonly #log: MemoryLog;
  mode: 'works' | 'fails' | 'stalls' = 'works';
  appends = 0;
  /** Called when something is about to be written. */
  onAppend: () => void = () => {};
  /** Called when it is written, before anybody is told. */
  afterAppend: () => void = () => {};

  constructor(log: MemoryLog) {
    this.#log = log;
  }

  get groups() {
    return this.#log.groups;
  }

  get usage() {
    return this.#log.usage;
  }

  group(group: number) {
    return this.#log.group(group);
  }

  async append(writes: readonly GroupWrite[]): Promise<void> {
    this.appends += 1;
    this.onAppend();
    if (this.mode === 'fails') throw new Error('EIO');
    await this.#log.append(writes);
    this.afterAppend();
    if (this.mode === 'stalls') await new Promise<never>(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#log[Symbol.asyncDispose]();
  }
}
