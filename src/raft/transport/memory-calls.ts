import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { decodeAnswer, decodeCall, decodeFailure, encodeCall } from './call-codec.ts';
import { CallDesk, frameOfOutcome, type ServedCall } from './call-desk.ts';
import { openFrame } from './frame-codec.ts';
import type { CallOptions } from './transport.ts';

/** Calls that one end works on. */
const SERVED_MAX = 8192;
const SERVED_BYTES_MAX = 256 * 1024 * 1024;

/** Where a call arrives. */
export interface MemoryCallee {
  /** It is no more, and with it all connections. */
  readonly closed: AbortSignal;
  readonly desk: CallDesk;
  readonly handle: ((request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
}

/** Collaborators of {@link MemoryCall}. */
export interface MemoryCallOptions extends CallOptions {
  readonly clock: Clock;
  /** Calls back in a later turn. */
  readonly defer: (callback: () => void) => void;
  /** Who is there now; undefined: nobody can be reached. */
  readonly callee: () => MemoryCallee | undefined;
  /** Whether an answer gets back now. */
  readonly isReachable: () => boolean;
  /** The caller's own end is no more. */
  readonly closed: AbortSignal;
  readonly bytesMax: number;
  /** For messages. */
  readonly name: string;
}

/** What an end of a memory network works on its calls with. */
export function newMemoryDesk(clock: Clock): CallDesk {
  return new CallDesk({ clock, callsMax: SERVED_MAX, bytesMax: SERVED_BYTES_MAX });
}

/** One call over a memory network: through the frames of a real one, in later turns. A link that is cut is noticed at once. */
export class MemoryCall {
  readonly #options: MemoryCallOptions;
  readonly #ends = Promise.withResolvers<Uint8Array>();
  #isOpen = true;
  #served: ServedCall | undefined;

  private constructor(options: MemoryCallOptions) {
    this.#options = options;
  }

  /** @throws {VectorDbError} as `CallTransport.call` */
  static async run(request: Uint8Array, options: MemoryCallOptions): Promise<Uint8Array> {
    const { bytesMax, clock, closed, defer, name, signal, timeoutMs } = options;
    if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'the call was given up');
    if (closed.aborted) throw new VectorDbError('UNAVAILABLE', `${name}: this node is closing`);
    if (request.length > bytesMax) {
      throw new VectorDbError(
        'LIMIT_EXCEEDED',
        `a request of ${request.length} bytes is too large`,
      );
    }
    const call = new MemoryCall(options);
    const frame = encodeCall({
      number: 1,
      remainingMs: Math.max(0, Math.ceil(timeoutMs)),
      total: request.length,
      data: request,
    });
    const onAbort = (): void => call.#giveUp('CANCELLED', 'the call was given up');
    const onClosed = (): void => call.#giveUp('UNAVAILABLE', 'this node is closing');
    const timer = clock.after(timeoutMs, () =>
      call.#giveUp('UNAVAILABLE', 'it did not answer in time'),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    closed.addEventListener('abort', onClosed, { once: true });
    defer(() => call.#arrive(frame));
    try {
      return await call.#ends.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      closed.removeEventListener('abort', onClosed);
    }
  }

  #arrive(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    const callee = this.#options.callee();
    if (callee === undefined) {
      this.#fail('UNAVAILABLE', 'it cannot be reached');
      return;
    }
    const { data, remainingMs } = decodeCall(openFrame(frame).body);
    const onLost = (): void => this.#fail('UNAVAILABLE', 'the connection was lost');
    callee.closed.addEventListener('abort', onLost, { once: true });
    this.#served = callee.desk.serve(callee.handle, data, remainingMs, (outcome) => {
      callee.closed.removeEventListener('abort', onLost);
      if (outcome !== 'expired')
        this.#options.defer(() => this.#end(frameOfOutcome(1, outcome, this.#options.bytesMax)));
    });
  }

  #end(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    if (!this.#options.isReachable()) {
      this.#fail('UNAVAILABLE', 'its answer was lost');
      return;
    }
    const { kind, body } = openFrame(frame);
    if (kind === 'answer') {
      this.#isOpen = false;
      this.#ends.resolve(decodeAnswer(body).data);
      return;
    }
    const { failure, reason } = decodeFailure(body);
    this.#fail(failure === 'overloaded' ? 'OVERLOADED' : 'UNAVAILABLE', reason);
  }

  #giveUp(code: 'CANCELLED' | 'UNAVAILABLE', why: string): void {
    this.#fail(code, why);
    this.#options.defer(() => this.#served?.giveUp());
  }

  #fail(code: 'CANCELLED' | 'UNAVAILABLE' | 'OVERLOADED', why: string): void {
    this.#isOpen = false;
    this.#ends.reject(new VectorDbError(code, `${this.#options.name}: ${why}`));
  }
}
