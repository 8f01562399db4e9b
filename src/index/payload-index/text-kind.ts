import { Bitset } from '../bitset.ts';
import { textTokenizer } from '../filter/text-tokenizer.ts';
import { type FieldAnswer, NO_ROWS } from './field-index.ts';
import type { FieldKind } from './field-kind.ts';
import { Postings, PostingsBuilder } from './postings.ts';

/** The tokens of strings. It finds the rows in which all tokens of a phrase are, not whether they follow one another. */
export const textKind: FieldKind = {
  builder(schema, rowCount) {
    const tokenizer = textTokenizer(schema);
    const postings = new PostingsBuilder(rowCount);
    return {
      add(slot, value) {
        if (typeof value !== 'string') return;
        for (const token of tokenizer.tokens(value)) postings.add(token, slot);
      },
      finish: () => postings.finish(),
    };
  },
  open(schema, sections, rowCount) {
    const tokenizer = textTokenizer(schema);
    const postings = new Postings(sections, rowCount);
    return {
      answer(test) {
        if (test.kind !== 'text' && test.kind !== 'textAny' && test.kind !== 'phrase')
          return undefined;
        const tokens = [...new Set(tokenizer.queryTokens(test.text))];
        const terms = tokens.map((token) => postings.find(token));
        const found = terms.filter((term) => term !== undefined);
        if (test.kind === 'textAny') return postings.anyOf(found);
        if (found.length < terms.length || found.length === 0) return NO_ROWS;
        const all = allOf(postings, found, rowCount);
        if (test.kind === 'text') return all;
        return { ...all, estimate: { ...all.estimate, min: 0 }, exact: false };
      },
    };
  },
};

/** An answer with the rows that have all of the terms. */
function allOf(postings: Postings, terms: readonly number[], rowCount: number): FieldAnswer {
  if (terms.length === 1) return postings.anyOf(terms);
  let max = rowCount;
  let min = rowCount;
  let share = 1;
  for (const term of terms) {
    const count = postings.count(term);
    max = Math.min(max, count);
    min -= rowCount - count;
    share *= count / rowCount;
  }
  min = Math.max(0, min);
  return {
    estimate: { min, expected: Math.max(min, Math.min(max, Math.round(share * rowCount))), max },
    exact: true,
    fill(into) {
      const rarestFirst = terms.toSorted((a, b) => postings.count(a) - postings.count(b));
      const both = new Bitset(rowCount);
      postings.fill(rarestFirst[0] as number, both);
      for (const term of rarestFirst.slice(1)) {
        const other = new Bitset(rowCount);
        postings.fill(term, other);
        both.and(other);
      }
      into.or(both);
    },
  };
}
