import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop was since the last reading, in seconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Between two looks: their number is no part of what is measured, and each wakes the thread. */
const RESOLUTION_MS = 20;

/** Watches the event loop of the thread that makes it. */
export class EventLoopDelayMonitor implements Disposable {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** What happened since the last call. */
  read(): EventLoopDelay {
    const histogram = this.#histogram;
    const reading = {
      p50: lateness(histogram.percentile(50)),
      p99: lateness(histogram.percentile(99)),
      max: lateness(histogram.max),
    };
    histogram.reset();
    return reading;
  }

  [Symbol.dispose](): void {
    this.#histogram.disable();
  }
}

/** The histogram has the time between two ticks of a timer; what is above the timer's interval is delay. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
