import { VectorDbError } from '../../base/error.ts';
import { INTEGER_BYTES_MAX } from './byte-writer.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The error for bytes whose checksum holds and which are not what this program writes. */
export function malformed(why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `a Raft frame is malformed: ${why}`);
}

/**
 * Reads what `ByteWriter` wrote. Every read checks that the bytes are there before it takes anything, and nothing is allocated by a number that was read.
 * All methods throw a {@link VectorDbError} DATA_CORRUPT for anything else.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Views of it are to be plain, and a socket gives Buffers.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed('it is cut short');
    this.#at += 1;
    return value;
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw malformed('a flag is neither 0 nor 1');
    return value === 1;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= this.byte() << shift;
    return value >>> 0;
  }

  /** A safe integer from 0 on; only its shortest form is taken. */
  integer(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= INTEGER_BYTES_MAX; count += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && count > 1) throw malformed('a number is not in its shortest form');
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw malformed('a number is too large');
  }

  /** A view of the next bytes. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) throw malformed('it is cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A view of the bytes behind a length. */
  blob(lengthMax = Number.MAX_SAFE_INTEGER): Uint8Array {
    const length = this.integer();
    if (length > lengthMax) throw malformed('a part is longer than its limit');
    return this.raw(length);
  }

  /** @param lengthMax - in bytes */
  text(lengthMax: number): string {
    const bytes = this.blob(lengthMax);
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed('a text is not UTF-8');
    }
  }

  /** Nothing may be left. */
  end(): void {
    if (this.remaining > 0) throw malformed(`${this.remaining} bytes are too many`);
  }
}
