import { crc32 } from 'node:zlib';
import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';

/**
 * Bytes before a frame's body: magic (4), version (1), kind (1), zero (2), the body's length (4), the body's checksum (4), the checksum of the bytes so far
 * (4); little-endian. The header has a checksum of its own, so that nobody waits for, or makes room for, a length that is damaged.
 */
export const FRAME_HEADER_BYTES = 20;

/** What a connection between nodes begins with: no text in UTF-8 does, and no TLS handshake. */
export const FRAME_MAGIC: Uint8Array = Uint8Array.of(0xf5, 0x47, 0x52, 0x50);

/** Bytes of the longest body that anybody writes or takes. */
export const FRAME_BODY_BYTES_MAX = 64 * 1024 * 1024;

const VERSION = 1;
const VERSION_AT = 4;
const KIND_AT = 5;
const ZERO_AT = 6;
const LENGTH_AT = 8;
const BODY_CHECKSUM_AT = 12;
const HEADER_CHECKSUM_AT = 16;

/** Every kind of frame and its number. */
export const FRAME_KINDS = {
  messages: 1,
  heartbeats: 2,
  chunk: 3,
  chunkReply: 4,
  alive: 5,
  call: 6,
  callRest: 7,
  answer: 8,
  answerRest: 9,
  callFailure: 10,
  callCancel: 11,
  endsQuestion: 12,
  endsAnswer: 13,
  hello: 16,
  challenge: 17,
  proof: 18,
  welcome: 19,
  refusal: 20,
} as const;

export type FrameKind = keyof typeof FRAME_KINDS;

/** A frame whose checksums hold; nobody has looked into its body. */
export interface Frame {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
}

/** Why bytes are no frame. `magic`: something else was sent; `version`: a newer program's; `header`, `body`: damaged; `length`: above the limit; `kind`: not known. */
export const FRAME_FAULTS = ['magic', 'version', 'header', 'kind', 'length', 'body'] as const;

export type FrameFault = (typeof FRAME_FAULTS)[number];

/** A frame's header. */
export interface FrameHeader {
  readonly kind: FrameKind;
  readonly bodyLength: number;
  readonly bodyChecksum: number;
}

/** Fills the header of a frame whose body is there, behind room for it; the same memory. */
export function sealFrame(kind: FrameKind, frame: Uint8Array): Uint8Array {
  const bodyLength = frame.length - FRAME_HEADER_BYTES;
  assert(bodyLength >= 0 && bodyLength <= FRAME_BODY_BYTES_MAX, 'a frame is too long');
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  frame.set(FRAME_MAGIC);
  view.setUint8(VERSION_AT, VERSION);
  view.setUint8(KIND_AT, FRAME_KINDS[kind]);
  view.setUint16(ZERO_AT, 0, true);
  view.setUint32(LENGTH_AT, bodyLength, true);
  view.setUint32(BODY_CHECKSUM_AT, crc32(frame.subarray(FRAME_HEADER_BYTES)), true);
  view.setUint32(HEADER_CHECKSUM_AT, crc32(frame.subarray(0, HEADER_CHECKSUM_AT)), true);
  return frame;
}

/**
 * The header that {@link FRAME_HEADER_BYTES} bytes are, or why they are none. Magic and version come before the checksum: what is not ours, or
 * newer, has another one.
 */
export function readFrameHeader(bytes: Uint8Array, bodyBytesMax: number): FrameHeader | FrameFault {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  if (FRAME_MAGIC.some((byte, at) => bytes[at] !== byte)) return 'magic';
  if (view.getUint8(VERSION_AT) !== VERSION) return 'version';
  const checksum = crc32(bytes.subarray(0, HEADER_CHECKSUM_AT));
  if (view.getUint32(HEADER_CHECKSUM_AT, true) !== checksum) return 'header';
  if (view.getUint16(ZERO_AT, true) !== 0) return 'header';
  const kind = KIND_NAMES.get(view.getUint8(KIND_AT));
  if (kind === undefined) return 'kind';
  const bodyLength = view.getUint32(LENGTH_AT, true);
  if (bodyLength > bodyBytesMax) return 'length';
  return { kind, bodyLength, bodyChecksum: view.getUint32(BODY_CHECKSUM_AT, true) };
}

/** Whether a body is the one that its header was written for. */
export function isBodyOf({ bodyLength, bodyChecksum }: FrameHeader, body: Uint8Array): boolean {
  return body.length === bodyLength && crc32(body) === bodyChecksum;
}

/** The frame that these bytes are, all of them. @throws {VectorDbError} DATA_CORRUPT */
export function openFrame(bytes: Uint8Array): Frame {
  if (bytes.length < FRAME_HEADER_BYTES) throw damaged('header');
  const header = readFrameHeader(bytes, FRAME_BODY_BYTES_MAX);
  if (typeof header === 'string') throw damaged(header);
  const body = bytes.subarray(FRAME_HEADER_BYTES);
  if (!isBodyOf(header, body)) throw damaged('body');
  return { kind: header.kind, body };
}

const KIND_NAMES = new Map<number, FrameKind>(
  Object.entries(FRAME_KINDS).map(([name, number]) => [number, name as FrameKind]),
);

function damaged(fault: FrameFault): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `bytes are no Raft frame: its ${fault} is wrong`);
}
