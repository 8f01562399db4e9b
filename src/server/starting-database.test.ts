import { expect, test } from 'vitest';
import type { ClusterAdmin } from '../database/cluster-admin.ts';
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
  starting.waitFor(['waits for node-1']);
  expect((await database.status()).reasons).toEqual(['the node is starting', 'waits for node-1']);
  await expect(starting.cluster.info()).rejects.toThrow('waits for node-1');
  starting.open({
    database: {
      listAliases: async () => [{ alias: 'a', collection: 'b' }],
    } as unknown as VectorDatabase,
    cluster: { rebalance: async () => ({ on: true }) } as unknown as ClusterAdmin,
  });
  expect(await starting.cluster.rebalance()).toEqual({ on: true });
  expect(await database.listAliases()).toEqual([{ alias: 'a', collection: 'b' }]);
  starting.close();
  await expect(database.listAliases()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('refuses at once where the node has left its cluster, before it is open or after', async () => {
  for (const when of ['before', 'after']) {
    const starting = startingDatabase();
    const opened = {
      database: { listAliases: async () => [] } as unknown as VectorDatabase,
      cluster: { rebalance: async () => ({ on: true }) } as unknown as ClusterAdmin,
    };
    if (when === 'after') starting.open(opened);
    expect(starting.hasLeft).toBe(false);
    starting.leave('this node was removed');
    expect(starting.hasLeft).toBe(true);
    if (when === 'before') starting.open(opened);
    await expect(starting.database.listAliases()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'this node was removed',
    });
    expect((await starting.database.status()).reasons).toEqual(['this node was removed']);
    expect(await starting.cluster.rebalance()).toEqual({ on: true });
  }
});

test('is no promise', async () => {
  const { database } = startingDatabase();
  expect(await Promise.resolve(database)).toBe(database);
});
