import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';

/** The end of a request's time: when its deadline passes or its caller goes away, the signal tells everyone at work for it. */
export class RequestDeadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: Timer;
  readonly #response: ServerResponse;
  readonly #onClose: () => void;
  #refuse: ((reason: unknown) => void) | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly response: ServerResponse;
  }) {
    const { clock, timeoutMs, response } = options;
    this.#response = response;
    this.#timer = clock.after(timeoutMs, () => {
      this.#end(
        new VectorDbError('DEADLINE_EXCEEDED', `the request did not end within ${timeoutMs} ms`),
      );
    });
    this.#onClose = () => {
      if (!response.writableFinished) {
        this.#end(new VectorDbError('CANCELLED', 'the caller closed the connection'));
      }
    };
    response.once('close', this.#onClose);
  }

  /** Aborted with a VectorDbError as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The work's outcome, or the end of its time where that comes first; what the work does then is not waited for. */
  async race<T>(work: Promise<T>): Promise<T> {
    const ended = new Promise<never>((_, reject) => {
      this.#refuse = reject;
    });
    return Promise.race([work, ended]);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#response.off('close', this.#onClose);
  }

  #end(reason: VectorDbError): void {
    this.#controller.abort(reason);
    this.#refuse?.(reason);
  }
}
