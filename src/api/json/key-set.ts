import type { JsonCursor, ScannedString } from './json-cursor.ts';

/** Up to this many keys are compared one by one; more are looked up by their texts. */
const COMPARED_MAX = 12;

/** The keys of one object so far, compared as they stand in the body: few objects have more than a handful. */
export class KeySet {
  readonly #cursor: JsonCursor;
  readonly #keys: ScannedString[] = [];
  #texts: Set<string> | undefined;

  constructor(cursor: JsonCursor) {
    this.#cursor = cursor;
  }

  /** False where the key is there already. */
  add(key: ScannedString): boolean {
    if (this.#texts) return this.#addText(this.#texts, key);
    if (key.escaped || this.#keys.length === COMPARED_MAX) {
      // An escaped key may equal one that is written plainly, so from here on texts count.
      this.#texts = new Set(this.#keys.map((known) => this.#cursor.stringText(known)));
      return this.#addText(this.#texts, key);
    }
    for (const known of this.#keys) if (this.#isEqual(known, key)) return false;
    this.#keys.push(key);
    return true;
  }

  #addText(texts: Set<string>, key: ScannedString): boolean {
    const { size } = texts;
    return texts.add(this.#cursor.stringText(key)).size > size;
  }

  #isEqual(a: ScannedString, b: ScannedString): boolean {
    const length = a.end - a.start;
    if (length !== b.end - b.start) return false;
    const { bytes } = this.#cursor;
    for (let i = 0; i < length; i += 1) {
      if (bytes[a.start + i] !== bytes[b.start + i]) return false;
    }
    return true;
  }
}
