import type { PayloadIndexSchema } from '../collection-schema.ts';

/** How the texts of a field with a text index become tokens. */
export interface TextTokenizer {
  /** The tokens of a stored text, in its order. */
  tokens(text: string): string[];
  /** The tokens that a query asks for: those of {@link tokens}, but of the tokenizer `prefix` only the words, not their beginnings. */
  queryTokens(text: string): string[];
}

const WORDS = /[\p{Alphabetic}\p{N}]+/gu;
const BLANKS = /\s+/u;

/**
 * The tokenizer of a text index: `word` (runs of letters and digits), `whitespace`, `prefix` (each beginning of each word) or
 * `multilingual` (words by Unicode's segmentation). Lower-cased unless the schema says otherwise; tokens outside the lengths (in code
 * points) are dropped, but a query's word for `prefix` is cut.
 */
export function textTokenizer(schema: PayloadIndexSchema): TextTokenizer {
  const { minTokenLength = 0, maxTokenLength = Infinity } = schema;
  const normalize = (text: string): string =>
    schema.lowercase === false ? text : text.toLowerCase();
  const fits = (token: string): boolean => {
    const length = codePoints(token);
    return length > 0 && length >= minTokenLength && length <= maxTokenLength;
  };
  if (schema.tokenizer === 'prefix') {
    const words = (text: string): string[] => normalize(text).match(WORDS) ?? [];
    return {
      tokens: (text) =>
        words(text).flatMap((word) =>
          beginnings(word, Math.max(1, minTokenLength), maxTokenLength),
        ),
      queryTokens: (text) =>
        words(text)
          .map((word) => cut(word, maxTokenLength))
          .filter(fits),
    };
  }
  const split = splitter(schema);
  const tokens = (text: string): string[] => split(normalize(text)).filter(fits);
  return { tokens, queryTokens: tokens };
}

function splitter(schema: PayloadIndexSchema): (text: string) => string[] {
  if (schema.tokenizer === 'whitespace') return (text) => text.split(BLANKS);
  if (schema.tokenizer !== 'multilingual') return (text) => text.match(WORDS) ?? [];
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
  return (text) => {
    const words: string[] = [];
    for (const part of segmenter.segment(text))
      if (part.isWordLike === true) words.push(part.segment);
    return words;
  };
}

function codePoints(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdbff) length -= 1;
  }
  return length;
}

function cut(word: string, length: number): string {
  return word.length <= length ? word : Array.from(word).slice(0, length).join('');
}

function beginnings(word: string, from: number, to: number): string[] {
  const found: string[] = [];
  let beginning = '';
  let length = 0;
  for (const point of word) {
    if (length === to) break;
    beginning += point;
    length += 1;
    if (length >= from) found.push(beginning);
  }
  return found;
}
