import {
  CALL_BYTES_MAX,
  type CallFailure,
  decodeCall,
  decodeCancel,
  decodeRest,
  encodeAnswer,
  encodeFailure,
  encodeRest,
} from './call-codec.ts';
import type { CallDesk, CallOutcome, ServedCall } from './call-desk.ts';
import type { Frame } from './frame-codec.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import { type Assembled, PartAssembler } from './part-assembler.ts';
import { PartWriter } from './part-writer.ts';
import type { TransportCounters } from './transport-statistics.ts';
import type { CallHandler, NodeNumber } from './transport.ts';

/** Collaborators of {@link IncomingCalls}. */
export interface IncomingCallsOptions {
  readonly from: NodeNumber;
  readonly connection: LaneConnection;
  readonly desk: CallDesk;
  /** Undefined: nobody answers calls yet. */
  readonly handler: () => CallHandler | undefined;
  readonly counters: TransportCounters;
  /** Calls back when this turn is over; answers of a turn go out together. */
  readonly defer: (callback: () => void) => void;
  /** Bytes of requests that are arriving, and of answers that wait. */
  readonly bytesMax: number;
  /** Answers that wait; a node that reads none of so many is not worth the memory. */
  readonly answersMax: number;
}

/** Calls of another node over one connection: many under way, answered as they are ready. */
export class IncomingCalls implements IncomingLane {
  readonly #options: IncomingCallsOptions;
  /** Requests, with the milliseconds that their callers wait. */
  readonly #requests: PartAssembler<number>;
  readonly #answers: PartWriter;
  readonly #served = new Map<number, ServedCall>();
  #isFlushPlanned = false;
  #hasEnded = false;

  constructor(options: IncomingCallsOptions) {
    this.#options = options;
    const { connection, bytesMax } = options;
    this.#requests = new PartAssembler(bytesMax);
    this.#answers = new PartWriter({
      isWritable: () => !this.#hasEnded && !connection.isFull,
      write: (frames) => connection.write(frames),
      rest: (number, data) => encodeRest('answerRest', { number, data }),
      onSent: () => {},
    });
  }

  onFrame({ kind, body }: Frame): boolean {
    const { connection } = this.#options;
    switch (kind) {
      case 'call':
        connection.decode(() => this.#begin(body));
        return true;
      case 'callRest':
        connection.decode(() => {
          const { number, data } = decodeRest(body);
          this.#serve(number, this.#requests.add(number, data));
        });
        return true;
      case 'alive':
        return true;
      case 'callCancel':
        connection.decode(() => this.#cancel(decodeCancel(body)));
        return true;
      default:
        return false;
    }
  }

  onDrain(): void {
    this.#answers.flush();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#requests.clear();
    this.#answers.clear();
    for (const call of this.#served.values()) call.giveUp();
    this.#served.clear();
  }

  #begin(body: Uint8Array): void {
    const { number, remainingMs, total, data } = decodeCall(body);
    const request = this.#requests.begin(number, total, data, remainingMs);
    if (request === 'full') {
      this.#fail(number, 'overloaded', 'too much is under way there');
    } else {
      this.#serve(number, request);
    }
  }

  #serve(number: number, request: Assembled<number> | undefined): void {
    if (request === undefined) return;
    const { connection, counters, desk, from } = this.#options;
    if (this.#served.has(number)) {
      connection.end('unexpectedFrame', 'a call has the number of another one');
      return;
    }
    counters.callBytesReceived += request.bytes.length;
    const handler = this.#options.handler();
    const handle =
      handler && ((bytes: Uint8Array, signal: AbortSignal) => handler(from, bytes, signal));
    const call = desk.serve(handle, request.bytes, request.about, (outcome) => {
      this.#served.delete(number);
      if (outcome === 'expired') counters.callsNotServed += 1;
      else this.#end(number, outcome);
    });
    this.#served.set(number, call);
  }

  #cancel(number: number): void {
    this.#requests.drop(number);
    this.#answers.take(number);
    const call = this.#served.get(number);
    if (call === undefined) return;
    this.#served.delete(number);
    this.#options.counters.callsNotServed += 1;
    call.giveUp();
  }

  #end(number: number, outcome: CallOutcome): void {
    if (outcome.kind !== 'answer') {
      this.#fail(number, outcome.kind, outcome.reason);
      return;
    }
    const { bytes } = outcome;
    const waitingBytes = this.#answers.waitingBytes;
    if (bytes.length > CALL_BYTES_MAX) {
      this.#fail(number, 'failed', `its answer of ${bytes.length} bytes is too large`);
    } else if (waitingBytes > 0 && waitingBytes + bytes.length > this.#options.bytesMax) {
      this.#fail(number, 'overloaded', 'too many answers wait to be read');
    } else {
      this.#options.counters.callsServed += 1;
      this.#options.counters.callBytesSent += bytes.length;
      this.#answers.push(number, bytes, (data) =>
        encodeAnswer({ number, total: bytes.length, data }),
      );
      this.#planFlush();
    }
  }

  #fail(number: number, failure: CallFailure, reason: string): void {
    this.#options.counters.callsNotServed += 1;
    this.#answers.notice(encodeFailure({ number, failure, reason }));
    this.#planFlush();
  }

  #planFlush(): void {
    if (this.#answers.waiting > this.#options.answersMax) {
      this.#options.connection.end('stalled', 'it does not read the answers to its calls');
      return;
    }
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#options.defer(() => {
      this.#isFlushPlanned = false;
      this.#answers.flush();
    });
  }
}
