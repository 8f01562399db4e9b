import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { VectorDbError } from '../../base/error.ts';

const MAGIC = 'usearch';
/** Rows and bytes of each, 32 bits each. */
const MATRIX_HEAD_BYTES = 8;
/** Magic, version, kinds, counts. */
const DENSE_HEAD_BYTES = 64;
/** Size, links, links at the bottom, highest level, entry: 64 bits each. */
const GRAPH_HEAD_BYTES = 40;
/** Key and level of a node. */
const NODE_HEAD_BYTES = 10;
const LEVEL_BYTES = 2;
const LINK_BYTES = 4;

/**
 * Checks that a graph file is as long as its own heads say. The library trusts them and reads past the end of a file that is cut off or none of
 * its own, which ends the process. What lies behind the heads is not checked: a checksum over the file is the caller's.
 *
 * @throws {VectorDbError} DATA_CORRUPT when it is not, or cannot be read
 */
export function checkUsearchFile(path: string): void {
  const corrupt = (cause?: unknown): VectorDbError =>
    new VectorDbError('DATA_CORRUPT', `${path}: not a graph`, { cause });
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw corrupt(cause);
  }
  try {
    const { size } = fstatSync(fd);
    if (size !== lengthByHeads(fd, size)) throw corrupt();
  } finally {
    closeSync(fd);
  }
}

/** Bytes that the heads of the file promise; undefined where they make no sense. */
function lengthByHeads(fd: number, size: number): number | undefined {
  const matrix = readAt(fd, 0, MATRIX_HEAD_BYTES);
  if (matrix === undefined) return undefined;
  const rows = matrix.readUInt32LE(0);
  const headsAt = MATRIX_HEAD_BYTES + rows * matrix.readUInt32LE(4);
  if (headsAt + DENSE_HEAD_BYTES > size) return undefined;
  const dense = readAt(fd, headsAt, DENSE_HEAD_BYTES);
  if (dense?.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  const levelsAt = headsAt + DENSE_HEAD_BYTES + GRAPH_HEAD_BYTES;
  const head = readAt(fd, headsAt + DENSE_HEAD_BYTES, GRAPH_HEAD_BYTES);
  if (head === undefined || head.readBigUInt64LE(0) !== BigInt(rows)) return undefined;
  const levels = readAt(fd, levelsAt, rows * LEVEL_BYTES);
  if (levels === undefined) return undefined;
  const linksBytes = (links: bigint): number => (Number(links) + 1) * LINK_BYTES;
  const upperBytes = linksBytes(head.readBigUInt64LE(8));
  const bottomBytes = linksBytes(head.readBigUInt64LE(16));
  let total = levelsAt + levels.length + rows * (NODE_HEAD_BYTES + bottomBytes);
  for (let i = 0; i < rows; i += 1) total += levels.readInt16LE(i * LEVEL_BYTES) * upperBytes;
  return total;
}

function readAt(fd: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, length - done, position + done);
    if (read === 0) return undefined;
    done += read;
  }
  return bytes;
}
