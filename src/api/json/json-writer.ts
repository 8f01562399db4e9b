import type { PointId } from '../../base/point-id.ts';
import { float32Text, shortDecimal } from './float-text.ts';
import type { ShortDecimal } from './float-text.ts';

const FIRST_CAPACITY = 64 * 1024;
/** Larger answers keep the memory they were written in; smaller ones become texts, which go out in one piece with their headers. */
const TEXT_BYTES_MAX = 16 * 1024;
/** Bytes that one float32 takes at most: sign, nine digits, point, zeros before them, exponent. */
const FLOAT_BYTES_MAX = 24;
const PLAIN_TEXT = /^[\u0020\u0021\u0023-\u005b\u005d-\u007e]*$/;

/** Writes JSON bytes piece by piece; one writer serves many answers, one after the other. */
export class JsonWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;
  readonly #decimal: ShortDecimal = { digits: 0, scale: 0 };

  /** Starts an answer; what another one left behind when it failed is forgotten. */
  begin(): this {
    this.#length = 0;
    return this;
  }

  /** Text that is JSON already, of ASCII letters. */
  raw(text: string): this {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
    return this;
  }

  /** Bytes that are JSON already. */
  splice(json: Uint8Array): this {
    this.#reserve(json.length);
    this.#bytes.set(json, this.#length);
    this.#length += json.length;
    return this;
  }

  string(text: string): this {
    if (PLAIN_TEXT.test(text)) return this.raw(`"${text}"`);
    return this.splice(Buffer.from(JSON.stringify(text)));
  }

  id(id: PointId): this {
    return typeof id === 'string' ? this.string(id) : this.raw(String(id));
  }

  /** The shortest text that reads back as this float32. */
  float(value: number): this {
    this.#reserve(FLOAT_BYTES_MAX);
    this.#float(value);
    return this;
  }

  vector(values: Float32Array): this {
    this.#reserve(values.length * (FLOAT_BYTES_MAX + 1) + 2);
    this.#byte(0x5b);
    for (let i = 0; i < values.length; i += 1) {
      if (i > 0) this.#byte(0x2c);
      this.#float(values[i] as number);
    }
    this.#byte(0x5d);
    return this;
  }

  /** Any other value without a `bigint` in it. */
  value(value: unknown): this {
    return this.splice(Buffer.from(JSON.stringify(value)));
  }

  /** What was written since {@link begin}. */
  take(): string | Buffer {
    const written = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    if (written.length <= TEXT_BYTES_MAX) return written.toString('utf8');
    this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    return written;
  }

  #float(value: number): void {
    const magnitude = Math.abs(value);
    const decimal = this.#decimal;
    if (!shortDecimal(magnitude, decimal)) {
      const text = value === 0 && !Object.is(value, -0) ? '0' : float32Text(value);
      this.#length += this.#bytes.write(text, this.#length, 'latin1');
      return;
    }
    if (value < 0) this.#byte(0x2d);
    this.#decimalText(decimal);
  }

  #decimalText({ digits, scale }: ShortDecimal): void {
    const bytes = this.#bytes;
    let length = 1;
    for (let bound = 10; bound <= digits; bound *= 10) length += 1;
    // 0.00123 has a zero before the point and as many after it as digits lack.
    const written = Math.max(length, scale + 1) + (scale > 0 ? 1 : 0);
    let at = this.#length + written - 1;
    let rest = digits | 0;
    for (let place = 0; place < scale; place += 1) {
      const tens = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - tens * 10;
      rest = tens;
      at -= 1;
    }
    if (scale > 0) {
      bytes[at] = 0x2e;
      at -= 1;
    }
    for (; at >= this.#length; at -= 1) {
      const tens = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - tens * 10;
      rest = tens;
    }
    this.#length += written;
  }

  #byte(byte: number): void {
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
