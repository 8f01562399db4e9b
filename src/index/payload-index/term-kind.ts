import type { FieldTest, MatchValue } from '../filter/filter.ts';
import { matchable } from '../filter/field-test.ts';
import { bytesOf, type Sections, uint32s } from './field-file.ts';
import { exactly, type FieldAnswer, NO_ROWS } from './field-index.ts';
import type { FieldKind, FieldKindBuilder, FieldKindReader } from './field-kind.ts';
import { Postings, PostingsBuilder } from './postings.ts';

/**
 * The kind whose index is a dictionary of the values that `match` compares.
 *
 * @param type - of the values that it takes; rows with values of another type are kept in a list, which `except` needs
 */
export function termKind(type: 'string' | 'integer' | 'boolean'): FieldKind {
  return {
    builder: (_schema, rowCount) => new TermBuilder(type, rowCount),
    open: (_schema, sections, rowCount) => new TermReader(type, sections, rowCount),
  };
}

function termOf(type: string, value: MatchValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const own = typeof value === 'number' || typeof value === 'bigint' ? 'integer' : typeof value;
  return own === type ? String(value) : undefined;
}

class TermBuilder implements FieldKindBuilder {
  readonly #type: string;
  readonly #postings: PostingsBuilder;
  readonly #others: number[] = [];

  constructor(type: string, rowCount: number) {
    this.#type = type;
    this.#postings = new PostingsBuilder(rowCount);
  }

  add(slot: number, value: Parameters<FieldKindBuilder['add']>[1]): void {
    const term = termOf(this.#type, matchable(value));
    if (term !== undefined) this.#postings.add(term, slot);
    else if (this.#others.at(-1) !== slot) this.#others.push(slot);
  }

  finish(): Sections {
    return { ...this.#postings.finish(), otherSlots: bytesOf(Uint32Array.from(this.#others)) };
  }
}

class TermReader implements FieldKindReader {
  readonly #type: string;
  readonly #postings: Postings;
  readonly #others: Uint32Array;
  readonly #rowCount: number;

  constructor(type: string, sections: Sections, rowCount: number) {
    this.#type = type;
    this.#postings = new Postings(sections, rowCount);
    this.#others = uint32s(sections.otherSlots);
    this.#rowCount = rowCount;
  }

  answer(test: FieldTest): FieldAnswer | undefined {
    if (test.kind === 'value') return this.#any([test.value]);
    if (test.kind === 'any') return this.#any(test.values);
    if (test.kind === 'except') return this.#except(test.values);
    if (test.kind === 'prefix' && this.#type === 'string') {
      const { from, to } = this.#postings.prefixed(test.text);
      return this.#postings.anyOf(Array.from({ length: to - from }, (_, i) => from + i));
    }
    return undefined;
  }

  /** The numbers of the terms that rows have, each once; undefined where a value is of another type. */
  #find(values: readonly MatchValue[]): number[] | undefined {
    const found = new Set<number>();
    for (const value of values) {
      const term = termOf(this.#type, matchable(value));
      if (term === undefined) return undefined;
      const number = this.#postings.find(term);
      if (number !== undefined) found.add(number);
    }
    return [...found];
  }

  #any(values: readonly MatchValue[]): FieldAnswer | undefined {
    const found = this.#find(values);
    return found === undefined ? undefined : this.#postings.anyOf(found);
  }

  #except(values: readonly MatchValue[]): FieldAnswer | undefined {
    const refused = this.#find(values);
    if (refused === undefined) return undefined;
    const left = new Set(refused);
    const kept: number[] = [];
    for (let term = 0; term < this.#postings.termCount; term += 1) {
      if (!left.has(term)) kept.push(term);
    }
    const terms = kept.length === 0 ? NO_ROWS : this.#postings.anyOf(kept);
    const others = this.#others;
    if (others.length === 0) return { ...terms, estimate: this.#sumEstimate(kept, terms) };
    const max = Math.min(this.#rowCount, terms.estimate.max + others.length);
    return {
      estimate: {
        min: Math.max(terms.estimate.min, others.length),
        expected: Math.max(others.length, Math.min(max, terms.estimate.expected + others.length)),
        max,
      },
      exact: true,
      fill: (into) => {
        terms.fill(into);
        for (const slot of others) into.add(slot);
      },
    };
  }

  /** Different values of a field mostly stand in different rows: their sum is the better guess. */
  #sumEstimate(terms: readonly number[], answer: FieldAnswer): FieldAnswer['estimate'] {
    if (terms.length <= 1) return terms.length === 0 ? exactly(0) : answer.estimate;
    return { ...answer.estimate, expected: answer.estimate.max };
  }
}
