import { NUMBER_SCAN } from './number-scan.generated.ts';

/** Why a scan stopped. */
export const SCAN = {
  /** After the array's `]`. */
  end: 0,
  /** At a number that must be read by the book: with an exponent, very long, wrong, or cut off by the end of a part. */
  careful: 1,
  /** Where a number should be and none is. */
  noNumber: 2,
  /** Where a comma or `]` should be. */
  noComma: 3,
  /** At a number that is read by the next scan. */
  full: 4,
} as const;

/** What `assembly/number-scan.ts` exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly position: { readonly value: number };
  readonly count: { readonly value: number };
  scan(at: number, values: number, room: number): number;
}

const module = new WebAssembly.Module(Buffer.from(NUMBER_SCAN, 'base64'));

/** The first page of the memory is the module's own. */
const VALUES_AT = 65_536;
const VALUES_MAX = 4096;
const TEXT_AT = VALUES_AT + VALUES_MAX * 4;
const TEXT_BYTES = 48 * 1024 - 64;
const ZEROS = 8;

/**
 * Reads arrays of numbers where they stand in a text, part by part: the part that is being read lies in the memory of a WebAssembly module. Each number becomes
 * `Math.fround(Number(text))`, found without making a text: a mantissa up to 2^53 and a scale up to 10^22 are exact and one rounding ends it (Clinger
 * 1990, "How to read floating point numbers accurately"); longer mantissas are rounded to float32 from slightly above and slightly below, and only where
 * these differ is the text needed.
 */
export class NumberScan {
  readonly #exports: Exports;
  readonly #part: Uint8Array;
  readonly #values: Float32Array;
  #text: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;

  constructor() {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
    const { buffer } = this.#exports.memory;
    this.#part = new Uint8Array(buffer, TEXT_AT, TEXT_BYTES + ZEROS);
    this.#values = new Float32Array(buffer, VALUES_AT, VALUES_MAX);
  }

  /** The text that is read from now on. */
  begin(text: Uint8Array): void {
    this.#text = text;
    this.#from = 0;
    this.#to = 0;
  }

  /** In the text: where the last {@link scan} stopped. */
  get position(): number {
    return this.#exports.position.value - TEXT_AT + this.#from;
  }

  /** The numbers that the last {@link scan} read; valid until the next one. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#exports.count.value);
  }

  /**
   * Reads numbers and commas up to the array's end or to what it leaves to its caller.
   *
   * @param position - of the first number
   * @returns one of {@link SCAN}
   */
  scan(position: number): number {
    if (position < this.#from || position >= this.#to) this.#load(position);
    const why = this.#exports.scan(TEXT_AT + position - this.#from, VALUES_AT, VALUES_MAX);
    if (why !== SCAN.noNumber || this.#to === this.#text.length || this.position < this.#to - 1) {
      return why;
    }
    // Where a part ends behind a comma, the number begins the next one.
    this.#to = this.#from;
    return SCAN.full;
  }

  #load(position: number): void {
    this.#from = position;
    this.#to = Math.min(this.#text.length, position + TEXT_BYTES);
    const bytes = this.#to - position;
    this.#part.set(this.#text.subarray(position, this.#to));
    this.#part.fill(0, bytes, bytes + ZEROS);
  }
}
