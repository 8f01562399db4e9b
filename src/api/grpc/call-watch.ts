import type { Clock, Timer } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { OpenCalls } from './open-calls.ts';

/** Of a gRPC call: what tells of its end before its answer. */
export interface WatchedCall {
  /** Milliseconds since 1970, or `Infinity`. */
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
  removeListener(event: 'cancelled', listener: () => void): unknown;
}

/** A caller ends its call at its own deadline, which reaches the server rounded up: a call given up so near to it was late. */
const DEADLINE_SLACK_MS = 25;

/** Watches whether a caller gives up or its time passes, until it is disposed of. */
export class CallWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #call: WatchedCall;
  readonly #clock: Clock;
  readonly #open: OpenCalls;
  readonly #timeoutMs: number | undefined;
  #timer: Timer | undefined;

  /** `timeoutMs` counts where the call has no deadline. */
  constructor(
    call: WatchedCall,
    options: {
      readonly clock: Clock;
      readonly open: OpenCalls;
      readonly timeoutMs: number | undefined;
    },
  ) {
    const { clock, open, timeoutMs } = options;
    this.#call = call;
    this.#clock = clock;
    this.#open = open;
    this.#timeoutMs = call.getDeadline() === Infinity ? timeoutMs : undefined;
    this.restart();
    call.on('cancelled', this.#onCancelled);
    open.begin(this.#controller);
  }

  /** Aborted with the error to answer with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets the time begin anew: the caller has sent something. */
  restart(): void {
    const timeoutMs = this.#timeoutMs;
    this.#timer?.cancel();
    if (timeoutMs === undefined || this.signal.aborted) return;
    this.#timer = this.#clock.after(timeoutMs, () => {
      this.#end('DEADLINE_EXCEEDED', `the call did not end, or go on, within ${timeoutMs} ms`);
    });
  }

  /** The work's outcome, or the end of its time where that comes first; what the work does then is not waited for. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      work.then(resolve, reject);
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    // A call that was answered is "cancelled" too, when its stream closes.
    this.#call.removeListener('cancelled', this.#onCancelled);
    this.#open.end(this.#controller);
  }

  readonly #onCancelled = (): void => {
    const isLate = Number(this.#call.getDeadline()) <= this.#clock.wallMs() + DEADLINE_SLACK_MS;
    if (isLate) this.#end('DEADLINE_EXCEEDED', 'the deadline of the call has passed');
    else this.#end('CANCELLED', 'the caller gave the call up');
  };

  #end(code: 'DEADLINE_EXCEEDED' | 'CANCELLED', message: string): void {
    this.#controller.abort(new VectorDbError(code, message));
  }
}
