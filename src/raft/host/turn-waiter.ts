import type { GroupId } from '../log/log-storage.ts';
import { deadlineExceeded } from './refusal.ts';

interface Waiter {
  /** Whether it has ended. */
  readonly poll: () => boolean;
  readonly reject: (error: Error) => void;
  ticksLeft: number;
}

/**
 * Callers who wait until a group has come to a state; looked at after each of its turns. While the own replica leads, it comes to it or loses leadership;
 * afterwards it may never hear.
 */
export class TurnWaiter {
  readonly #group: GroupId;
  readonly #waitTicks: number;
  #waiters: Waiter[] = [];

  /** @param waitTicks - without leadership, until a caller is told that it was not seen here */
  constructor(group: GroupId, waitTicks: number) {
    this.#group = group;
    this.#waitTicks = waitTicks;
  }

  /**
   * @param check - what has been waited for; an error where it will not come; undefined: not yet
   * @throws {VectorDbError} DEADLINE_EXCEEDED, and what `check` gives
   */
  until<T>(check: () => T | Error | undefined, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        waiter.reject(this.#tooLate());
      };
      const poll = (): boolean => {
        const found = check();
        if (found === undefined) return false;
        signal?.removeEventListener('abort', abort);
        if (found instanceof Error) reject(found);
        else resolve(found);
        return true;
      };
      const waiter: Waiter = {
        poll,
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
        ticksLeft: this.#waitTicks,
      };
      if (poll()) return;
      this.#waiters.push(waiter);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  poll(): void {
    if (this.#waiters.length > 0) this.#waiters = this.#waiters.filter(({ poll }) => !poll());
  }

  /** @param isLeader - whether the own replica leads */
  tick(isLeader: boolean): void {
    if (isLeader || this.#waiters.length === 0) return;
    for (const waiter of this.#waiters) waiter.ticksLeft -= 1;
    const late = this.#waiters.filter(({ ticksLeft }) => ticksLeft <= 0);
    this.#waiters = this.#waiters.filter(({ ticksLeft }) => ticksLeft > 0);
    for (const { reject } of late) reject(this.#tooLate());
  }

  close(error: Error): void {
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
  }

  #tooLate(): Error {
    return deadlineExceeded(this.#group, 'it did not end in time; it may still');
  }
}
