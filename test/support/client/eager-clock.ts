import type { Clock } from '../../../src/base/clock.ts';

interface Waiting {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that jumps to its next timer whenever nothing else is to be done. */
export class EagerClock implements Clock {
  #nowMs = 0;
  #jumps = false;
  readonly #timers = new Set<Waiting>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    this.#schedule();
    return { cancel: () => void this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  #schedule(): void {
    if (this.#jumps) return;
    this.#jumps = true;
    setImmediate(() => {
      this.#jumps = false;
      const [next] = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) return;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      if (this.#timers.size > 0) this.#schedule();
    });
  }
}
