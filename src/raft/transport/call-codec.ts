import { ByteReader, malformed } from './byte-reader.ts';
import { INTEGER_BYTES_MAX } from './byte-writer.ts';
import { FRAME_BODY_BYTES_MAX, type FrameKind } from './frame-codec.ts';
import { writeFrame } from './write-frame.ts';

/** Bytes of what stands before the data in a frame of a call. */
const HEAD_BYTES_MAX = 3 * INTEGER_BYTES_MAX;
/** Bytes of a reason; a longer one is cut. */
const REASON_BYTES_MAX = 1024;

/** Bytes of the longest request, and of the longest answer: one frame could hold them. */
export const CALL_BYTES_MAX = FRAME_BODY_BYTES_MAX - HEAD_BYTES_MAX;

/** A request's begin, or all of it. Numbers are a connection's own. */
export interface CallFrame {
  readonly number: number;
  /** Milliseconds that the caller still waits. */
  readonly remainingMs: number;
  /** Bytes of the whole request. */
  readonly total: number;
  readonly data: Uint8Array;
}

/** An answer's begin, or all of it. */
export interface AnswerFrame {
  readonly number: number;
  /** Bytes of the whole answer. */
  readonly total: number;
  readonly data: Uint8Array;
}

/** What follows of a request or an answer. */
export interface RestFrame {
  readonly number: number;
  readonly data: Uint8Array;
}

/** Why there is no answer. `overloaded`: nothing was done, too much is under way; `failed`: whoever was to answer could not. */
export const CALL_FAILURES = ['failed', 'overloaded'] as const;

export type CallFailure = (typeof CALL_FAILURES)[number];

/** The end of a call without an answer. */
export interface FailureFrame {
  readonly number: number;
  readonly failure: CallFailure;
  /** For people. */
  readonly reason: string;
}

/** A whole frame. */
export function encodeCall({ number, remainingMs, total, data }: CallFrame): Uint8Array {
  return writeFrame('call', HEAD_BYTES_MAX + data.length, (writer) => {
    writer.integer(number);
    writer.integer(remainingMs);
    writer.integer(total);
    writer.raw(data);
  });
}

/** The begin of a request in a frame's body; its data are a view. @throws {VectorDbError} DATA_CORRUPT */
export function decodeCall(body: Uint8Array): CallFrame {
  const reader = new ByteReader(body);
  const number = reader.integer();
  const remainingMs = reader.integer();
  return { number, remainingMs, ...readBegin(reader) };
}

/** A whole frame. */
export function encodeAnswer({ number, total, data }: AnswerFrame): Uint8Array {
  return writeFrame('answer', HEAD_BYTES_MAX + data.length, (writer) => {
    writer.integer(number);
    writer.integer(total);
    writer.raw(data);
  });
}

/** The begin of an answer in a frame's body; its data are a view. @throws {VectorDbError} DATA_CORRUPT */
export function decodeAnswer(body: Uint8Array): AnswerFrame {
  const reader = new ByteReader(body);
  const number = reader.integer();
  return { number, ...readBegin(reader) };
}

/** A whole frame. */
export function encodeRest(
  kind: FrameKind & ('callRest' | 'answerRest'),
  { number, data }: RestFrame,
): Uint8Array {
  return writeFrame(kind, INTEGER_BYTES_MAX + data.length, (writer) => {
    writer.integer(number);
    writer.raw(data);
  });
}

/** What a frame's body goes on with; its data are a view. @throws {VectorDbError} DATA_CORRUPT */
export function decodeRest(body: Uint8Array): RestFrame {
  const reader = new ByteReader(body);
  const number = reader.integer();
  if (reader.remaining === 0) throw malformed('it goes on with nothing');
  return { number, data: reader.raw(reader.remaining) };
}

/** A whole frame. */
export function encodeFailure({ number, failure, reason }: FailureFrame): Uint8Array {
  return writeFrame('callFailure', 2 * INTEGER_BYTES_MAX + 1 + REASON_BYTES_MAX, (writer) => {
    writer.integer(number);
    writer.byte(CALL_FAILURES.indexOf(failure));
    // A character takes three bytes of UTF-8 at most, a pair of surrogates four.
    writer.text(reason.slice(0, Math.floor(REASON_BYTES_MAX / 3)).toWellFormed());
  });
}

/** The failure in a frame's body. @throws {VectorDbError} DATA_CORRUPT */
export function decodeFailure(body: Uint8Array): FailureFrame {
  const reader = new ByteReader(body);
  const number = reader.integer();
  const failure = CALL_FAILURES[reader.byte()];
  if (failure === undefined) throw malformed('its failure is not known');
  const reason = reader.text(REASON_BYTES_MAX);
  reader.end();
  return { number, failure, reason };
}

/** A whole frame: nobody waits any more for the answer to this call. */
export function encodeCancel(number: number): Uint8Array {
  return writeFrame('callCancel', INTEGER_BYTES_MAX, (writer) => writer.integer(number));
}

/** The number of the call that a frame's body gives up. @throws {VectorDbError} DATA_CORRUPT */
export function decodeCancel(body: Uint8Array): number {
  const reader = new ByteReader(body);
  const number = reader.integer();
  reader.end();
  return number;
}

function readBegin(reader: ByteReader): { readonly total: number; readonly data: Uint8Array } {
  const total = reader.integer();
  if (total > CALL_BYTES_MAX) throw malformed('it announces more than its limit');
  const data = reader.raw(reader.remaining);
  if (data.length > total) throw malformed('it has more than it announces');
  if (data.length === 0 && total > 0) throw malformed('it begins with nothing');
  return { total, data };
}
