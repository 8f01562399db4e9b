import { describe, expect, test } from 'vitest';
import type { VectorSchema } from '../index/collection-schema.ts';
import type { AliasChange, CatalogCommand } from './catalog-command.ts';
import {
  applyCatalogCommand,
  type CatalogState,
  EMPTY_CATALOG,
  resolveCollection,
} from './catalog-state.ts';

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
const aliases = (...changes: AliasChange[]): CatalogCommand => ({ kind: 'updateAliases', changes });
const alias = (name: string, collection: string): AliasChange => ({
  kind: 'create',
  alias: name,
  collection,
});
const after = (commands: readonly CatalogCommand[], from = EMPTY_CATALOG): CatalogState =>
  commands.reduce((state, command) => applyCatalogCommand(state, command).state, from);
const refusal = (state: CatalogState, command: CatalogCommand) =>
  expect(() => applyCatalogCommand(state, command));

describe('the collections of a catalog', () => {
  test('are found by name and by alias, whatever their parts are called', () => {
    const index: CatalogCommand = {
      kind: 'createPayloadIndex',
      collection: 'x',
      field: '__proto__',
      schema: { kind: 'keyword' },
    };
    const state = after([create('a'), aliases(alias('x', 'a')), index]);
    expect(state.version).toBe(3);
    expect(resolveCollection(state, 'x')).toMatchObject({ number: 1, name: 'a' });
    const { vectors, payloadIndexes } = resolveCollection(state, 'a');
    expect(Object.entries(vectors)).toHaveLength(2);
    expect(Object.entries(payloadIndexes)).toEqual([['__proto__', { kind: 'keyword' }]]);
  });

  test('never get a number again', () => {
    const dropped = after([create('a'), { kind: 'dropCollection', name: 'a' }]);
    expect([...dropped.dropping.keys()]).toEqual([1]);
    const forgotten = after([{ kind: 'forgetCollection', number: 1 }], dropped);
    expect(forgotten.dropping.size).toBe(0);
    expect(applyCatalogCommand(forgotten, { kind: 'forgetCollection', number: 1 }).changed).toBe(
      false,
    );
    expect(resolveCollection(after([create('a')], forgotten), 'a').number).toBe(2);
  });

  test('take their aliases along when they are dropped; dropping nothing changes nothing', () => {
    const drop: CatalogCommand = { kind: 'dropCollection', name: 'a' };
    const state = after([
      create('a'),
      create('b'),
      aliases(alias('x', 'a'), alias('y', 'b')),
      drop,
    ]);
    expect([...state.aliases.keys()]).toEqual(['y']);
    expect(applyCatalogCommand(state, drop)).toEqual({ state, changed: false });
    expect(() => resolveCollection(state, 'x')).toThrow(
      expect.objectContaining({ code: 'COLLECTION_NOT_FOUND' }),
    );
  });

  test('and aliases do not share names', () => {
    const state = after([create('a'), aliases(alias('x', 'a'))]);
    for (const name of ['a', 'x']) {
      refusal(state, create(name)).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }));
    }
    refusal(state, aliases(alias('a', 'a'))).toThrow(
      expect.objectContaining({ code: 'ALREADY_EXISTS', field: 'actions[0].alias' }),
    );
    refusal(state, aliases({ kind: 'rename', alias: 'x', newAlias: 'a' })).toThrow(
      expect.objectContaining({ code: 'ALREADY_EXISTS', field: 'actions[0].newAlias' }),
    );
  });

  test('change aliases all together or not at all', () => {
    const rename: AliasChange = { kind: 'rename', alias: 'x', newAlias: 'y' };
    const state = after([
      create('a'),
      create('b'),
      aliases(alias('x', 'a'), alias('x', 'b'), rename),
    ]);
    expect([...state.aliases]).toEqual([['y', 'b']]);
    const gone: AliasChange = { kind: 'delete', alias: 'y' };
    refusal(state, aliases(gone, gone)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', field: 'actions[1].alias' }),
    );
    refusal(state, aliases(alias('z', 'nothing'))).toThrow(
      expect.objectContaining({ code: 'COLLECTION_NOT_FOUND', field: 'actions[0].collection' }),
    );
    expect(applyCatalogCommand(state, aliases()).changed).toBe(false);
  });

  test('keep a payload index that comes again, and let another kind take its place', () => {
    const index = (kind: 'keyword' | 'integer'): CatalogCommand => ({
      kind: 'createPayloadIndex',
      collection: 'a',
      field: 'f',
      schema: { kind },
    });
    const first = after([create('a'), index('keyword')]);
    expect(applyCatalogCommand(first, index('keyword')).changed).toBe(false);
    const second = after([index('integer')], first);
    expect(resolveCollection(second, 'a').payloadIndexes).toEqual({ f: { kind: 'integer' } });
    const drop: CatalogCommand = { kind: 'dropPayloadIndex', collection: 'a', field: 'f' };
    expect(applyCatalogCommand(second, drop).changed).toBe(true);
    expect(applyCatalogCommand(after([drop], second), drop).changed).toBe(false);
  });
});
