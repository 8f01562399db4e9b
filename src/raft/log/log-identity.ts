import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import { crc32c } from './crc32c.ts';
import type { FileSystem } from './file-system.ts';
import { readSafeInteger, writeSafeInteger } from './safe-integer.ts';
import { segmentNumber } from './segment.ts';
import { LOG_FORMAT } from './segment-head.ts';

/** Whose log a folder holds, and how far it goes: without it, a last file that is gone could not be told from one that never was. */
export interface LogIdentity {
  readonly node: number;
  /** Drawn when the log began; another log, even of the same node, has another. */
  readonly stream: number;
  /** The newest segment that may have batches; one more may have been made. 0: none yet. */
  readonly newest: number;
  /** The newest batch that was durable when this was written: the log is not shorter, or its end is gone. */
  readonly durable: number;
}

/** The name of its file. */
export const IDENTITY_NAME = 'identity';
/** What is being written and does not count yet ends with this. */
export const UNFINISHED = '.new';

const MAGIC = Buffer.from('GRAPERID');
const BYTES = 48;
const CRC_AT = 12;

/** An identity as bytes. */
export function encodeLogIdentity({ node, stream, newest, durable }: LogIdentity): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, LOG_FORMAT, true);
  writeSafeInteger(view, 16, node);
  writeSafeInteger(view, 24, stream);
  writeSafeInteger(view, 32, newest);
  writeSafeInteger(view, 40, durable);
  view.setUint32(CRC_AT, identityCrc(bytes), true);
  return bytes;
}

/**
 * @throws {VectorDbError} DATA_CORRUPT when the bytes were not written as an identity; FAILED_PRECONDITION when a newer program wrote them
 */
export function decodeLogIdentity(bytes: Uint8Array, path: string): LogIdentity {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isWhole =
    bytes.length === BYTES &&
    MAGIC.compare(bytes, 0, MAGIC.length) === 0 &&
    view.getUint32(CRC_AT, true) === identityCrc(bytes);
  if (!isWhole) throw new VectorDbError('DATA_CORRUPT', `${path} is damaged`);
  const format = view.getUint32(8, true);
  if (format > LOG_FORMAT) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `${path} has format ${format}; this program reads ${LOG_FORMAT}`,
    );
  }
  return {
    node: readSafeInteger(view, 16),
    stream: readSafeInteger(view, 24),
    newest: readSafeInteger(view, 32),
    durable: readSafeInteger(view, 40),
  };
}

function identityCrc(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(CRC_AT + 4), crc32c(bytes.subarray(0, CRC_AT)));
}

/** Puts a file with these bytes in the place of one of that name; durable, as a whole, when the promise resolves. */
export async function placeFile(
  files: FileSystem,
  folder: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const path = `${folder}/${name}`;
  const unfinished = `${path}${UNFINISHED}`;
  const file = await files.open(unfinished, 'create');
  try {
    await file.write(0, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(unfinished, path);
  await files.syncFolder(folder);
}

/**
 * The identity of a folder's log; a folder without any file of a log gets one. What was being written when a process ended is removed.
 *
 * @throws {VectorDbError} DATA_CORRUPT, FAILED_PRECONDITION
 */
export async function openIdentity(options: {
  readonly files: FileSystem;
  readonly folder: string;
  readonly node: number;
  readonly random: Random;
}): Promise<LogIdentity> {
  const { files, folder, node, random } = options;
  await files.makeFolder(folder);
  const names = await files.list(folder);
  for (const name of names.filter((each) => each.endsWith(UNFINISHED))) {
    await files.remove(`${folder}/${name}`);
  }
  const path = `${folder}/${IDENTITY_NAME}`;
  if (names.includes(IDENTITY_NAME)) {
    const file = await files.open(path, 'existing');
    const identity = decodeLogIdentity(file.read(0, file.size), path);
    await file.close();
    if (identity.node === node) return identity;
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `${folder} holds the log of node ${identity.node}, not of node ${node}`,
    );
  }
  if (names.some((name) => segmentNumber(name) !== undefined)) {
    throw new VectorDbError('DATA_CORRUPT', `${path} is missing, but files of the log are there`);
  }
  const identity = { node, stream: random.below(Number.MAX_SAFE_INTEGER), newest: 0, durable: 0 };
  await placeFile(files, folder, IDENTITY_NAME, encodeLogIdentity(identity));
  return identity;
}
