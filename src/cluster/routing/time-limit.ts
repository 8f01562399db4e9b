import type { Clock, Timer } from '../../base/clock.ts';

/** Until when a request has to end: its own time, or its caller's signal, whichever comes first. */
export class TimeLimit implements Disposable {
  readonly #clock: Clock;
  readonly #endMs: number;
  readonly #caller: AbortSignal | undefined;
  readonly #over = new AbortController();
  readonly #timer: Timer;
  readonly #abort = (): void => this.#over.abort();

  /** @param timeoutMs - its own time, from now */
  constructor(clock: Clock, timeoutMs: number, caller?: AbortSignal) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + timeoutMs;
    this.#caller = caller;
    this.#timer = clock.after(timeoutMs, this.#abort);
    if (caller?.aborted === true) this.#abort();
    else caller?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted || this.leftMs <= 0;
  }

  /** Whether the caller gave up, rather than that the time is over. */
  get isGivenUp(): boolean {
    return this.#caller?.aborted === true;
  }

  /** Milliseconds; 0 once it is over. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs());
  }

  /** The promise, or `whenOver` once it is over. */
  async race<T>(promise: Promise<T>, whenOver: () => Error): Promise<T> {
    const { signal } = this;
    if (signal.aborted) throw whenOver();
    const over = Promise.withResolvers<never>();
    const abort = (): void => over.reject(whenOver());
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([promise, over.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#caller?.removeEventListener('abort', this.#abort);
  }
}
