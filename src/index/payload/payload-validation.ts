import { VectorDbError } from '../../base/error.ts';
import type { PayloadJson } from '../../storage/point-record.ts';
import {
  arrayItems,
  isArraySpan,
  isObjectSpan,
  type JsonSpan,
  objectMembers,
  rootSpan,
} from './json-span.ts';
import { keyPathText, type PathStep } from './key-path.ts';
import { payloadText } from './payload-json.ts';

/** Bounds on a payload. */
export interface PayloadLimits {
  /** Objects and arrays inside one another, the payload itself counted. */
  readonly depthMax: number;
  /** Bytes of its text. */
  readonly bytesMax: number;
}

/**
 * Accepts a payload that is empty, or the text of a JSON object in UTF-8, without a key that comes twice, an unpaired surrogate or a number
 * that a double cannot hold.
 *
 * @param field - where the payload stood in the request, for the error
 * @throws {VectorDbError} LIMIT_EXCEEDED when it is too large or too deep, INVALID_ARGUMENT when it is malformed
 */
export function checkPayload(payload: PayloadJson, limits: PayloadLimits, field: string): void {
  if (payload.length === 0) return;
  if (payload.length > limits.bytesMax) {
    const message = `${field}: a payload has at most ${limits.bytesMax} bytes, not ${payload.length}`;
    throw new VectorDbError('LIMIT_EXCEEDED', message, { field });
  }
  const shape = scan(payload);
  if (shape.depth > limits.depthMax) {
    const message = `${field}: a payload is at most ${limits.depthMax} objects and arrays deep, not ${shape.depth}`;
    throw new VectorDbError('LIMIT_EXCEEDED', message, { field });
  }
  const text = decode(payload, field);
  const value = parse(text, field);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, 'a payload is a JSON object');
  }
  const census: Census = { members: 0, wellFormed: true, finite: true };
  count(value, census);
  if (census.members !== shape.colons) refuseDuplicate(text, rootSpan(text), field, []);
  if (!census.wellFormed) throw invalid(field, 'it has a string with an unpaired surrogate');
  if (!census.finite) throw invalid(field, 'it has a number that is too large');
}

const invalid = (field: string, why: string): VectorDbError =>
  new VectorDbError('INVALID_ARGUMENT', `${field}: ${why}`, { field });

function decode(payload: PayloadJson, field: string): string {
  const text = payloadText(payload);
  // A byte sequence that is not UTF-8 decodes to U+FFFD; only then is it worth asking whether the text held one itself.
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(payload)) {
    throw invalid(field, 'the payload is not well-formed UTF-8');
  }
  return text;
}

function parse(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(field, 'the payload is not well-formed JSON');
  }
}

/** How deep the text nests, and how many colons stand outside strings: one for each member. */
function scan(bytes: Uint8Array): { depth: number; colons: number } {
  let open = 0;
  let depth = 0;
  let colons = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x3a) colons += 1;
    else if (byte === 0x7b || byte === 0x5b) {
      open += 1;
      if (open > depth) depth = open;
    } else if (byte === 0x7d || byte === 0x5d) open -= 1;
  }
  return { depth, colons };
}

interface Census {
  members: number;
  wellFormed: boolean;
  finite: boolean;
}

function count(value: unknown, census: Census): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) census.wellFormed = false;
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) census.finite = false;
  } else if (Array.isArray(value)) {
    for (const item of value) count(item, census);
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      census.members += 1;
      if (!key.isWellFormed()) census.wellFormed = false;
      count((value as Record<string, unknown>)[key], census);
    }
  }
}

function refuseDuplicate(
  text: string,
  span: JsonSpan,
  field: string,
  path: readonly PathStep[],
): void {
  if (isObjectSpan(text, span)) {
    const keys = new Set<string>();
    for (const member of objectMembers(text, span)) {
      const at = [...path, member.key];
      if (keys.has(member.key)) {
        const name = `${field}.${keyPathText(at)}`;
        throw new VectorDbError('INVALID_ARGUMENT', `${name}: the key comes twice`, {
          field: name,
        });
      }
      keys.add(member.key);
      refuseDuplicate(text, member, field, at);
    }
  } else if (isArraySpan(text, span)) {
    arrayItems(text, span).forEach((item, index) => {
      refuseDuplicate(text, item, field, [...path, index]);
    });
  }
}
