import type { Frame } from './frame-codec.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import { decodeLogEnds, encodeLogEnds } from './log-ends-codec.ts';
import { decodeMessages } from './message-frames.ts';
import { nodeOf } from './replica-node.ts';
import type { TransportCounters } from './transport-statistics.ts';
import type { NodeNumber, TransportReceiver } from './transport.ts';

/** Collaborators of {@link IncomingMessages}. */
export interface IncomingMessagesOptions {
  readonly from: NodeNumber;
  readonly connection: LaneConnection;
  /** Undefined: nobody listens yet, and what comes is lost. */
  readonly receiver: () => TransportReceiver | undefined;
  readonly counters: TransportCounters;
}

/** Messages of another node over one connection. */
export class IncomingMessages implements IncomingLane {
  readonly #options: IncomingMessagesOptions;

  constructor(options: IncomingMessagesOptions) {
    this.#options = options;
  }

  onFrame(frame: Frame): boolean {
    if (frame.kind === 'endsQuestion') {
      this.#answer(frame);
      return true;
    }
    if (frame.kind !== 'messages' && frame.kind !== 'heartbeats') return false;
    const { connection, counters, from, receiver } = this.#options;
    const messages = connection.decode(() => decodeMessages(frame));
    if (messages === undefined) return true;
    const own = messages.filter(({ message }) => nodeOf(message.from) === from);
    counters.messagesReceived += own.length;
    counters.messagesForged += messages.length - own.length;
    if (own.length > 0) receiver()?.onMessages(from, own);
    return true;
  }

  /** A node that does not read its answers gets no more of them. */
  #answer(frame: Frame): void {
    const { connection, from, receiver } = this.#options;
    const question = connection.decode(() => decodeLogEnds(frame));
    if (question === undefined || connection.isFull) return;
    const ends = receiver()?.logEnds(from);
    if (ends === undefined) return;
    connection.write([encodeLogEnds({ kind: 'answer', number: question.number, ends })]);
  }

  onDrain(): void {}

  onEnd(): void {}
}
