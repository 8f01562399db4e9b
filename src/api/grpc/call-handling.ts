import type { Metadata, sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { VectorDbError } from '../../base/error.ts';
import type { WriteStamp } from '../../database/vector-database.ts';
import { type Access, type Authentication, shownKey } from '../authentication.ts';
import { callerError, isBug } from '../error-mapping.ts';
import { readStamp, STAMP_HEADERS } from '../write-stamp.ts';
import { CallWatch } from './call-watch.ts';
import type { OpenCalls } from './open-calls.ts';
import { statusOf } from './status-mapping.ts';

/** Is told of every call that ended. */
export interface CallRecorder {
  /** @param operation - such as `Points.Search` */
  observe(operation: string, code: ErrorCode | 'OK', seconds: number): void;
}

/** Is told of what callers are not: bugs. */
export interface CallLog {
  error(message: string, thrown: unknown): void;
}

/** What every call needs, whatever it does. */
export interface CallSetting {
  readonly authentication: Authentication;
  readonly clock: Clock;
  readonly recorder: CallRecorder;
  readonly log: CallLog;
  readonly open: OpenCalls;
  /** Milliseconds that a call has where it names no deadline, a stream after each of its messages; absent: any time. */
  readonly timeoutMs: number | undefined;
}

/** How a method's messages are read and written; reading may throw anything. */
export interface MessageCodec<Request, Response> {
  read(bytes: Buffer): Request;
  write(response: Response): Uint8Array;
}

type Call = ServerUnaryCall<Buffer, Uint8Array> | ServerReadableStream<Buffer, Uint8Array>;

/** A method that takes one message, or a stream of them, and answers one. */
export interface MethodHandler<Request, Response, Input = Request> {
  /** Of the service and method, for the recorder: `Points.Search`. */
  readonly operation: string;
  readonly access: Access;
  readonly codec: MessageCodec<Request, Response>;
  /** @param stamp - of a write that may be sent again; undefined: the call has none */
  handle(input: Input, signal: AbortSignal, stamp?: WriteStamp): Promise<Response>;
}

/** The messages of a stream, read one at a time, each when the one before is done. */
export type StreamHandler<Request, Response> = MethodHandler<
  Request,
  Response,
  AsyncIterable<Request>
>;

/** Runs a method for a call that has one request message, which arrives as it came from the wire. */
export function unaryCall<Request, Response>(
  method: MethodHandler<Request, Response>,
  setting: CallSetting,
): (call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => void {
  return (call, callback) => {
    const run = ({ signal }: CallWatch): Promise<Response> =>
      method.handle(decoded(method.codec, call.request), signal, stampOf(call, method.access));
    void answer(call, callback, method, setting, run);
  };
}

/** Runs a method for a call with a stream of request messages. */
export function clientStreamCall<Request, Response>(
  method: StreamHandler<Request, Response>,
  setting: CallSetting,
): (call: ServerReadableStream<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => void {
  return (call, callback) => {
    readOneAtATime(call);
    void answer(call, callback, method, setting, async (watch) => {
      const { signal } = watch;
      try {
        const stamp = stampOf(call, method.access);
        return await method.handle(decodedStream(method.codec, call, watch), signal, stamp);
      } catch (thrown) {
        // A call that was given up ends its stream with an error of the stream's own.
        signal.throwIfAborted();
        throw thrown;
      }
    });
  };
}

async function answer<Request, Response, Input>(
  call: Call,
  callback: sendUnaryData<Uint8Array>,
  method: MethodHandler<Request, Response, Input>,
  setting: CallSetting,
  run: (watch: CallWatch) => Promise<Response>,
): Promise<void> {
  const started = setting.clock.monotonicMs();
  const seconds = (): number => (setting.clock.monotonicMs() - started) / 1000;
  using watch = new CallWatch(call, setting);
  try {
    setting.authentication.permit(method.access, keyOf(call.metadata));
    const response = await watch.race(run(watch));
    const bytes = method.codec.write(response);
    setting.recorder.observe(method.operation, 'OK', seconds());
    callback(null, bytes);
  } catch (thrown) {
    if (isBug(thrown)) setting.log.error(`${method.operation} ended unexpectedly`, thrown);
    const error = callerError(thrown);
    setting.recorder.observe(method.operation, error.code, seconds());
    callback(statusOf(error));
  }
}

function stampOf({ metadata }: Call, access: Access): WriteStamp | undefined {
  if (access !== 'write') return undefined;
  const text = (name: string): string | undefined => metadata.get(name)[0]?.toString();
  return readStamp(text(STAMP_HEADERS.session), text(STAMP_HEADERS.sequence));
}

function keyOf(metadata: Metadata): string | undefined {
  const [apiKey] = metadata.get('api-key');
  const [authorization] = metadata.get('authorization');
  return shownKey(apiKey?.toString(), authorization?.toString());
}

function decoded<Request>(
  codec: Pick<MessageCodec<Request, never>, 'read'>,
  bytes: Buffer,
): Request {
  try {
    return codec.read(bytes);
  } catch (thrown) {
    if (thrown instanceof VectorDbError) throw thrown;
    throw new VectorDbError('MALFORMED_BODY', 'the bytes are no message of this method', {
      cause: thrown,
    });
  }
}

async function* decodedStream<Request>(
  codec: Pick<MessageCodec<Request, never>, 'read'>,
  messages: AsyncIterable<Buffer>,
  watch: CallWatch,
): AsyncGenerator<Request> {
  for await (const bytes of messages) {
    watch.signal.throwIfAborted();
    watch.restart();
    yield decoded(codec, bytes);
  }
}

/**
 * Lets a stream hold one message that nobody has asked for yet instead of sixteen: they may be as large as the limit of a message. Streams of gRPC
 * calls take no option for it.
 */
function readOneAtATime(call: object): void {
  const { _readableState: state } = call as { _readableState?: { highWaterMark?: number } };
  if (state?.highWaterMark !== undefined) state.highWaterMark = 1;
}
