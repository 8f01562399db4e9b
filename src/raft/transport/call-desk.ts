import type { Clock, Timer } from '../../base/clock.ts';
import { toVectorDbError } from '../../base/error.ts';
import { type CallFailure, encodeAnswer, encodeFailure } from './call-codec.ts';

/** How a call ended here. */
export type CallOutcome =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: CallFailure; readonly reason: string };

/** A call that somebody waits for. */
export interface ServedCall {
  /** Nobody waits any more: its signal is aborted, and its outcome is not told. */
  giveUp(): void;
}

/** Collaborators of {@link CallDesk}. */
export interface CallDeskOptions {
  readonly clock: Clock;
  /** Calls that are worked on, and bytes of their requests. One request alone may be larger. */
  readonly callsMax: number;
  readonly bytesMax: number;
}

/** Works on the calls of one node, over all its connections, and bounds them: one that was given up counts until its handler ends. */
export class CallDesk {
  readonly #options: CallDeskOptions;
  #calls = 0;
  #bytes = 0;

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  /** Calls whose handlers have not ended. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Works on a call.
   *
   * @param remainingMs - until it is given up
   * @param onOutcome - called once, later, unless it is given up
   */
  serve(
    handle: ((request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) | undefined,
    request: Uint8Array,
    remainingMs: number,
    onOutcome: (outcome: CallOutcome | 'expired') => void,
  ): ServedCall {
    const { clock, callsMax, bytesMax } = this.#options;
    const control = new AbortController();
    let timer: Timer | undefined;
    let isOpen = true;
    const end = (outcome: CallOutcome | 'expired' | undefined): void => {
      if (!isOpen) return;
      isOpen = false;
      timer?.cancel();
      if (outcome !== undefined) onOutcome(outcome);
    };
    const isFull =
      this.#calls >= callsMax || (this.#calls > 0 && this.#bytes + request.length > bytesMax);
    if (handle === undefined || isFull) {
      const outcome: CallOutcome = isFull
        ? { kind: 'overloaded', reason: 'too many calls are under way there' }
        : { kind: 'failed', reason: 'it does not answer calls yet' };
      queueMicrotask(() => end(outcome));
    } else {
      timer = clock.after(remainingMs, () => {
        end('expired');
        control.abort();
      });
      void this.#work(() => handle(request, control.signal), request.length).then(end);
    }
    return {
      giveUp: () => {
        end(undefined);
        control.abort();
      },
    };
  }

  async #work(run: () => Promise<Uint8Array>, bytes: number): Promise<CallOutcome> {
    this.#calls += 1;
    this.#bytes += bytes;
    try {
      return { kind: 'answer', bytes: await run() };
    } catch (thrown) {
      return { kind: 'failed', reason: toVectorDbError(thrown).message };
    } finally {
      this.#calls -= 1;
      this.#bytes -= bytes;
    }
  }
}

/** A call's end as one frame; an answer of more than `bytesMax` bytes fails. */
export function frameOfOutcome(number: number, outcome: CallOutcome, bytesMax: number): Uint8Array {
  if (outcome.kind !== 'answer') {
    return encodeFailure({ number, failure: outcome.kind, reason: outcome.reason });
  }
  const { bytes } = outcome;
  if (bytes.length <= bytesMax) return encodeAnswer({ number, total: bytes.length, data: bytes });
  const reason = `its answer of ${bytes.length} bytes is too large`;
  return encodeFailure({ number, failure: 'failed', reason });
}
