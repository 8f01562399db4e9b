import { assert } from '../../base/assert.ts';
import { ByteReader, malformed } from './byte-reader.ts';
import { INTEGER_BYTES_MAX } from './byte-writer.ts';
import { NONCE_BYTES, PROOF_BYTES } from './cluster-proof.ts';
import { FRAME_HEADER_BYTES } from './frame-codec.ts';
import type { NodeNumber } from './transport.ts';
import { writeFrame } from './write-frame.ts';

/** Bytes of a cluster's longest id. */
export const CLUSTER_ID_BYTES_MAX = 256;
const DETAIL_BYTES_MAX = 1024;

/** Bytes of the longest body before a handshake is complete. */
export const HANDSHAKE_BODY_BYTES_MAX = 2048;

/**
 * What a connection is for. Chunks and calls have their own, so that heartbeats need not wait behind them. On that of `guests` someone who has no number yet
 * asks one question.
 */
export const LANES = ['messages', 'chunks', 'calls', 'guests'] as const;

export type Lane = (typeof LANES)[number];

/** Versions of the protocol, both ends included. */
export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

/** The client's first word. */
export interface Hello {
  readonly protocol: ProtocolRange;
  /** Empty of a guest. */
  readonly cluster: string;
  /** 0 of a guest. */
  readonly from: NodeNumber;
  /** Whom it believes to speak to; 0 of a guest, who does not know. */
  readonly to: NodeNumber;
  readonly lane: Lane;
  readonly nonce: Uint8Array;
}

/** The server's first word. */
export interface Challenge {
  /** The version from here on. */
  readonly version: number;
  /** 0: it belongs to no cluster yet. */
  readonly node: NodeNumber;
  readonly nonce: Uint8Array;
}

/** Why a side does not speak with the other. `member`: one of the two is not a member of the cluster yet; `removed`: the other one is none any more. */
export const REFUSAL_REASONS = [
  'version',
  'cluster',
  'node',
  'certificate',
  'token',
  'member',
  'removed',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** The last word to one who is refused. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** For people. */
  readonly detail: string;
}

/** A whole frame. */
export function encodeHello(hello: Hello): Uint8Array {
  assert(Buffer.byteLength(hello.cluster) <= CLUSTER_ID_BYTES_MAX, "a cluster's id is too long");
  const bytesMax = 6 * INTEGER_BYTES_MAX + CLUSTER_ID_BYTES_MAX + 1 + NONCE_BYTES;
  return writeFrame('hello', bytesMax, (writer) => {
    writer.integer(hello.protocol.min);
    writer.integer(hello.protocol.max);
    writer.text(hello.cluster);
    writer.integer(hello.from);
    writer.integer(hello.to);
    writer.byte(LANES.indexOf(hello.lane));
    writer.raw(hello.nonce);
  });
}

/**
 * The hello in a frame's body. Versions to come may add fields at its end: they are left alone.
 *
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new ByteReader(body);
  const min = reader.integer();
  const max = reader.integer();
  const cluster = reader.text(CLUSTER_ID_BYTES_MAX);
  const from = reader.integer();
  const to = reader.integer();
  const lane = LANES[reader.byte()];
  if (lane === undefined) throw malformed('its lane is not known');
  return { protocol: { min, max }, cluster, from, to, lane, nonce: reader.raw(NONCE_BYTES) };
}

/** A whole frame. */
export function encodeChallenge({ version, node, nonce }: Challenge): Uint8Array {
  return writeFrame('challenge', 2 * INTEGER_BYTES_MAX + NONCE_BYTES, (writer) => {
    writer.integer(version);
    writer.integer(node);
    writer.raw(nonce);
  });
}

/** The challenge in a frame's body. @throws {VectorDbError} DATA_CORRUPT */
export function decodeChallenge(body: Uint8Array): Challenge {
  const reader = new ByteReader(body);
  const version = reader.integer();
  const node = reader.integer();
  const nonce = reader.raw(NONCE_BYTES);
  reader.end();
  return { version, node, nonce };
}

/** A whole frame: `proof` is the client's, `welcome` the server's, which ends the handshake. */
export function encodeProof(kind: 'proof' | 'welcome', proof: Uint8Array): Uint8Array {
  return writeFrame(kind, PROOF_BYTES, (writer) => writer.raw(proof));
}

/** The proof in a frame's body. @throws {VectorDbError} DATA_CORRUPT */
export function decodeProof(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body);
  const proof = reader.raw(PROOF_BYTES);
  reader.end();
  return proof;
}

/** A whole frame. */
export function encodeRefusal({ reason, detail }: Refusal): Uint8Array {
  return writeFrame('refusal', 1 + INTEGER_BYTES_MAX + DETAIL_BYTES_MAX, (writer) => {
    writer.byte(REFUSAL_REASONS.indexOf(reason));
    writer.text(detail.slice(0, Math.floor(DETAIL_BYTES_MAX / 3)).toWellFormed());
  });
}

/** The refusal in a frame's body. @throws {VectorDbError} DATA_CORRUPT */
export function decodeRefusal(body: Uint8Array): Refusal {
  const reader = new ByteReader(body);
  const reason = REFUSAL_REASONS[reader.byte()];
  if (reason === undefined) throw malformed('its reason is not known');
  return { reason, detail: reader.text(DETAIL_BYTES_MAX) };
}

/** The body of a whole frame. */
export function bodyOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(FRAME_HEADER_BYTES);
}
