import { BYTE } from './json-cursor.ts';
import type { JsonCursor } from './json-cursor.ts';
import { KeySet } from './key-set.ts';

/**
 * Passes over the JSON value that starts at the cursor, without making it; everything a full reading would refuse is refused.
 *
 * @param depth - objects and arrays that this one may hold inside one another, itself counted
 * @throws {VectorDbError} MALFORMED_BODY
 */
export function skipValue(cursor: JsonCursor, depth: number): void {
  const byte = cursor.peek();
  switch (byte) {
    case BYTE.openObject:
      return skipObject(cursor, depth);
    case BYTE.openArray:
      return skipArray(cursor, depth);
    case BYTE.quote:
      cursor.scanString();
      return;
    case 0x74:
      return cursor.expectWord('true');
    case 0x66:
      return cursor.expectWord('false');
    case 0x6e:
      return cursor.expectWord('null');
    default:
      if (byte !== BYTE.minus && !(byte >= BYTE.zero && byte <= BYTE.nine)) {
        cursor.fail('expected a JSON value');
      }
      cursor.scanNumber();
  }
}

function skipObject(cursor: JsonCursor, depth: number): void {
  if (depth === 0) cursor.fail('objects and arrays are nested too deeply');
  cursor.position += 1;
  if (cursor.peek() === BYTE.closeObject) {
    cursor.position += 1;
    return;
  }
  const keys = new KeySet(cursor);
  for (;;) {
    if (cursor.peek() !== BYTE.quote) cursor.fail('expected a key');
    const key = cursor.scanString();
    if (!keys.add(key)) cursor.fail(`the key ${JSON.stringify(cursor.stringText(key))} twice`);
    cursor.expect(BYTE.colon, 'a colon');
    skipValue(cursor, depth - 1);
    const next = cursor.peek();
    if (next !== BYTE.comma && next !== BYTE.closeObject) cursor.fail('expected a comma or }');
    cursor.position += 1;
    if (next === BYTE.closeObject) return;
  }
}

function skipArray(cursor: JsonCursor, depth: number): void {
  if (depth === 0) cursor.fail('objects and arrays are nested too deeply');
  cursor.position += 1;
  if (cursor.peek() === BYTE.closeArray) {
    cursor.position += 1;
    return;
  }
  for (;;) {
    skipValue(cursor, depth - 1);
    const next = cursor.peek();
    if (next !== BYTE.comma && next !== BYTE.closeArray) cursor.fail('expected a comma or ]');
    cursor.position += 1;
    if (next === BYTE.closeArray) return;
  }
}
