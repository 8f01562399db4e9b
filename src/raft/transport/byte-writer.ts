import { assert } from '../../base/assert.ts';

/** Bytes of the longest varint: a safe integer has 53 bits, seven go into a byte. */
export const INTEGER_BYTES_MAX = 8;

const utf8 = new TextEncoder();

/** Fills memory from its begin. The caller knows a bound of what it will write, so that nothing is measured or grown. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** @param capacity - bytes that are never exceeded */
  constructor(capacity: number) {
    const memory = Buffer.allocUnsafe(capacity);
    this.#bytes = new Uint8Array(memory.buffer, memory.byteOffset, capacity);
  }

  /** Leaves room that the caller fills later. */
  skip(length: number): void {
    this.#at += length;
  }

  /** A whole number below 256. */
  byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** A whole number below 2^32, little-endian. */
  u32(value: number): void {
    assert(value === value >>> 0, 'a number does not fit into 32 bits');
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  /** A safe integer from 0 on, as a varint: seven bits a byte, the lowest first, the highest bit of a byte says that more follow. */
  integer(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a number is not a safe integer from 0 on');
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    assert(this.#at + bytes.length <= this.#bytes.length, 'more bytes than were bounded');
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Bytes behind their length. */
  blob(bytes: Uint8Array): void {
    this.integer(bytes.length);
    this.raw(bytes);
  }

  /** A text in UTF-8 behind its length; halves of surrogate pairs become U+FFFD. */
  text(text: string): void {
    this.blob(utf8.encode(text));
  }

  /** What was written: a view, not a copy. */
  finish(): Uint8Array {
    assert(this.#at <= this.#bytes.length, 'more bytes than were bounded');
    return this.#bytes.subarray(0, this.#at);
  }
}
