import { isUtf8 } from 'node:buffer';
import { BYTE, JsonCursor } from './json-cursor.ts';
import { NumberArrayReader } from './number-array.ts';
import { skipValue } from './raw-object.ts';
import type { ReadPlan } from './read-plan.ts';
import { VectorDbError } from '../../base/error.ts';
import type { PointId } from '../../base/point-id.ts';
import type { PayloadJson } from '../../storage/point-record.ts';

/** Bounds of what is read; the keys of the configuration's `[limits]`. */
export interface JsonReaderLimits {
  /** Objects and arrays inside one another in a body. */
  readonly bodyDepthMax: number;
  /** The same inside a payload, itself counted. */
  readonly payloadDepthMax: number;
  /** Bytes of a payload. */
  readonly payloadBytesMax: number;
  /** Numbers of a vector. */
  readonly dimensionMax: number;
}

const NO_PAYLOAD: PayloadJson = new Uint8Array(0);
const U64_MAX = 0xffff_ffff_ffff_ffffn;
/** Longer integers are no ids and no sensible values: they are read as doubles. */
const BIGINT_DIGITS_MAX = 40;
const VALUE: ReadPlan = { kind: 'value' };

/**
 * Reads the body of a request strictly (RFC 8259, and no key twice): vectors straight into `Float32Array`s, payloads as the bytes they are.
 * One reader serves many bodies, one after the other.
 */
export class JsonReader {
  readonly #limits: JsonReaderLimits;
  readonly #numbers: NumberArrayReader;

  constructor(options: { readonly limits: JsonReaderLimits }) {
    this.#limits = options.limits;
    this.#numbers = new NumberArrayReader({ dimensionMax: options.limits.dimensionMax });
  }

  /**
   * The value of the whole text; objects have no prototype, payloads are views into `bytes`.
   *
   * @throws {VectorDbError} MALFORMED_BODY with the position; INVALID_VECTOR, INVALID_ARGUMENT, LIMIT_EXCEEDED with the field
   */
  read(bytes: Uint8Array, plan: ReadPlan): unknown {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!isUtf8(body)) {
      throw new VectorDbError(
        'MALFORMED_BODY',
        `body: not UTF-8 at byte ${firstMalformedByte(body)}`,
        { field: 'body' },
      );
    }
    const cursor = new JsonCursor(body);
    this.#numbers.begin(body);
    if (cursor.peek() === -1) cursor.fail('the body is empty');
    const value = this.#value(cursor, plan, this.#limits.bodyDepthMax);
    if (cursor.peek() !== -1) cursor.fail('something follows the JSON value');
    return value;
  }

  #value(cursor: JsonCursor, plan: ReadPlan, depth: number): unknown {
    const byte = cursor.peek();
    if (plan.kind === 'vector') return this.#vector(cursor, byte);
    if (plan.kind === 'payload') return this.#payload(cursor, byte);
    if (plan.kind === 'id') return readId(cursor, byte);
    switch (byte) {
      case BYTE.openObject:
        return this.#object(cursor, plan, depth);
      case BYTE.openArray:
        return this.#array(cursor, plan, depth);
      case BYTE.quote:
        return cursor.stringText(cursor.scanString());
      case 0x74:
        cursor.expectWord('true');
        return true;
      case 0x66:
        cursor.expectWord('false');
        return false;
      case 0x6e:
        cursor.expectWord('null');
        return null;
      default:
        return readNumber(cursor, byte);
    }
  }

  #object(cursor: JsonCursor, plan: ReadPlan, depth: number): unknown {
    if (depth === 0) cursor.fail('objects and arrays are nested too deeply');
    const object = Object.create(null) as Record<string, unknown>;
    cursor.position += 1;
    if (cursor.peek() === BYTE.closeObject) {
      cursor.position += 1;
      return object;
    }
    for (;;) {
      if (cursor.peek() !== BYTE.quote) cursor.fail('expected a key');
      const key = cursor.stringText(cursor.scanString());
      cursor.enter(key);
      if (key in object) cursor.fail('the same key twice');
      cursor.expect(BYTE.colon, 'a colon');
      const valuePlan = plan.kind === 'object' ? (plan.properties.get(key) ?? plan.rest) : VALUE;
      object[key] = this.#value(cursor, valuePlan, depth - 1);
      cursor.leave();
      const next = cursor.peek();
      if (next !== BYTE.comma && next !== BYTE.closeObject) cursor.fail('expected a comma or }');
      cursor.position += 1;
      if (next === BYTE.closeObject) return object;
    }
  }

  #array(cursor: JsonCursor, plan: ReadPlan, depth: number): unknown {
    if (depth === 0) cursor.fail('objects and arrays are nested too deeply');
    const array: unknown[] = [];
    cursor.position += 1;
    if (cursor.peek() === BYTE.closeArray) {
      cursor.position += 1;
      return array;
    }
    const items = plan.kind === 'array' ? plan.items : VALUE;
    for (;;) {
      cursor.enter(array.length);
      array.push(this.#value(cursor, items, depth - 1));
      cursor.leave();
      const next = cursor.peek();
      if (next !== BYTE.comma && next !== BYTE.closeArray) cursor.fail('expected a comma or ]');
      cursor.position += 1;
      if (next === BYTE.closeArray) return array;
    }
  }

  #vector(cursor: JsonCursor, byte: number): Float32Array {
    if (byte !== BYTE.openArray) {
      skipValue(cursor, this.#limits.bodyDepthMax);
      cursor.fail('a vector is an array of numbers', 'INVALID_ARGUMENT');
    }
    return this.#numbers.read(cursor);
  }

  #payload(cursor: JsonCursor, byte: number): PayloadJson {
    const start = cursor.position;
    skipValue(cursor, this.#limits.payloadDepthMax);
    if (byte !== BYTE.openObject) {
      if (byte === 0x6e) return NO_PAYLOAD;
      cursor.fail('a payload is an object', 'INVALID_ARGUMENT');
    }
    const bytesMax = this.#limits.payloadBytesMax;
    if (cursor.position - start > bytesMax) {
      cursor.fail(`a payload has at most ${bytesMax} bytes`, 'LIMIT_EXCEEDED');
    }
    return cursor.bytes.subarray(start, cursor.position);
  }
}

function readId(cursor: JsonCursor, byte: number): PointId {
  if (byte === BYTE.quote) return cursor.stringText(cursor.scanString());
  const { position } = cursor;
  skipValue(cursor, 1);
  const text = cursor.bytes.toString('latin1', position, cursor.position);
  if (/^[0-9]{1,20}$/.test(text)) {
    const id = BigInt(text);
    if (id <= U64_MAX) return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
  }
  return cursor.fail('an id is a string or an integer between 0 and 2^64-1', 'INVALID_ARGUMENT');
}

function readNumber(cursor: JsonCursor, byte: number): number | bigint {
  if (byte !== BYTE.minus && !(byte >= BYTE.zero && byte <= BYTE.nine)) {
    cursor.fail('expected a JSON value');
  }
  const { start, end, integer } = cursor.scanNumber();
  const text = cursor.bytes.toString('latin1', start, end);
  const value = Number(text);
  if (integer && !Number.isSafeInteger(value) && text.length <= BIGINT_DIGITS_MAX) {
    return BigInt(text);
  }
  if (!Number.isFinite(value)) cursor.fail('a number beyond the range of a double');
  return value;
}

/** The first byte that is not UTF-8: decoded and encoded again, the text first differs there. */
function firstMalformedByte(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'));
  let position = 0;
  while (bytes[position] === again[position]) position += 1;
  return position;
}
