import { expect, test } from 'vitest';
import type { PayloadIndexSchema } from '../collection-schema.ts';
import { textTokenizer } from './text-tokenizer.ts';

test.each<[Partial<PayloadIndexSchema>, string, string[], string[]?]>([
  [{}, "The fox's 2nd über-jump, naïve!", ['the', 'fox', 's', '2nd', 'über', 'jump', 'naïve']],
  [{ lowercase: false }, 'The Fox', ['The', 'Fox']],
  [{}, ' ?! ', []],
  [{ tokenizer: 'whitespace' }, ' The  fox-jump\n2 ', ['the', 'fox-jump', '2']],
  [{ tokenizer: 'word', minTokenLength: 2, maxTokenLength: 3 }, 'a ab abc abcd', ['ab', 'abc']],
  [{ tokenizer: 'whitespace', maxTokenLength: 2 }, '😀😀 😀😀😀', ['😀😀']],
  [{ tokenizer: 'prefix' }, 'abc', ['a', 'ab', 'abc'], ['abc']],
  [{ tokenizer: 'prefix', minTokenLength: 2, maxTokenLength: 3 }, 'abcd x', ['ab', 'abc'], ['abc']],
  [{ tokenizer: 'prefix', maxTokenLength: 1 }, '𝒜b', ['𝒜'], ['𝒜']],
  [{ tokenizer: 'multilingual' }, '私は東京に住む。 OK?', ['私', 'は', '東京', 'に', '住む', 'ok']],
])('%o makes of "%s" the tokens %o', (schema, text, tokens, queryTokens = tokens) => {
  const tokenizer = textTokenizer({ kind: 'text', ...schema });
  expect(tokenizer.tokens(text)).toEqual(tokens);
  expect(tokenizer.queryTokens(text)).toEqual(queryTokens);
});
