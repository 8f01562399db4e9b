import type { Random } from '../../base/random.ts';

/** Pauses between attempts that fail: doubled each time up to a bound, and jittered so that those who failed together do not try together. */
export class Backoff {
  readonly #random: Random;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(random: Random, minMs: number, maxMs: number) {
    this.#random = random;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Milliseconds until the next attempt after one that failed: from the upper half of the pause whose turn it is. */
  next(): number {
    const pauseMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures);
    if (pauseMs < this.#maxMs) this.#failures += 1;
    return pauseMs / 2 + (this.#random.next() * pauseMs) / 2;
  }

  /** An attempt did not fail. */
  reset(): void {
    this.#failures = 0;
  }
}
