import { assert } from '../../../src/base/assert.ts';
import type { Timer } from '../../../src/base/clock.ts';
import { Heap } from '../../../src/base/heap.ts';
import { Trace, type TraceLabel } from './trace.ts';

interface QueuedEvent {
  readonly atMs: number;
  readonly sequence: number;
  readonly label: TraceLabel;
  run: (() => void) | undefined;
}

/** True time of a simulation, and everything that is still to happen in it: by time, and at one time in the order of scheduling. */
export class EventQueue {
  readonly trace = new Trace();
  #nowMs = 0;
  #sequence = 0;
  #executed = 0;
  readonly #events = new Heap<QueuedEvent>((a, b) =>
    a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs,
  );

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have run. */
  get executed(): number {
    return this.#executed;
  }

  /** @param delayMs - not negative */
  schedule(delayMs: number, label: TraceLabel, run: () => void): Timer {
    return this.scheduleAt(this.#nowMs + delayMs, label, run);
  }

  /** @param atMs - now or later */
  scheduleAt(atMs: number, label: TraceLabel, run: () => void): Timer {
    assert(atMs >= this.#nowMs, `an event at ${atMs}, and it is ${this.#nowMs}`);
    const event: QueuedEvent = { atMs, sequence: (this.#sequence += 1), label, run };
    this.#events.push(event);
    return { cancel: () => (event.run = undefined) };
  }

  /** Runs the next event; false: there is none. */
  runNext(): boolean {
    for (;;) {
      const event = this.#events.pop();
      if (event === undefined) return false;
      const { run } = event;
      if (run === undefined) continue;
      event.run = undefined;
      this.#nowMs = event.atMs;
      this.#executed += 1;
      this.trace.event(event.atMs, event.label);
      run();
      return true;
    }
  }
}
