import { type Clock, pause } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';

export interface RetryPauseOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Before the second attempt, in milliseconds; doubles each time. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Waits between the attempts of one request: longer each time, and by chance, so that many do not come at once. */
export class RetryPause {
  readonly #options: RetryPauseOptions;
  #nextMs: number;

  constructor(options: RetryPauseOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /**
   * Between a half and all of the time that is due, but at least `leastMs`.
   *
   * @param leftMs - what is left of the request's time: it waits no longer
   */
  async next(leftMs: number, signal?: AbortSignal, leastMs = 0): Promise<void> {
    const { clock, random, longestMs } = this.#options;
    const dueMs = this.#nextMs * (0.5 + random.next() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs);
    await pause(clock, Math.min(Math.max(dueMs, leastMs), Math.max(leftMs, 0)), signal);
  }
}
