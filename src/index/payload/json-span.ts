import { assert } from '../../base/assert.ts';

/** Where a value stands in a JSON text: from `start` up to but not including `end`. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its key, where the key's text begins, and where its value stands. */
export interface JsonMember extends JsonSpan {
  readonly key: string;
  readonly keyStart: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The text's whole value, without the white space around it. The text is well-formed JSON. */
export function rootSpan(text: string): JsonSpan {
  const start = skipSpace(text, 0);
  return { start, end: skipValue(text, start) };
}

/** Whether the value at the span is an object. */
export function isObjectSpan(text: string, span: JsonSpan): boolean {
  return text.charCodeAt(span.start) === OPEN_BRACE;
}

/** Whether the value at the span is an array. */
export function isArraySpan(text: string, span: JsonSpan): boolean {
  return text.charCodeAt(span.start) === OPEN_BRACKET;
}

/** The members of the object at the span, in the order of the text; of a key that comes twice, both. */
export function objectMembers(text: string, span: JsonSpan): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipSpace(text, span.start + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, at);
    const colon = skipSpace(text, keyEnd);
    assert(text.charCodeAt(colon) === COLON, 'a stored payload is well-formed JSON');
    const start = skipSpace(text, colon + 1);
    const end = skipValue(text, start);
    members.push({ key: JSON.parse(text.slice(at, keyEnd)) as string, keyStart: at, start, end });
    at = skipSeparator(text, end);
  }
  return members;
}

/** The elements of the array at the span. */
export function arrayItems(text: string, span: JsonSpan): JsonSpan[] {
  const items: JsonSpan[] = [];
  let start = skipSpace(text, span.start + 1);
  while (text.charCodeAt(start) !== CLOSE_BRACKET) {
    const end = skipValue(text, start);
    items.push({ start, end });
    start = skipSeparator(text, end);
  }
  return items;
}

function skipSeparator(text: string, end: number): number {
  const at = skipSpace(text, end);
  return text.charCodeAt(at) === COMMA ? skipSpace(text, at + 1) : at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

function skipString(text: string, from: number): number {
  assert(text.charCodeAt(from) === QUOTE, 'a stored payload is well-formed JSON');
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    assert(quote !== -1, 'a stored payload is well-formed JSON');
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return skipString(text, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(text, from);
  let depth = 0;
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    assert(!Number.isNaN(code), 'a stored payload is well-formed JSON');
    if (code === QUOTE) {
      at = skipString(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
}

function skipScalar(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20) break;
  }
  assert(at > from, 'a stored payload is well-formed JSON');
  return at;
}
