import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { EACH, keyPathText, parseKeyPath, type PathStep, valuesAt } from './key-path.ts';

test.each([
  ['a', ['a']],
  ['a.b', ['a', 'b']],
  ['a[].b', ['a', EACH, 'b']],
  ['a[0][12]', ['a', 0, 12]],
  ['"a.b".c', ['a.b', 'c']],
  ['"a\\"b"', ['a"b']],
  ['""', ['']],
  ['über-schrift_1', ['über-schrift_1']],
  ['a b', ['a b']],
])('%s is the path %o', (text, steps) => {
  expect(parseKeyPath(text, 'key')).toEqual(steps);
});

test.each([
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  'a[',
  'a[x]',
  'a[-1]',
  'a[1',
  'a]',
  '[0]',
  '"a',
  'a"b"',
  'a[]b',
  '"a"b',
  '"\\x"',
  'a\nb',
  `a${'[0]'.repeat(64)}`,
  'a'.repeat(5000),
])('%s is not a path', (text) => {
  const error = (() => {
    try {
      return parseKeyPath(text, 'with_payload[0]');
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(VectorDbError);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'with_payload[0]' });
});

const step: fc.Arbitrary<PathStep> = fc.oneof(
  fc.string({ unit: 'grapheme' }).filter((key) => key.isWellFormed()),
  fc.nat(999_999_999),
  fc.constant(EACH),
);

test('the text of a path parses to the path', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(step, { maxLength: 10 }), (first, rest) => {
      const path = [first, ...rest];
      expect(parseKeyPath(keyPathText(path), 'key')).toEqual(path);
    }),
  );
});

test('any text is a path or refused with the code', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(parseKeyPath(text, 'key').length).toBeGreaterThan(0);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    }),
  );
});

test('values are found in order, and only where the shape fits', () => {
  const payload = { a: [{ b: 1 }, { b: [2, 3] }, 4, { c: 5 }], d: { e: null } };
  const at = (text: string) => valuesAt(payload, parseKeyPath(text, 'key'));
  expect(at('a[].b')).toEqual([1, [2, 3]]);
  expect(at('a[1].b[]')).toEqual([2, 3]);
  expect(at('a.b')).toEqual([]);
  expect(at('d.e')).toEqual([null]);
  expect(at('d[].e')).toEqual([]);
  expect(at('d.e.f')).toEqual([]);
});
