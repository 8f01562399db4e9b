import { assert } from '../../base/assert.ts';
import { unreachable } from '../../base/unreachable.ts';
import { ByteReader, malformed } from './byte-reader.ts';
import { INTEGER_BYTES_MAX } from './byte-writer.ts';
import { configurationBytesMax } from './configuration-codec.ts';
import { readSnapshotMeta, writeSnapshotMeta } from './message-codec.ts';
import type { SnapshotChunk, SnapshotChunkReply } from './transport.ts';
import { writeFrame } from './write-frame.ts';

/** Bytes of the longest name of a snapshot. */
export const SNAPSHOT_NAME_BYTES_MAX = 256;
/** Bytes of a reason; a longer one is cut. */
const REASON_BYTES_MAX = 1024;

/** A chunk and the number that its reply repeats; numbers are a connection's own. */
export interface NumberedChunk {
  readonly number: number;
  readonly chunk: SnapshotChunk;
}

/** What comes back for a chunk; `failed`: the receiver could not take it, for a reason of its own. */
export type ChunkOutcome =
  | SnapshotChunkReply
  | { readonly kind: 'failed'; readonly reason: string };

/** An outcome and the number of its chunk. */
export interface NumberedOutcome {
  readonly number: number;
  readonly outcome: ChunkOutcome;
}

const OUTCOME_TAG = { next: 1, done: 2, refused: 3, failed: 4 } as const satisfies Record<
  ChunkOutcome['kind'],
  number
>;

/** A bound of the body that {@link encodeChunk} writes. */
export function chunkBytesMax({ meta, data }: SnapshotChunk): number {
  return (
    9 * INTEGER_BYTES_MAX +
    5 +
    SNAPSHOT_NAME_BYTES_MAX +
    configurationBytesMax(meta.configuration) +
    data.length
  );
}

/** A whole frame. Its snapshot's name has at most {@link SNAPSHOT_NAME_BYTES_MAX} bytes. */
export function encodeChunk({ number, chunk }: NumberedChunk): Uint8Array {
  assert(Buffer.byteLength(chunk.snapshot) <= SNAPSHOT_NAME_BYTES_MAX, "a snapshot's name is long");
  return writeFrame('chunk', chunkBytesMax(chunk), (writer) => {
    writer.integer(number);
    writer.integer(chunk.group);
    writer.integer(chunk.from);
    writer.integer(chunk.to);
    writer.integer(chunk.term);
    writer.text(chunk.snapshot);
    writeSnapshotMeta(writer, chunk.meta);
    writer.integer(chunk.offset);
    writer.u32(chunk.crc);
    writer.flag(chunk.last);
    writer.raw(chunk.data);
  });
}

/** The chunk in a frame's body; its data are a view. @throws {VectorDbError} DATA_CORRUPT */
export function decodeChunk(body: Uint8Array): NumberedChunk {
  const reader = new ByteReader(body);
  const number = reader.integer();
  const group = reader.integer();
  const from = reader.integer();
  const to = reader.integer();
  const term = reader.integer();
  const snapshot = reader.text(SNAPSHOT_NAME_BYTES_MAX);
  const meta = readSnapshotMeta(reader);
  const offset = reader.integer();
  const crc = reader.u32();
  const last = reader.flag();
  const data = reader.raw(reader.remaining);
  return {
    number,
    chunk: { group, from, to, term, snapshot, meta, offset, data, crc, last },
  };
}

/** A whole frame. */
export function encodeOutcome({ number, outcome }: NumberedOutcome): Uint8Array {
  return writeFrame('chunkReply', 3 * INTEGER_BYTES_MAX + 1 + REASON_BYTES_MAX, (writer) => {
    writer.integer(number);
    writer.byte(OUTCOME_TAG[outcome.kind]);
    switch (outcome.kind) {
      case 'next':
        writer.integer(outcome.offset);
        return;
      case 'done':
        return;
      case 'refused':
      case 'failed':
        writer.text(shortened(outcome.reason));
        return;
      default:
        unreachable(outcome);
    }
  });
}

/** The outcome in a frame's body. @throws {VectorDbError} DATA_CORRUPT */
export function decodeOutcome(body: Uint8Array): NumberedOutcome {
  const reader = new ByteReader(body);
  const number = reader.integer();
  const outcome = readOutcome(reader);
  reader.end();
  return { number, outcome };
}

function readOutcome(reader: ByteReader): ChunkOutcome {
  const tag = reader.byte();
  switch (tag) {
    case OUTCOME_TAG.next:
      return { kind: 'next', offset: reader.integer() };
    case OUTCOME_TAG.done:
      return { kind: 'done' };
    case OUTCOME_TAG.refused:
      return { kind: 'refused', reason: reader.text(REASON_BYTES_MAX) };
    case OUTCOME_TAG.failed:
      return { kind: 'failed', reason: reader.text(REASON_BYTES_MAX) };
    default:
      throw malformed(`its outcome ${tag} is not known`);
  }
}

/** A character takes three bytes of UTF-8 at most, a pair of surrogates four. */
function shortened(reason: string): string {
  return reason.slice(0, Math.floor(REASON_BYTES_MAX / 3)).toWellFormed();
}
