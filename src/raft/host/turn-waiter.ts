import type { GroupId } from '../log/log-storage.ts';
import { deadlineExceeded } from './refusal.ts';

interface Waiter {
  /** Whether it has ended. */
  readonly poll: () => boolean;
  readonly reject: (error: Error) => void;
}

/** Callers who wait until a group has come to a state; looked at after each of its turns. */
export class TurnWaiter {
  readonly #group: GroupId;
  #waiters: Waiter[] = [];

  constructor(group: GroupId) {
    this.#group = group;
  }

  /**
   * @param check - what has been waited for; an error where it will not come; undefined: not yet
   * @throws {VectorDbError} DEADLINE_EXCEEDED, and what `check` gives
   */
  until<T>(check: () => T | Error | undefined, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(deadlineExceeded(this.#group, 'it did not end in time; it may still'));
      };
      const poll = (): boolean => {
        const found = check();
        if (found === undefined) return false;
        signal?.removeEventListener('abort', abort);
        if (found instanceof Error) reject(found);
        else resolve(found);
        return true;
      };
      const waiter: Waiter = { poll, reject };
      if (poll()) return;
      this.#waiters.push(waiter);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  poll(): void {
    if (this.#waiters.length > 0) this.#waiters = this.#waiters.filter(({ poll }) => !poll());
  }

  close(error: Error): void {
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
  }
}
