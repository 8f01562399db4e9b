import type { Timer } from '../../../src/base/clock.ts';
import type { EventQueue } from './event-queue.ts';
import type { TraceLabel } from './trace.ts';

/** What a process is at this moment. `paused`: it stands still and does not notice (a stopped machine, a long collection of garbage). */
export type ProcessState = 'running' | 'paused' | 'down';

/**
 * One life of a node's process. All that reaches the code of the node goes through here: after {@link kill} nothing does any more, so that whatever
 * waited waits for ever; while it is paused, everything is kept and comes in one burst.
 */
export class SimulatedProcess {
  readonly node: number;
  readonly #queue: EventQueue;
  readonly #touched: () => void;
  #state: ProcessState = 'running';
  readonly #whenKilled: (() => void)[] = [];
  #held: { readonly label: TraceLabel; readonly run: () => void }[] = [];

  /** @param touched - called when code of the node runs */
  constructor(node: number, queue: EventQueue, touched: () => void) {
    this.node = node;
    this.#queue = queue;
    this.#touched = touched;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Something that happens to this process after `delayMs` of true time. */
  schedule(delayMs: number, label: TraceLabel, run: () => void): Timer {
    return this.scheduleAt(this.#queue.nowMs + delayMs, label, run);
  }

  /** Something that happens to this process at a moment of true time. */
  scheduleAt(atMs: number, label: TraceLabel, run: () => void): Timer {
    let cancelled = false;
    const timer = this.#queue.scheduleAt(atMs, label, () => {
      this.deliver(label, () => {
        if (!cancelled) run();
      });
    });
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Something that happens to this process now, or as soon as it can: after what it was told while it stood still. */
  deliver(label: TraceLabel, run: () => void): void {
    if (this.#state === 'down') return;
    if (this.#state === 'running' && this.#held.length === 0) {
      this.#touched();
      run();
      return;
    }
    this.#held.push({ label, run });
    if (this.#state === 'running') this.#releaseLater(label);
  }

  kill(): void {
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#held = [];
    for (const tell of this.#whenKilled) tell();
  }

  /** Has its machine do something when it is killed. */
  whenKilled(tell: () => void): void {
    this.#whenKilled.push(tell);
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What was kept happens at once, in order. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const { label } of this.#held) this.#releaseLater(label);
  }

  #releaseLater(label: TraceLabel): void {
    this.#queue.schedule(0, label, () => {
      if (this.#state !== 'running') return;
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#touched();
      next.run();
    });
  }
}
