import { expect, test } from 'vitest';
import type { Filter } from '../../src/index/filter/filter.ts';
import { Grape } from '../../src/index.ts';
import { temporaryFolder } from '../support/server-process.ts';

const json = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));

test('a write by the words of an indexed text changes what a search by them finds', async () => {
  await using folder = await temporaryFolder('grape-text');
  await using grape = await Grape.open(folder.path, { searchThreads: 1 });
  const collection = 'texts';
  await grape.createCollection({
    name: collection,
    vectors: { '': { dimension: 2, distance: 'dot' } },
  });
  await grape.createPayloadIndex(collection, 'title', {
    kind: 'text',
    tokenizer: 'word',
    lowercase: true,
  });
  const titles = ['The quick brown fox', 'a fox, QUICK', 'slow snail'];
  await grape.upsertPoints(
    collection,
    titles.map((title, id) => ({
      id,
      vectors: { '': Float32Array.of(1, id) },
      payload: json({ title }),
    })),
  );
  const filter: Filter = {
    must: [{ kind: 'field', key: 'title', test: { kind: 'text', text: 'fox quick' } }],
  };
  const selector = { kind: 'filter', filter } as const;
  expect(await grape.count({ collection, filter })).toBe(2);
  const set = await grape.setPayload(collection, selector, json({ seen: true }));
  expect(set.changed).toBe(2);
  expect((await grape.deletePayload(collection, selector, ['seen'])).changed).toBe(2);
  expect((await grape.deletePoints(collection, selector)).changed).toBe(2);
  expect(await grape.count({ collection })).toBe(1);
});

test('a payload cannot be merged beyond its limit', async () => {
  await using folder = await temporaryFolder('grape-text');
  await using grape = await Grape.open(folder.path, {
    searchThreads: 1,
    limits: { payloadBytesMax: 100 },
  });
  const collection = 'bounded';
  await grape.createCollection({
    name: collection,
    vectors: { '': { dimension: 2, distance: 'dot' } },
  });
  await grape.upsertPoints(collection, [
    { id: 1, vectors: { '': Float32Array.of(1, 2) }, payload: json({ a: 'x'.repeat(60) }) },
  ]);
  const selector = { kind: 'ids', ids: [1] } as const;
  await expect(
    grape.setPayload(collection, selector, json({ b: 'x'.repeat(60) })),
  ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', field: 'payload' });
  expect((await grape.setPayload(collection, selector, json({ b: 1 }))).changed).toBe(1);
});
