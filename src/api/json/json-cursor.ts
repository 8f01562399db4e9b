import { VectorDbError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error-codes.ts';

/** Bytes of JSON's punctuation. */
export const BYTE = {
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  lowerE: 0x65,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** What was found at a place: where its text ends, and whether it must be unescaped. */
export interface ScannedString {
  readonly start: number;
  readonly end: number;
  readonly escaped: boolean;
}

/** A place in a body of JSON text (RFC 8259), with the path of the value that is being read, for errors. */
export class JsonCursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  position = 0;
  readonly #path: (string | number)[] = [];

  /** @param bytes - well-formed UTF-8 */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  enter(step: string | number): void {
    this.#path.push(step);
  }

  leave(): void {
    this.#path.pop();
  }

  /** The path of the value under way, as `points[3].vector`; `body` for the whole. */
  fieldText(index?: number): string {
    let text = '';
    for (const step of this.#path) {
      if (typeof step === 'number') text += `[${step}]`;
      else text += text === '' ? step : `.${step}`;
    }
    if (index !== undefined) text += `[${index}]`;
    return text === '' ? 'body' : text;
  }

  /** Ends the reading: the text is not what it should be at this position. */
  fail(problem: string, code: ErrorCode = 'MALFORMED_BODY', index?: number): never {
    const field = this.fieldText(index);
    const where = code === 'MALFORMED_BODY' ? ` at byte ${this.position}` : '';
    throw new VectorDbError(code, `${field}: ${problem}${where}`, { field });
  }

  /** Passes over white space; the byte after it, or -1 at the end. */
  peek(): number {
    const { bytes } = this;
    let { position } = this;
    for (;;) {
      const byte = bytes[position];
      if (byte === undefined) {
        this.position = position;
        return -1;
      }
      if (byte > 0x20 || !(byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
        this.position = position;
        return byte;
      }
      position += 1;
    }
  }

  /** Passes over white space and this byte. */
  expect(byte: number, name: string): void {
    if (this.peek() !== byte) this.fail(`expected ${name}`);
    this.position += 1;
  }

  /** Passes over a word such as `true`. */
  expectWord(word: string): void {
    const end = this.position + word.length;
    if (this.bytes.toString('latin1', this.position, end) !== word)
      this.fail('expected a JSON value');
    this.position = end;
  }

  /** Passes over the string that starts here; its text lies between the quotes. */
  scanString(): ScannedString {
    const { bytes } = this;
    const start = this.position + 1;
    let escaped = false;
    let position = start;
    for (;;) {
      const byte = bytes[position];
      if (byte === BYTE.quote) break;
      if (byte === BYTE.backslash) {
        escaped = true;
        this.position = position;
        position = this.#afterEscape();
      } else if (byte === undefined || byte < 0x20) {
        this.position = position;
        this.fail(byte === undefined ? 'the string does not end' : 'a control character');
      } else {
        position += 1;
      }
    }
    this.position = position + 1;
    return { start, end: position, escaped };
  }

  #afterEscape(): number {
    const { bytes } = this;
    const at = this.position;
    const letter = bytes[at + 1];
    // " \ / b f n r t
    if (
      letter === 0x22 ||
      letter === 0x5c ||
      letter === 0x2f ||
      letter === 0x62 ||
      letter === 0x66 ||
      letter === 0x6e ||
      letter === 0x72 ||
      letter === 0x74
    ) {
      return at + 2;
    }
    if (letter !== 0x75) this.fail('an unknown escape');
    const unit = this.#codeUnit(at + 2);
    if (unit < 0xd800 || unit > 0xdfff) return at + 6;
    const paired =
      unit < 0xdc00 && bytes[at + 6] === BYTE.backslash && bytes[at + 7] === 0x75
        ? this.#codeUnit(at + 8)
        : 0;
    if (paired < 0xdc00 || paired > 0xdfff) this.fail('half of a surrogate pair');
    return at + 12;
  }

  #codeUnit(at: number): number {
    const hex = this.bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('a malformed \\u escape');
    return Number.parseInt(hex, 16);
  }

  /** The text of a string that {@link scanString} found. */
  stringText({ start, end, escaped }: ScannedString): string {
    return escaped
      ? (JSON.parse(this.bytes.toString('utf8', start - 1, end + 1)) as string)
      : this.bytes.toString('utf8', start, end);
  }

  /** Passes over the number that starts here; whether it is written as an integer. */
  scanNumber(): { readonly start: number; readonly end: number; readonly integer: boolean } {
    const { bytes, position: start } = this;
    let integer = true;
    if (bytes[this.position] === BYTE.minus) this.position += 1;
    if (bytes[this.position] === BYTE.zero) this.position += 1;
    else this.#expectDigits();
    if (bytes[this.position] === BYTE.dot) {
      integer = false;
      this.position += 1;
      this.#expectDigits();
    }
    if (((bytes[this.position] as number) | 0x20) === BYTE.lowerE) {
      integer = false;
      this.position += 1;
      const sign = bytes[this.position];
      if (sign === BYTE.plus || sign === BYTE.minus) this.position += 1;
      this.#expectDigits();
    }
    const next = bytes[this.position] as number;
    if (next >= BYTE.zero && next <= BYTE.nine) this.fail('a number with a leading zero');
    return { start, end: this.position, integer };
  }

  #expectDigits(): void {
    const { bytes } = this;
    const first = this.position;
    let byte = bytes[this.position] as number;
    while (byte >= BYTE.zero && byte <= BYTE.nine) {
      this.position += 1;
      byte = bytes[this.position] as number;
    }
    if (this.position === first) this.fail('expected a digit');
  }
}
