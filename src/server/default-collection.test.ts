import { expect, test } from 'vitest';
import { MemoryDatabase } from '../../test/support/memory-database.ts';
import { ensureDefaultCollection } from './default-collection.ts';

const VECTOR = { dimension: 8, distance: 'cosine' } as const;

test('the default collection is made once', async () => {
  const database = new MemoryDatabase();
  expect(await ensureDefaultCollection(database, VECTOR)).toEqual([]);
  expect(await ensureDefaultCollection(database, VECTOR)).toEqual([]);
  const { schema } = await database.describeCollection('default');
  expect(schema.vectors['']).toMatchObject(VECTOR);
});

test('one that was made with other settings stays as it is, and each of them is told', async () => {
  const database = new MemoryDatabase();
  await ensureDefaultCollection(database, { ...VECTOR, quantization: 'int8' });
  const other = { dimension: 4, distance: 'dot', quantization: 'none' } as const;
  expect(await ensureDefaultCollection(database, other)).toEqual([
    { setting: 'vector.dimension', configured: 4, found: 8 },
    { setting: 'vector.distance_metric', configured: 'dot', found: 'cosine' },
    { setting: 'vector.quantization', configured: 'none', found: 'int8' },
  ]);
  const { schema } = await database.describeCollection('default');
  expect(schema.vectors['']).toMatchObject({ ...VECTOR, quantization: 'int8' });
});
