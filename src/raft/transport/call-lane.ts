import type { Timer } from '../../base/clock.ts';
import { type Deferred, deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';
import { ALIVE_FRAME } from './alive-frame.ts';
import {
  CALL_BYTES_MAX,
  decodeAnswer,
  decodeFailure,
  decodeRest,
  encodeCall,
  encodeCancel,
  encodeRest,
} from './call-codec.ts';
import type { Frame } from './frame-codec.ts';
import type { LinkContext } from './link-context.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { type Assembled, PartAssembler } from './part-assembler.ts';
import { PartWriter } from './part-writer.ts';
import type { CallOptions, NodeNumber } from './transport.ts';
import { UnsentCall } from './unsent-call.ts';

/** A call whose answer is awaited. */
interface PendingCall {
  readonly answer: Deferred<Uint8Array>;
  readonly timer: Timer;
}

/** Calls to one node, on a connection of their own: many under way, those of a turn in one write, answers in any order. */
export class CallLane {
  readonly #to: NodeNumber;
  readonly #context: LinkContext;
  readonly #link: OutgoingLink;
  readonly #pending = new Map<number, PendingCall>();
  readonly #requests: PartWriter;
  readonly #answers: PartAssembler<undefined>;
  #nextNumber = 1;
  #isFlushPlanned = false;
  #isClosed = false;
  #probeTimer: Timer | undefined;
  #lastSentMs = 0;

  constructor(to: NodeNumber, context: LinkContext) {
    this.#to = to;
    this.#context = context;
    this.#link = new OutgoingLink(to, 'calls', context, {
      onReady: () => this.#requests.flush(),
      onDrain: () => this.#requests.flush(),
      onFrame: (frame) => this.#onFrame(frame),
      onDown: (end, detail) => this.#failAll(`${end}: ${detail}`),
    });
    this.#requests = new PartWriter({
      isWritable: () => this.#link.isReady && !this.#link.isFull,
      write: (frames) => this.#write(frames),
      rest: (number, data) => encodeRest('callRest', { number, data }),
      onSent: () => {},
    });
    this.#answers = new PartAssembler(context.limits.callServedBytesMax);
  }

  /** Calls that wait for their answer. */
  get underWay(): number {
    return this.#pending.size;
  }

  /** @throws {VectorDbError} as `CallTransport.call` */
  async call(request: Uint8Array, { timeoutMs, signal }: CallOptions): Promise<Uint8Array> {
    this.#check(request, signal);
    const { clock, counters } = this.#context;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const answer = deferred<Uint8Array>();
    const timer = clock.after(timeoutMs, () =>
      this.#giveUp(number, 'UNAVAILABLE', `node ${this.#to} did not answer in time`),
    );
    const onAbort = (): void => this.#giveUp(number, 'CANCELLED', 'the call was given up');
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#pending.set(number, { answer, timer });
    counters.callsSent += 1;
    counters.callBytesSent += request.length;
    this.#requests.push(number, request, (data) => {
      const remainingMs = Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs()));
      return encodeCall({ number, remainingMs, total: request.length, data });
    });
    this.#planFlush();
    this.#watch();
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The node is known to be there: it is tried at once. */
  wake(): void {
    this.#link.wake();
  }

  /** Fails all calls and ends the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#probeTimer?.cancel();
    this.#failAll('this node closes it');
    await this.#link.close();
  }

  #check(request: Uint8Array, signal: AbortSignal | undefined): void {
    const { callsMax, callBytesMax } = this.#context.limits;
    if (this.#isClosed) throw new UnsentCall(this.#unreachable('this node closes it'));
    if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'the call was given up');
    if (request.length > CALL_BYTES_MAX) {
      throw new VectorDbError(
        'LIMIT_EXCEEDED',
        `a request of ${request.length} bytes is too large for another node`,
      );
    }
    const { waitingBytes } = this.#requests;
    const isFull = waitingBytes > 0 && waitingBytes + request.length > callBytesMax;
    if (this.#pending.size >= callsMax || isFull) {
      throw new VectorDbError('OVERLOADED', `too many calls wait for node ${this.#to}`);
    }
    const waitMs = this.#link.want();
    if (waitMs > 0) {
      const retryAfterMs = Math.ceil(waitMs);
      throw new UnsentCall(this.#unreachable('it is tried again later'), { retryAfterMs });
    }
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#context.defer(() => {
      this.#isFlushPlanned = false;
      this.#requests.flush();
    });
  }

  #write(frames: readonly Uint8Array[]): void {
    this.#lastSentMs = this.#context.clock.monotonicMs();
    this.#link.send(frames);
  }

  /** While somebody waits for an answer, the node is asked now and then whether it is there: it would say nothing for as long as it works on it. */
  #watch(): void {
    const { clock, limits } = this.#context;
    this.#probeTimer ??= clock.after(limits.stallMs, () => {
      this.#probeTimer = undefined;
      if (this.#pending.size === 0 || this.#isClosed) return;
      const isQuiet = clock.monotonicMs() - this.#lastSentMs >= limits.stallMs;
      if (isQuiet && this.#link.isReady && !this.#link.isFull) this.#write([ALIVE_FRAME]);
      this.#watch();
    });
  }

  #onFrame({ kind, body }: Frame): void {
    switch (kind) {
      case 'answer':
        this.#link.decode(() => this.#begin(body));
        return;
      case 'answerRest':
        this.#link.decode(() => {
          const { number, data } = decodeRest(body);
          this.#resolve(number, this.#answers.add(number, data));
        });
        return;
      case 'callFailure':
        this.#link.decode(() => this.#refuse(body));
        return;
      default:
        this.#link.fault('unexpectedFrame', `a ${kind} among the answers to calls`);
    }
  }

  #begin(body: Uint8Array): void {
    const { number, total, data } = decodeAnswer(body);
    // It was given up, and the other side did not know yet.
    if (!this.#pending.has(number)) return;
    const answer = this.#answers.begin(number, total, data, undefined);
    if (answer === 'full') {
      this.#giveUp(number, 'OVERLOADED', `too much is being answered by node ${this.#to}`);
    } else {
      this.#resolve(number, answer);
    }
  }

  #resolve(number: number, answer: Assembled<undefined> | undefined): void {
    if (answer === undefined) return;
    const call = this.#remove(number);
    if (call === undefined) return;
    this.#context.counters.callsAnswered += 1;
    this.#context.counters.callBytesReceived += answer.bytes.length;
    call.answer.resolve(answer.bytes);
  }

  #refuse(body: Uint8Array): void {
    const { number, failure, reason } = decodeFailure(body);
    // The rest of its request has nowhere to go.
    this.#requests.take(number);
    this.#answers.drop(number);
    const error =
      failure === 'overloaded'
        ? new VectorDbError('OVERLOADED', `node ${this.#to}: ${reason}`)
        : new VectorDbError('UNAVAILABLE', `node ${this.#to} could not answer: ${reason}`);
    this.#fail(number, error);
  }

  #giveUp(number: number, code: 'CANCELLED' | 'UNAVAILABLE' | 'OVERLOADED', why: string): void {
    if (!this.#pending.has(number)) return;
    this.#answers.drop(number);
    // One that has not begun to leave never will.
    const isUnsent = this.#requests.take(number) === 'whole';
    if (!isUnsent && this.#link.isReady) {
      this.#requests.notice(encodeCancel(number));
      this.#planFlush();
    }
    const hasNoEffect = isUnsent && code === 'UNAVAILABLE';
    this.#fail(number, hasNoEffect ? new UnsentCall(why) : new VectorDbError(code, why));
  }

  #fail(number: number, error: VectorDbError): void {
    const call = this.#remove(number);
    if (call === undefined) return;
    const { counters } = this.#context;
    if (error.code === 'CANCELLED') counters.callsCancelled += 1;
    else counters.callsFailed += 1;
    call.answer.reject(error);
  }

  #failAll(reason: string): void {
    const why = this.#unreachable(reason);
    for (const number of this.#pending.keys()) {
      const isUnsent = this.#requests.take(number) === 'whole';
      this.#fail(number, isUnsent ? new UnsentCall(why) : new VectorDbError('UNAVAILABLE', why));
    }
    this.#requests.clear();
    this.#answers.clear();
  }

  #remove(number: number): PendingCall | undefined {
    const call = this.#pending.get(number);
    if (call === undefined) return undefined;
    this.#pending.delete(number);
    call.timer.cancel();
    return call;
  }

  #unreachable(why: string): string {
    return `node ${this.#to} cannot be reached: ${why}`;
  }
}
