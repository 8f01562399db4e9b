import { expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import type { Filter } from '../index/filter/filter.ts';
import { recordEdits } from './record-edits.ts';

test('a text is matched by the words of its index, as searches match it', () => {
  const filter: Filter = {
    must: [{ kind: 'field', key: 'title', test: { kind: 'text', text: 'fox QUICK' } }],
  };
  const payload = new Uint8Array(Buffer.from(JSON.stringify({ title: 'The quick brown fox' })));
  const record = { version: 1, vectors: {}, payload };
  const key = encodePointId(1, 'id', 512);
  const indexes = { title: { kind: 'text', tokenizer: 'word', lowercase: true } } as const;
  expect(recordEdits().matches(filter, record, key, indexes)).toBe(true);
  expect(recordEdits().matches(filter, record, key)).toBe(false);
});
