import type { Clock, Timer } from '../../base/clock.ts';

export interface TickerOptions {
  readonly clock: Clock;
  readonly tickMs: number;
  /** Ticks given at once, at most. */
  readonly ticksAtOnceMax: number;
  readonly onTicks: (count: number) => void;
}

/**
 * One timer for all groups: turns elapsed time into ticks. After a pause of the process only a few ticks are given, fewer than an election
 * timeout: the leader's messages of that time are still unread.
 */
export class Ticker {
  readonly #options: TickerOptions;
  #timer: Timer | undefined;
  /** The time up to which ticks were given. */
  #countedMs: number;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#countedMs = options.clock.monotonicMs();
  }

  start(): void {
    this.#countedMs = this.#options.clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const { clock, tickMs } = this.#options;
    const delayMs = Math.max(0, this.#countedMs + tickMs - clock.monotonicMs());
    this.#timer = clock.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    const { clock, tickMs, ticksAtOnceMax, onTicks } = this.#options;
    const nowMs = clock.monotonicMs();
    const elapsed = Math.floor((nowMs - this.#countedMs) / tickMs);
    if (elapsed > ticksAtOnceMax) this.#countedMs = nowMs;
    else this.#countedMs += elapsed * tickMs;
    this.#arm();
    if (elapsed > 0) onTicks(Math.min(elapsed, ticksAtOnceMax));
  }
}
