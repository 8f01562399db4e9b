import type { Timer } from '../../base/clock.ts';
import { malformed } from './byte-reader.ts';
import { decodeCall } from './call-codec.ts';
import { type CallDesk, type CallOutcome, frameOfOutcome, type ServedCall } from './call-desk.ts';
import type { Frame } from './frame-codec.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import type { PortContext } from './link-context.ts';
import { GUEST_BYTES_MAX } from './tcp-limits.ts';
import type { GuestHandler } from './transport.ts';

/** Collaborators of {@link IncomingGuest}. */
export interface IncomingGuestOptions {
  readonly connection: LaneConnection;
  readonly context: PortContext;
  readonly desk: CallDesk;
  /** Whether there are too many guests already. */
  readonly isFull: boolean;
  /** Undefined: nobody answers guests yet. */
  readonly handler: GuestHandler | undefined;
  readonly onEnd: () => void;
}

/** Someone who is no member, over one connection: one question, one answer, and not much time for both. */
export class IncomingGuest implements IncomingLane {
  readonly #options: IncomingGuestOptions;
  readonly #timer: Timer;
  #served: ServedCall | undefined;

  constructor(options: IncomingGuestOptions) {
    this.#options = options;
    const { connection, context } = options;
    this.#timer = context.clock.after(context.limits.guestMs, () =>
      connection.end('stalled', 'a guest takes too long'),
    );
  }

  onFrame({ kind, body }: Frame): boolean {
    if (kind !== 'call' || this.#served !== undefined) return false;
    const { connection, context, desk, handler, isFull } = this.#options;
    const call = connection.decode(() => decodeGuestCall(body));
    if (call === undefined) return true;
    const { number, data } = call;
    if (isFull) {
      this.#answer(number, { kind: 'overloaded', reason: 'there are too many guests' });
      return true;
    }
    const remainingMs = Math.min(call.remainingMs, context.limits.guestMs);
    this.#served = desk.serve(handler, data, remainingMs, (outcome) => {
      if (outcome !== 'expired') this.#answer(number, outcome);
    });
    return true;
  }

  onDrain(): void {}

  onEnd(): void {
    this.#timer.cancel();
    this.#served?.giveUp();
    this.#options.onEnd();
  }

  #answer(number: number, outcome: CallOutcome): void {
    const isAnswer = outcome.kind === 'answer' && outcome.bytes.length <= GUEST_BYTES_MAX;
    if (isAnswer) this.#options.context.counters.guestsServed += 1;
    this.#end(frameOfOutcome(number, outcome, GUEST_BYTES_MAX));
  }

  #end(last: Uint8Array): void {
    this.#options.connection.write([last]);
    this.#options.connection.close('closed', 'the guest was answered');
  }
}

/** A question comes in one frame. */
function decodeGuestCall(body: Uint8Array): ReturnType<typeof decodeCall> {
  const call = decodeCall(body);
  if (call.data.length !== call.total) throw malformed('a question is not in one frame');
  return call;
}
