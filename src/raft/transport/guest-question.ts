import { type Deferred, deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';
import { malformed } from './byte-reader.ts';
import { type FailureFrame, decodeAnswer, decodeFailure, encodeCall } from './call-codec.ts';
import { ClientConnection } from './client-connection.ts';
import type { Frame } from './frame-codec.ts';
import type { PortContext } from './link-context.ts';
import type { NodeAddress } from './node-address.ts';
import { GUEST_FRAME_BYTES_MAX } from './tcp-limits.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import type { CallOptions } from './transport.ts';

/** Its number, on a connection of its own. */
const NUMBER = 1;

/** One question to an address, of someone who may be no member of a cluster, over a connection of its own. */
export class GuestQuestion {
  readonly #name: string;
  readonly #answer: Deferred<Uint8Array> = deferred();
  readonly #connection: ClientConnection;

  private constructor(
    context: PortContext,
    address: NodeAddress,
    request: Uint8Array,
    timeoutMs: number,
  ) {
    this.#name = `${address.host}:${address.port}`;
    const { clock, limits, protocol, token } = context;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const connection = new ClientConnection({
      context,
      identity: { node: 0, cluster: '', token, protocol },
      address,
      to: 0,
      lane: 'guests',
      handshakeMs: Math.min(timeoutMs, limits.handshakeMs),
      frameBytesMax: GUEST_FRAME_BYTES_MAX,
      onReady: () => {
        const remainingMs = Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs()));
        const total = request.length;
        connection.write([encodeCall({ number: NUMBER, remainingMs, total, data: request })]);
      },
      onFrame: (frame) => this.#onFrame(frame),
      onDrain: () => {},
      onEnd: (end, detail, refusal) => {
        const isDenied = refusal === 'token' || refusal === 'certificate';
        this.#fail(isDenied ? 'PERMISSION_DENIED' : 'UNAVAILABLE', end, detail);
      },
    });
    this.#connection = connection;
  }

  /** @throws {VectorDbError} as `GuestPort.ask` */
  static async ask(
    context: PortContext,
    address: NodeAddress,
    request: Uint8Array,
    { timeoutMs, signal }: CallOptions,
  ): Promise<Uint8Array> {
    const question = new GuestQuestion(context, address, request, timeoutMs);
    const onAbort = (): void => {
      question.#answer.reject(new VectorDbError('CANCELLED', 'the question was given up'));
    };
    const timer = context.clock.after(timeoutMs, () =>
      question.#fail('UNAVAILABLE', 'stalled', 'it did not answer in time'),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await question.#answer.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      question.#connection.end('closed', 'the question ended');
    }
  }

  #onFrame({ kind, body }: Frame): void {
    switch (kind) {
      case 'alive':
        return;
      case 'answer':
        this.#connection.decode(() => {
          const { total, data } = decodeAnswer(body);
          if (data.length !== total) throw malformed('an answer is not in one frame');
          this.#answer.resolve(data);
        });
        return;
      case 'callFailure': {
        const failure = this.#connection.decode(() => decodeFailure(body));
        if (failure !== undefined) this.#answer.reject(this.#error(failure));
        return;
      }
      default:
        this.#connection.end('unexpectedFrame', `a ${kind} among the answers to guests`);
    }
  }

  #fail(code: 'PERMISSION_DENIED' | 'UNAVAILABLE', end: ConnectionEnd, detail: string): void {
    const message = `${this.#name} does not answer: ${end}: ${detail}`;
    this.#answer.reject(new VectorDbError(code, message));
  }

  #error({ failure, reason }: FailureFrame): VectorDbError {
    const what = failure === 'overloaded' ? 'has no time' : 'could not answer';
    return new VectorDbError('UNAVAILABLE', `${this.#name} ${what}: ${reason}`);
  }
}
