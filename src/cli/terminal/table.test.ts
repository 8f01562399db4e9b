import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { payloadTable } from './payload-table.ts';
import { renderTable } from './table.ts';
import { cutText, plainText, textWidth } from './text-width.ts';

const HEAD = [{ title: 'n', align: 'right' as const }, { title: 'name' }, { title: 'text' }];

describe('a table', () => {
  test('aligns its columns', () => {
    expect(
      renderTable(
        HEAD,
        [
          ['1', 'a', 'first'],
          ['10', '漢字', ''],
        ],
        undefined,
      ),
    ).toBe([' n  name  text', '──  ────  ─────', ' 1  a     first', '10  漢字', ''].join('\n'));
  });

  test('narrows texts, never figures, to fit', () => {
    expect(renderTable(HEAD, [['123456', 'short', 'a text that is far too long']], 24)).toBe(
      ['     n  name   text', '──────  ─────  ─────────', '123456  short  a text t…', ''].join(
        '\n',
      ),
    );
  });

  test('is never wider than the terminal where that can be', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 40 });
    const rows = fc.array(fc.tuple(fc.constantFrom('1', '2345'), cell, cell));
    fc.assert(
      fc.property(rows, fc.integer({ min: 20, max: 100 }), (cells, columns) => {
        for (const line of renderTable(HEAD, cells, columns).split('\n')) {
          expect(textWidth(line)).toBeLessThanOrEqual(columns);
        }
      }),
    );
  });

  test('lets nothing through that would move the cursor', () => {
    const text = renderTable([{ title: 't' }], [['a\x1b[2Jb\nc\u202ed\u0085']], undefined);
    expect(text).toBe(`t\n─────────\na [2Jb c d\n`.replace('─────────', '─'.repeat(11)));
    expect(plainText('a\tb\u2028')).toBe('a b ');
  });

  test('of payloads has a column for each key, and shows values readably', () => {
    const payload = (value: object): Buffer => Buffer.from(JSON.stringify(value));
    expect(
      payloadTable(
        [{ title: 'id' }],
        [
          { cells: ['a'], id: 'a', payloadJson: payload({ id: 'a', words: ['x', 'y'], n: 1 }) },
          { cells: ['b'], id: 'b', payloadJson: Buffer.of() },
          { cells: ['c'], id: 'c', payloadJson: payload({ n: { m: [true] }, t: 'plain' }) },
        ],
        undefined,
        undefined,
      ),
    ).toBe(
      [
        'id  words  n             t',
        '──  ─────  ────────────  ─────',
        'a   x, y   1',
        'b',
        'c          {"m":[true]}  plain',
        '',
      ].join('\n'),
    );
  });
});

describe('cutText', () => {
  test('cuts by columns, not by characters', () => {
    expect(cutText('abcdef', 6)).toBe('abcdef');
    expect(cutText('abcdef', 5)).toBe('abcd…');
    expect(cutText('漢字漢字', 6)).toBe('漢字…');
    expect(cutText('e\u0301e\u0301e\u0301', 3)).toBe('e\u0301e\u0301e\u0301');
  });
});
