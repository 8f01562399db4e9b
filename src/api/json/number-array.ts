import { BYTE } from './json-cursor.ts';
import type { JsonCursor } from './json-cursor.ts';
import { NumberScan, SCAN } from './number-scan.ts';

const FIRST_CAPACITY = 4096;

/** Reads arrays of numbers into `Float32Array`s: each number is `Math.fround(Number(text))`. */
export class NumberArrayReader {
  readonly #dimensionMax: number;
  readonly #scan = new NumberScan();
  #values = new Float32Array(FIRST_CAPACITY);
  #count = 0;
  /** The first number beyond float32's range; the scan gives none. */
  #outOfRange: number | undefined;

  /** @param options.dimensionMax - numbers that an array may have */
  constructor(options: { readonly dimensionMax: number }) {
    this.#dimensionMax = options.dimensionMax;
  }

  /** The text whose arrays are read from now on. */
  begin(text: Uint8Array): void {
    this.#scan.begin(text);
  }

  /**
   * Passes over the array whose `[` is at the cursor, in the text that was begun.
   *
   * @throws {VectorDbError} INVALID_VECTOR where an element is no number of float32's range, or there is none; LIMIT_EXCEEDED, MALFORMED_BODY
   */
  read(cursor: JsonCursor): Float32Array {
    cursor.position += 1;
    if (cursor.peek() === BYTE.closeArray) {
      cursor.fail('a vector has at least one number', 'INVALID_VECTOR');
    }
    let why = this.#scan.scan(cursor.position);
    cursor.position = this.#scan.position;
    if (why === SCAN.end && this.#scan.values.length <= this.#dimensionMax) {
      return this.#scan.values.slice();
    }
    this.#count = 0;
    this.#outOfRange = undefined;
    for (;;) {
      this.#append(this.#scan.values, cursor);
      if (why === SCAN.end) break;
      if (why === SCAN.noComma) {
        cursor.fail('expected a comma or the end', 'MALFORMED_BODY', this.#count - 1);
      }
      if (why === SCAN.noNumber) refuseElement(cursor, this.#count);
      if (why === SCAN.careful && this.#readCarefully(cursor)) break;
      why = this.#scan.scan(cursor.position);
      cursor.position = this.#scan.position;
    }
    if (this.#count > this.#dimensionMax) this.#refuseLength(cursor);
    if (this.#outOfRange !== undefined) refuseRange(cursor, this.#outOfRange);
    return this.#values.slice(0, this.#count);
  }

  /** Reads one number by the book, and what follows it; whether the array ended there. */
  #readCarefully(cursor: JsonCursor): boolean {
    cursor.enter(this.#count);
    const { start, end } = cursor.scanNumber();
    const next = cursor.peek();
    if (next !== BYTE.comma && next !== BYTE.closeArray) cursor.fail('expected a comma or the end');
    cursor.leave();
    cursor.position += 1;
    const value = Math.fround(Number(cursor.bytes.toString('latin1', start, end)));
    if (!Number.isFinite(value)) this.#outOfRange ??= this.#count;
    this.#append([value], cursor);
    return next === BYTE.closeArray;
  }

  #append(values: ArrayLike<number>, cursor: JsonCursor): void {
    const count = this.#count + values.length;
    if (count > this.#values.length) {
      if (this.#values.length >= this.#dimensionMax) this.#refuseLength(cursor);
      const larger = new Float32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set(values, this.#count);
    this.#count = count;
  }

  #refuseLength(cursor: JsonCursor): never {
    cursor.fail(`a vector has at most ${this.#dimensionMax} numbers`, 'LIMIT_EXCEEDED');
  }
}

function refuseRange(cursor: JsonCursor, index: number): never {
  cursor.fail('a number beyond the range of float32', 'INVALID_VECTOR', index);
}

function refuseElement(cursor: JsonCursor, index: number): never {
  const byte = cursor.bytes[cursor.position];
  if (byte === undefined || byte === BYTE.comma || byte === BYTE.closeArray) {
    cursor.fail('expected a number', 'MALFORMED_BODY', index);
  }
  return cursor.fail('a vector holds finite numbers only', 'INVALID_VECTOR', index);
}
