import { expect, test } from 'vitest';
import type { CollectionSchema } from '../index/collection-schema.ts';
import { MemoryDatabase } from '../../test/support/memory-database.ts';
import { systemClock } from '../base/clock.ts';
import { ensureDefaultCollection } from './default-collection.ts';

/** A node that learns what there is when it asks for it. */
function groundOf(database: MemoryDatabase) {
  const schemas = new Map<string, CollectionSchema>();
  const { signal } = new AbortController();
  const createCollection: MemoryDatabase['createCollection'] = async (request) => {
    try {
      await database.createCollection(request);
    } finally {
      const { schema } = await database.describeCollection(request.name);
      schemas.set(schema.name, schema);
    }
  };
  const known = (name: string) => schemas.get(name);
  return { database: { createCollection }, known, clock: systemClock, signal };
}

const VECTOR = { dimension: 8, distance: 'cosine' } as const;

test('the default collection is made once', async () => {
  const database = new MemoryDatabase();
  expect(await ensureDefaultCollection(groundOf(database), VECTOR)).toEqual([]);
  expect(await ensureDefaultCollection(groundOf(database), VECTOR)).toEqual([]);
  const { schema } = await database.describeCollection('default');
  expect(schema.vectors['']).toMatchObject(VECTOR);
});

test('one that was made with other settings stays as it is, and each of them is told', async () => {
  const database = new MemoryDatabase();
  await ensureDefaultCollection(groundOf(database), { ...VECTOR, quantization: 'int8' });
  const other = { dimension: 4, distance: 'dot', quantization: 'none' } as const;
  expect(await ensureDefaultCollection(groundOf(database), other)).toEqual([
    { setting: 'vector.dimension', configured: 4, found: 8 },
    { setting: 'vector.distance_metric', configured: 'dot', found: 'cosine' },
    { setting: 'vector.quantization', configured: 'none', found: 'int8' },
  ]);
  const { schema } = await database.describeCollection('default');
  expect(schema.vectors['']).toMatchObject({ ...VECTOR, quantization: 'int8' });
});
