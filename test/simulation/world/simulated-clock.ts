import { assert } from '../../../src/base/assert.ts';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { EventQueue } from './event-queue.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** Timers of machines are not exact; none fires at once. */
const GRAIN_MS = 0.01;
const WALL_START_MS = 1_800_000_000_000;

/** A node's clock: runs at a rate of its own, and may jump; outlives its processes. */
export class SimulatedClock {
  readonly #queue: EventQueue;
  #rate: number;
  #anchorTrueMs = 0;
  #anchorLocalMs: number;
  #wallOffsetMs: number;

  /** @param rate - local milliseconds in a true one: 0.95 to 1.05 */
  constructor(queue: EventQueue, rate: number, startMs: number) {
    this.#queue = queue;
    this.#rate = rate;
    this.#anchorLocalMs = startMs;
    this.#wallOffsetMs = WALL_START_MS - startMs;
  }

  get localMs(): number {
    return this.#anchorLocalMs + (this.#queue.nowMs - this.#anchorTrueMs) * this.#rate;
  }

  /** From now on the clock runs at another rate. */
  drift(rate: number): void {
    this.#anchor();
    this.#rate = rate;
  }

  /** The clock is suddenly ahead; the monotonic one never goes back, the wall's may. */
  jump(monotonicMs: number, wallMs: number): void {
    assert(monotonicMs >= 0, 'a monotonic clock does not go back');
    this.#anchor();
    this.#anchorLocalMs += monotonicMs;
    this.#wallOffsetMs += wallMs - monotonicMs;
  }

  #anchor(): void {
    this.#anchorLocalMs = this.localMs;
    this.#anchorTrueMs = this.#queue.nowMs;
  }

  /** As a process of the node sees it. */
  seenBy(process: SimulatedProcess): Clock {
    return {
      monotonicMs: () => this.localMs,
      wallMs: () => this.localMs + this.#wallOffsetMs,
      after: (delayMs: number, callback: () => void): Timer =>
        process.schedule(
          Math.max(0, delayMs) / this.#rate + GRAIN_MS,
          `n${process.node} timer`,
          callback,
        ),
    };
  }
}
