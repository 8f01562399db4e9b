import { assert } from '../../base/assert.ts';
import type { Bitset } from '../bitset.ts';
import { exactly, type FieldAnswer, NO_ROWS } from './field-index.ts';
import { bytesOf, type Sections, uint32s } from './field-file.ts';

/** Gathers for each term the rows that have it. Rows are added in ascending order. */
export class PostingsBuilder {
  readonly #rowCount: number;
  readonly #terms = new Map<string, number[]>();

  constructor(rowCount: number) {
    this.#rowCount = rowCount;
  }

  add(term: string, slot: number): void {
    const slots = this.#terms.get(term);
    if (slots === undefined) this.#terms.set(term, [slot]);
    else if (slots[slots.length - 1] !== slot) slots.push(slot);
  }

  finish(): Sections {
    const terms = [...this.#terms.keys()].sort();
    const rowWords = wordsFor(this.#rowCount);
    const termOffsets = new Uint32Array(terms.length + 1);
    const postingCounts = new Uint32Array(terms.length);
    const postingOffsets = new Uint32Array(terms.length + 1);
    const texts: string[] = [];
    terms.forEach((term, i) => {
      const slots = this.#terms.get(term) as number[];
      termOffsets[i + 1] = (termOffsets[i] as number) + Buffer.byteLength(term);
      postingCounts[i] = slots.length;
      postingOffsets[i + 1] = (postingOffsets[i] as number) + Math.min(slots.length, rowWords);
      texts.push(term);
    });
    const postings = new Uint32Array(postingOffsets[terms.length] as number);
    terms.forEach((term, i) => {
      writePosting(
        postings,
        postingOffsets[i] as number,
        this.#terms.get(term) as number[],
        rowWords,
      );
    });
    return {
      termBytes: Buffer.from(texts.join(''), 'utf8'),
      termOffsets: bytesOf(termOffsets),
      postingCounts: bytesOf(postingCounts),
      postingOffsets: bytesOf(postingOffsets),
      postings: bytesOf(postings),
    };
  }
}

const wordsFor = (rowCount: number): number => (rowCount + 31) >>> 5;

/** A list of rows where it is no longer than a bitmap of all rows, else that bitmap. */
function writePosting(
  postings: Uint32Array,
  offset: number,
  slots: readonly number[],
  rowWords: number,
): void {
  if (slots.length <= rowWords) {
    postings.set(slots, offset);
    return;
  }
  for (const slot of slots) {
    const word = offset + (slot >>> 5);
    postings[word] = (postings[word] as number) | (1 << (slot & 31));
  }
}

/** For each term the rows that have it, over the bytes of a file. Terms are sorted by their UTF-16 code units. */
export class Postings {
  readonly termCount: number;
  readonly #rowCount: number;
  readonly #termBytes: Buffer;
  readonly #termOffsets: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #postings: Uint32Array;

  constructor(sections: Sections, rowCount: number) {
    const bytes = sections.termBytes ?? new Uint8Array(0);
    this.#rowCount = rowCount;
    this.#termBytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#termOffsets = uint32s(sections.termOffsets);
    this.#counts = uint32s(sections.postingCounts);
    this.#offsets = uint32s(sections.postingOffsets);
    this.#postings = uint32s(sections.postings);
    this.termCount = this.#counts.length;
    assert(
      this.termCount === 0 || this.#termOffsets.length === this.termCount + 1,
      'every term has its bytes',
    );
  }

  /** The number of the term, or undefined where no row has it. */
  find(term: string): number | undefined {
    const at = this.#lowerBound(term);
    return at < this.termCount && this.#term(at) === term ? at : undefined;
  }

  /** The numbers of the terms that begin so: from the first up to but not including the second. */
  prefixed(prefix: string): { readonly from: number; readonly to: number } {
    const from = this.#lowerBound(prefix);
    let low = from;
    let high = this.termCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#term(middle).startsWith(prefix)) low = middle + 1;
      else high = middle;
    }
    return { from, to: low };
  }

  /** Rows that have the term. */
  count(term: number): number {
    return this.#counts[term] as number;
  }

  /** Sets the bits of the rows that have the term. */
  fill(term: number, into: Bitset): void {
    const from = this.#offsets[term] as number;
    const to = this.#offsets[term + 1] as number;
    if (this.count(term) === to - from) {
      for (let i = from; i < to; i += 1) into.add(this.#postings[i] as number);
      return;
    }
    const { words } = into;
    for (let i = from; i < to; i += 1) {
      words[i - from] = (words[i - from] as number) | (this.#postings[i] as number);
    }
  }

  /** An answer with the rows that have at least one of the terms. */
  anyOf(terms: readonly number[]): FieldAnswer {
    if (terms.length === 0) return NO_ROWS;
    let most = 0;
    let total = 0;
    let missing = 1;
    for (const term of terms) {
      const count = this.count(term);
      most = Math.max(most, count);
      total += count;
      missing *= 1 - count / this.#rowCount;
    }
    const max = Math.min(total, this.#rowCount);
    const expected = Math.min(max, Math.max(most, Math.round(this.#rowCount * (1 - missing))));
    return {
      estimate: terms.length === 1 ? exactly(total) : { min: most, expected, max },
      exact: true,
      fill: (into) => {
        for (const term of terms) this.fill(term, into);
      },
    };
  }

  #lowerBound(term: string): number {
    let low = 0;
    let high = this.termCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#term(middle) < term) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #term(index: number): string {
    return this.#termBytes.toString('utf8', this.#termOffsets[index], this.#termOffsets[index + 1]);
  }
}
