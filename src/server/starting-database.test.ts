import { expect, test } from 'vitest';
import type { VectorDatabase } from '../database/vector-database.ts';
import { startingDatabase } from './starting-database.ts';

test('refuses before it is open, passes on while it is, and refuses after it was closed', async () => {
  const starting = startingDatabase();
  const { database } = starting;
  await expect(database.listCollections()).rejects.toMatchObject({
    code: 'NOT_READY',
    retryable: true,
  });
  expect((await database.status()).ready).toBe(false);
  starting.open({
    listAliases: async () => [{ alias: 'a', collection: 'b' }],
  } as unknown as VectorDatabase);
  expect(await database.listAliases()).toEqual([{ alias: 'a', collection: 'b' }]);
  starting.close();
  await expect(database.listAliases()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('is no promise', async () => {
  const { database } = startingDatabase();
  expect(await Promise.resolve(database)).toBe(database);
});
