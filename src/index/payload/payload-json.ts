import type { PayloadJson } from '../../storage/point-record.ts';
import { FloatNumber, type PayloadObject, type PayloadValue } from './payload-value.ts';

/** No payload. */
export const EMPTY_PAYLOAD: PayloadJson = new Uint8Array(0);

const INTEGER_TEXT = /^-?\d+$/;
const I64_MIN = -0x8000_0000_0000_0000n;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Finds text in which a number may not survive `JSON.parse`: a whole one with a fraction or an exponent, or one of 16 digits and more. It
 * may find such text inside a string, which costs time and nothing else.
 */
const DELICATE_NUMBER = /[:[,]\s*-?(?:\d{16}|\d+(?:\.0+|(?:\.\d+)?[eE][+-]?\d+)\s*[,}\]])/;

/** The bytes as text. */
export function payloadText(payload: PayloadJson): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

/** The text of a JSON object as a payload. */
export function payloadFromText(text: string): PayloadJson {
  return Buffer.from(text, 'utf8');
}

/** The object that a payload holds; no payload is an object without members. */
export function parsePayload(payload: PayloadJson): PayloadObject {
  return payload.length === 0 ? {} : (parsePayloadText(payloadText(payload)) as PayloadObject);
}

/**
 * A JSON text with the kinds of its numbers kept. Most texts hold no number that needs care, and cost one `JSON.parse`.
 *
 * @throws {SyntaxError} when it is not JSON
 */
export function parsePayloadText(text: string): PayloadValue {
  if (!DELICATE_NUMBER.test(text)) return JSON.parse(text) as PayloadValue;
  return JSON.parse(text, reviveNumber as (key: string, value: unknown) => unknown) as PayloadValue;
}

function reviveNumber(
  _key: string,
  value: unknown,
  context: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  if (Number.isSafeInteger(value)) {
    return INTEGER_TEXT.test(context.source) ? value : new FloatNumber(value);
  }
  if (!Number.isInteger(value) && Number.isFinite(value)) return value;
  if (!INTEGER_TEXT.test(context.source)) return new FloatNumber(value);
  const whole = BigInt(context.source);
  return whole >= I64_MIN && whole <= U64_MAX ? whole : new FloatNumber(value);
}
