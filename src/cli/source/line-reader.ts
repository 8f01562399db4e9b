import { createReadStream } from 'node:fs';

import { fileError } from './row-file.ts';

/** A line without its end, and where the next one begins. */
export interface Line {
  /** Its bytes, the caller's to keep; without `\n` or `\r\n`. */
  readonly bytes: Buffer;
  /** Byte offset behind the line and its end. */
  readonly end: number;
}

/** Bytes of the longest line: a message with one point that long would be refused anyway. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const CR = 0x0d;
const LF = 0x0a;

/**
 * The lines of a file from byte `from` on, which must be where a line begins. A byte order mark at the file's beginning is left out; a last
 * line without an end counts if it is not empty.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT when a line is longer than 64 MiB
 */
export async function* readLines(path: string, from = 0): AsyncGenerator<Line, void, void> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let end = from;
  const finish = (tail: Buffer, lineEnd: number): Line => {
    let bytes = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
    pending = [];
    pendingBytes = 0;
    if (bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    if (end === 0 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3);
    end = lineEnd;
    return { bytes, end };
  };
  let chunkStart = from;
  const stream = createReadStream(path, { start: from, highWaterMark: 1 << 18 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let at = 0;
    for (let stop = chunk.indexOf(LF); stop !== -1; stop = chunk.indexOf(LF, at)) {
      yield finish(chunk.subarray(at, stop), chunkStart + stop + 1);
      at = stop + 1;
    }
    if (at < chunk.length) {
      pending.push(chunk.subarray(at));
      pendingBytes += chunk.length - at;
      if (pendingBytes > LINE_BYTES_MAX) {
        throw fileError(path, `has a line longer than ${LINE_BYTES_MAX} bytes at byte ${end}`);
      }
    }
    chunkStart += chunk.length;
  }
  if (pendingBytes > 0) yield finish(Buffer.alloc(0), chunkStart);
}
