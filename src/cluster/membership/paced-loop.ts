import { type Clock, pause } from '../../base/clock.ts';

export interface PacedLoopOptions {
  readonly clock: Clock;
  /** Milliseconds between the end of a run and the next, unless it is woken. */
  readonly intervalMs: () => number;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** A run failed; the next one comes after a whole interval. */
  readonly onError: (error: unknown) => void;
}

/** Runs something again and again, one run at a time, and sooner where there is something new. */
export class PacedLoop {
  readonly #options: PacedLoopOptions;
  readonly #stop = new AbortController();
  #rest = new AbortController();
  #isWoken = false;
  #ended: Promise<void> | undefined;

  constructor(options: PacedLoopOptions) {
    this.#options = options;
  }

  /** Begins; once. */
  start(): void {
    this.#ended ??= this.#go();
  }

  /** The next run comes at once, or right after the one under way. */
  wake(): void {
    this.#isWoken = true;
    this.#rest.abort();
  }

  /** Resolves when no run is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#rest.abort();
    await this.#ended;
  }

  async #go(): Promise<void> {
    const { clock, intervalMs, run, onError } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#isWoken = false;
      this.#rest = new AbortController();
      try {
        await run(signal);
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        await pause(clock, intervalMs(), signal);
        continue;
      }
      if (!this.#isWoken) await pause(clock, intervalMs(), this.#rest.signal);
    }
  }
}
