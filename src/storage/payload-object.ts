import type { PayloadJson } from './point-record.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An object as a payload. */
export function payloadOf(object: Readonly<Record<string, unknown>>): PayloadJson {
  return encoder.encode(JSON.stringify(object));
}

/** A payload as an object; no payload is an empty one. */
export function jsonOf(payload: PayloadJson): Record<string, unknown> {
  return payload.length === 0
    ? {}
    : (JSON.parse(decoder.decode(payload)) as Record<string, unknown>);
}
