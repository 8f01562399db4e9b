import { describe, expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import type { VectorSchema } from '../index/collection-schema.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { Catalog } from './catalog.ts';
import { CATALOG_KEY } from './catalog-codec.ts';
import type { CatalogCommand } from './catalog-command.ts';
import { CatalogStore } from './catalog-store.ts';

const vector: VectorSchema = {
  dimension: 3,
  distance: 'cosine',
  quantization: 'none',
  m: 16,
  efConstruction: 100,
  efSearch: 64,
};
const create = (name: string): CatalogCommand => ({
  kind: 'createCollection',
  name,
  vectors: { '': vector, ['__proto__']: vector },
});

function open(store = new FailingStore(new MemoryStore())) {
  return { store, catalog: new Catalog({ store: new CatalogStore({ store }) }) };
}

/** What another process would read. */
const reopened = (store: FailingStore) => open(store).catalog.state;

describe('the catalog', () => {
  test('keeps what it was told', async () => {
    const { store, catalog } = open();
    await catalog.propose(create('a'));
    await catalog.propose({
      kind: 'updateAliases',
      changes: [{ kind: 'create', alias: 'x', collection: 'a' }],
    });
    await catalog.propose({
      kind: 'createPayloadIndex',
      collection: 'x',
      field: '__proto__',
      schema: { kind: 'keyword' },
    });
    expect(reopened(store)).toEqual(catalog.state);
    expect(catalog.resolve('x')).toMatchObject({ number: 1, name: 'a' });
    expect(Object.entries(catalog.resolve('a').vectors)).toHaveLength(2);
    expect(Object.entries(catalog.resolve('a').payloadIndexes)).toEqual([
      ['__proto__', { kind: 'keyword' }],
    ]);
    expect(catalog.aliasesOf('a')).toEqual(['x']);
  });

  test('never uses a number again', async () => {
    const { store, catalog } = open();
    await catalog.propose(create('a'));
    await catalog.propose({ kind: 'dropCollection', name: 'a' });
    expect([...catalog.state.dropping.keys()]).toEqual([1]);
    await catalog.propose({ kind: 'forgetCollection', number: 1 });
    expect(catalog.state.dropping.size).toBe(0);
    const again = open(store).catalog;
    await again.propose(create('a'));
    expect(again.resolve('a').number).toBe(2);
  });

  test('a dropped collection takes its aliases along; dropping nothing changes nothing', async () => {
    const { store, catalog } = open();
    await catalog.propose(create('a'));
    await catalog.propose({
      kind: 'updateAliases',
      changes: [{ kind: 'create', alias: 'x', collection: 'a' }],
    });
    expect((await catalog.propose({ kind: 'dropCollection', name: 'a' })).changed).toBe(true);
    const writes = store.writes;
    expect((await catalog.propose({ kind: 'dropCollection', name: 'a' })).changed).toBe(false);
    expect(store.writes).toBe(writes);
    expect(catalog.state.aliases.size).toBe(0);
    expect(() => catalog.resolve('x')).toThrow(
      expect.objectContaining({ code: 'COLLECTION_NOT_FOUND' }),
    );
  });

  test('names of collections and aliases do not collide', async () => {
    const { catalog } = open();
    await catalog.propose(create('a'));
    await catalog.propose({
      kind: 'updateAliases',
      changes: [{ kind: 'create', alias: 'x', collection: 'a' }],
    });
    for (const name of ['a', 'x']) {
      await expect(catalog.propose(create(name))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    }
    await expect(
      catalog.propose({
        kind: 'updateAliases',
        changes: [{ kind: 'create', alias: 'a', collection: 'a' }],
      }),
    ).rejects.toMatchObject({ code: 'ALREADY_EXISTS', field: 'actions[0].alias' });
  });

  test('changes aliases all together or not at all', async () => {
    const { catalog } = open();
    await catalog.propose(create('a'));
    await catalog.propose(create('b'));
    await catalog.propose({
      kind: 'updateAliases',
      changes: [
        { kind: 'create', alias: 'x', collection: 'a' },
        { kind: 'create', alias: 'x', collection: 'b' },
        { kind: 'rename', alias: 'x', newAlias: 'y' },
      ],
    });
    expect([...catalog.state.aliases]).toEqual([['y', 'b']]);
    const before = catalog.state;
    await expect(
      catalog.propose({
        kind: 'updateAliases',
        changes: [
          { kind: 'delete', alias: 'y' },
          { kind: 'delete', alias: 'y' },
        ],
      }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'actions[1].alias' });
    expect(catalog.state).toBe(before);
  });

  test('the same payload index again changes nothing, another kind replaces it', async () => {
    const { catalog } = open();
    await catalog.propose(create('a'));
    const index = (kind: 'keyword' | 'integer'): CatalogCommand => ({
      kind: 'createPayloadIndex',
      collection: 'a',
      field: 'f',
      schema: { kind },
    });
    expect((await catalog.propose(index('keyword'))).changed).toBe(true);
    expect((await catalog.propose(index('keyword'))).changed).toBe(false);
    expect((await catalog.propose(index('integer'))).changed).toBe(true);
    expect(catalog.resolve('a').payloadIndexes).toEqual({ f: { kind: 'integer' } });
    const drop: CatalogCommand = { kind: 'dropPayloadIndex', collection: 'a', field: 'f' };
    expect((await catalog.propose(drop)).changed).toBe(true);
    expect((await catalog.propose(drop)).changed).toBe(false);
  });

  test('commands proposed together are carried out one after another', async () => {
    const { catalog } = open();
    const results = await Promise.allSettled(
      ['a', 'a', 'b'].map((n) => catalog.propose(create(n))),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(catalog.state.version).toBe(2);
  });

  test('what could not be written did not happen, and the next write starts a new log', async () => {
    const { store, catalog } = open();
    await catalog.propose(create('a'));
    store.failsAt = (write) => write === 1;
    await expect(catalog.propose(create('b'))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect([...catalog.state.collections.keys()]).toEqual(['a']);
    await catalog.propose(create('b'));
    expect(store.compactions).toBe(1);
    expect(reopened(store)).toEqual(catalog.state);
  });

  test('notices that its row is damaged', async () => {
    const { store, catalog } = open();
    await catalog.propose(create('a'));
    const row = store.get(CATALOG_KEY) as Uint8Array;
    row[20] = (row[20] as number) ^ 1;
    await store.write([{ type: 'put', key: CATALOG_KEY, value: row }], { sync: true });
    expect(() => open(store)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }));
  });
});
