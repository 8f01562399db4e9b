/** Where a member's value lies in the text: `start` inclusive, `end` exclusive. */
export interface JsonSlice {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Finds the members of a JSON object without parsing their values, so that a value's text can be kept as it was written. The values themselves
 * are only delimited, not checked: `JSON.parse` each that matters.
 *
 * @param text - UTF-8
 * @throws {SyntaxError} when the text is no object, or names a member twice
 */
export function jsonMembers(text: Buffer): ReadonlyMap<string, JsonSlice> {
  const members = new Map<string, JsonSlice>();
  let at = skipSpace(text, 0);
  if (text[at] !== OPEN_BRACE) throw new SyntaxError('not a JSON object');
  at = skipSpace(text, at + 1);
  if (text[at] === CLOSE_BRACE) return finish(text, at, members);
  for (;;) {
    if (text[at] !== QUOTE) throw new SyntaxError(`a member's name is expected at byte ${at}`);
    const nameEnd = stringEnd(text, at);
    const name = JSON.parse(text.toString('utf8', at, nameEnd)) as string;
    if (members.has(name)) throw new SyntaxError(`the member "${name}" is there twice`);
    at = skipSpace(text, nameEnd);
    if (text[at] !== COLON) throw new SyntaxError(`a colon is expected at byte ${at}`);
    const start = skipSpace(text, at + 1);
    const end = valueEnd(text, start);
    if (end === start) throw new SyntaxError(`a value is expected at byte ${start}`);
    members.set(name, { start, end });
    at = skipSpace(text, end);
    if (text[at] === CLOSE_BRACE) return finish(text, at, members);
    if (text[at] !== COMMA) throw new SyntaxError(`a comma or brace is expected at byte ${at}`);
    at = skipSpace(text, at + 1);
  }
}

function finish<T>(text: Buffer, closingBrace: number, members: T): T {
  const rest = skipSpace(text, closingBrace + 1);
  if (rest !== text.length) throw new SyntaxError(`nothing may follow the object, at byte ${rest}`);
  return members;
}

function skipSpace(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text[at] as number)) at += 1;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Behind the closing quote of the string that begins at `from`. */
function stringEnd(text: Buffer, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === BACKSLASH) at += 1;
    else if (text[at] === QUOTE) return at + 1;
  }
  throw new SyntaxError(`the string at byte ${from} does not end`);
}

function valueEnd(text: Buffer, from: number): number {
  const first = text[from];
  if (first === QUOTE) return stringEnd(text, from);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(text, from);
  let at = from;
  while (at < text.length && !isScalarEnd(text[at] as number)) at += 1;
  return at;
}

function isScalarEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function nestedEnd(text: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length;) {
    const byte = text[at];
    if (byte === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  throw new SyntaxError(`the value at byte ${from} does not end`);
}
