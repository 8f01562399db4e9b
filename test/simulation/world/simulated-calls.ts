import type { Clock } from '../../../src/base/clock.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import {
  decodeAnswer,
  decodeCall,
  decodeFailure,
  encodeCall,
} from '../../../src/raft/transport/call-codec.ts';
import {
  CallDesk,
  type CallOutcome,
  frameOfOutcome,
  type ServedCall,
} from '../../../src/raft/transport/call-desk.ts';
import { openFrame } from '../../../src/raft/transport/frame-codec.ts';
import type { CallOptions } from '../../../src/raft/transport/transport.ts';
import { UnsentCall } from '../../../src/raft/transport/unsent-call.ts';
import type { EventQueue } from './event-queue.ts';
import type { RandomStream } from './random-streams.ts';
import type { SimulatedLinks } from './simulated-links.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** Milliseconds until a caller hears that nobody is there, or that its connection broke; the mean. */
const REFUSED_MS = 2;
const RESET_MS = 20;
/** Calls that a process works on for one other. */
const SERVED_MAX = 8192;
const SERVED_BYTES_MAX = 256 * 1024 * 1024;

/** Where a call arrives. */
export interface SimulatedCallee {
  readonly process: SimulatedProcess;
  readonly desk: CallDesk;
  readonly handle: ((request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
}

/** Who calls whom. */
export interface SimulatedCallOptions extends CallOptions {
  readonly caller: SimulatedProcess;
  /** The machine that the address belongs to; undefined: nobody's. */
  readonly machine: number | undefined;
  /** Who answers there at this moment: an error is the answer to one who is refused, undefined: nobody listens. */
  readonly callee: () => SimulatedCallee | VectorDbError | undefined;
  /** Of the caller's port, when it is closed. */
  readonly closed: AbortSignal;
  readonly bytesMax: number;
  /** For errors: whom it calls. */
  readonly name: string;
}

/** What all calls of a simulation share. */
export interface SimulatedWires {
  readonly queue: EventQueue;
  readonly links: SimulatedLinks;
  readonly random: RandomStream;
  /** Of a request, or its answer: that the connection breaks. */
  readonly resetChance: () => number;
}

/** What a process works on the calls of others with. */
export function newSimulatedDesk(process: SimulatedProcess, queue: EventQueue): CallDesk {
  const clock: Clock = {
    monotonicMs: () => queue.nowMs,
    wallMs: () => queue.nowMs,
    after: (delayMs, callback) =>
      process.schedule(delayMs, `n${process.node} call expires`, callback),
  };
  return new CallDesk({ clock, callsMax: SERVED_MAX, bytesMax: SERVED_BYTES_MAX });
}

/**
 * One call over simulated links: the production's frames, which may be late, get lost, or find nobody. It arrives at most once, as over one connection, perhaps
 * after its caller gave up; the answer may be lost after the call took effect.
 */
export class SimulatedCall {
  readonly #wires: SimulatedWires;
  readonly #options: SimulatedCallOptions;
  readonly #label: string;
  readonly #ends = Promise.withResolvers<Uint8Array>();
  #isOpen = true;
  #hasArrived = false;
  #callee: SimulatedProcess | undefined;
  #served: ServedCall | undefined;

  private constructor(wires: SimulatedWires, options: SimulatedCallOptions) {
    this.#wires = wires;
    this.#options = options;
    this.#label = `n${options.caller.node}>n${options.machine ?? '?'} call`;
  }

  /** @throws {VectorDbError} as `CallTransport.call` */
  static async run(
    wires: SimulatedWires,
    request: Uint8Array,
    options: SimulatedCallOptions,
  ): Promise<Uint8Array> {
    const { bytesMax, caller, closed, name, signal, timeoutMs } = options;
    if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'the call was given up');
    if (closed.aborted) throw new VectorDbError('UNAVAILABLE', `${name}: this node is closing`);
    if (request.length > bytesMax) {
      throw new VectorDbError(
        'LIMIT_EXCEEDED',
        `a request of ${request.length} bytes is too large`,
      );
    }
    const call = new SimulatedCall(wires, options);
    const onAbort = (): void => call.#giveUp('CANCELLED', 'the call was given up');
    const onClosed = (): void => call.#giveUp('UNAVAILABLE', 'this node is closing');
    const timer = caller.schedule(timeoutMs, `${call.#label} timeout`, () =>
      call.#giveUp('UNAVAILABLE', 'no answer'),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    closed.addEventListener('abort', onClosed, { once: true });
    call.#send(request);
    try {
      return await call.#ends.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      closed.removeEventListener('abort', onClosed);
    }
  }

  #send(request: Uint8Array): void {
    const { caller, machine, timeoutMs } = this.#options;
    const frame = encodeCall({
      number: 1,
      remainingMs: Math.max(0, Math.ceil(timeoutMs)),
      total: request.length,
      data: request,
    });
    if (machine === undefined) {
      this.#failSoon(REFUSED_MS, 'it has no address', unsent);
    } else if (!this.#breaks()) {
      const sent = this.#wires.links.send(caller.node, machine, this.#label, () =>
        this.#arrive(frame),
      );
      if (sent === 'dropped') this.#failSoon(REFUSED_MS, 'it cannot be reached', unsent);
    }
  }

  #arrive(frame: Uint8Array): void {
    if (this.#hasArrived) return;
    this.#hasArrived = true;
    const callee = this.#options.callee();
    if (callee === undefined || callee instanceof VectorDbError) {
      // A machine without the process says so; one that is off says nothing.
      if (callee !== undefined) {
        const { code } = callee;
        this.#failSoon(REFUSED_MS, callee.message, (message) => new VectorDbError(code, message));
      } else if (this.#wires.random.happens(0.5))
        this.#failSoon(REFUSED_MS, 'nobody listens there');
      return;
    }
    this.#callee = callee.process;
    callee.process.deliver(this.#label, () => {
      const { data, remainingMs } = decodeCall(openFrame(frame).body);
      this.#served = callee.desk.serve(callee.handle, data, remainingMs, (outcome) => {
        if (outcome !== 'expired') this.#answer(callee.process, outcome);
      });
    });
  }

  #answer(process: SimulatedProcess, outcome: CallOutcome): void {
    if (process.state === 'down' || this.#breaks()) return;
    const frame = frameOfOutcome(1, outcome, this.#options.bytesMax);
    const { caller } = this.#options;
    const label = `n${process.node}>n${caller.node} answer`;
    this.#wires.links.send(process.node, caller.node, label, () =>
      caller.deliver(label, () => this.#end(frame)),
    );
  }

  #end(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    const { kind, body } = openFrame(frame);
    if (kind === 'answer') {
      this.#isOpen = false;
      this.#ends.resolve(decodeAnswer(body).data);
      return;
    }
    const { failure, reason } = decodeFailure(body);
    this.#fail(failure === 'overloaded' ? 'OVERLOADED' : 'UNAVAILABLE', reason);
  }

  /** The callee learns of it, unless that gets lost. */
  #giveUp(code: 'CANCELLED' | 'UNAVAILABLE', why: string): void {
    this.#fail(code, why);
    const { caller } = this.#options;
    const callee = this.#callee;
    if (callee === undefined) return;
    const label = `${this.#label} cancel`;
    this.#wires.links.send(caller.node, callee.node, label, () =>
      callee.deliver(label, () => this.#served?.giveUp()),
    );
  }

  /** The connection breaks; the caller hears of it after a while, and so does the callee. */
  #breaks(): boolean {
    const { random, resetChance } = this.#wires;
    if (!random.happens(resetChance())) return false;
    this.#failSoon(RESET_MS, 'the connection was lost');
    return true;
  }

  #failSoon(meanMs: number, why: string, errorOf = unavailable): void {
    const delayMs = this.#wires.random.exponential(meanMs);
    const error = errorOf(`${this.#options.name}: ${why}`);
    this.#options.caller.schedule(delayMs, `${this.#label} fails`, () => this.#reject(error));
  }

  #fail(code: VectorDbError['code'], why: string): void {
    this.#reject(new VectorDbError(code, `${this.#options.name}: ${why}`));
  }

  #reject(error: VectorDbError): void {
    this.#isOpen = false;
    this.#ends.reject(error);
  }
}

const unavailable = (message: string): VectorDbError => new VectorDbError('UNAVAILABLE', message);
const unsent = (message: string): VectorDbError => new UnsentCall(message);
