import { beforeEach, describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import { applyCatalogCommand, EMPTY_CATALOG } from '../../sharding/catalog-state.ts';
import type { CatalogCommand } from '../../sharding/catalog-command.ts';
import { EMPTY_CLUSTER, type ClusterState } from '../catalog/cluster-state.ts';
import { CollectionKeeper } from './collection-keeper.ts';

describe('collections of the catalog', () => {
  let state: ClusterState;
  let calls: string[];
  let completions: number[];
  let fault: VectorDbError | undefined;
  let keeper: CollectionKeeper;

  beforeEach(() => {
    state = { ...EMPTY_CLUSTER, collections: EMPTY_CATALOG };
    calls = [];
    completions = [];
    fault = undefined;
    keeper = newKeeper();
  });

  const newKeeper = (): CollectionKeeper =>
    new CollectionKeeper({
      holder: {
        adopt: ({ name }: CollectionSchema) => {
          if (fault !== undefined && name === 'bad') return Promise.reject(fault);
          calls.push(`adopt ${name}`);
          return Promise.resolve();
        },
        drop: (number) => {
          calls.push(`drop ${number}`);
          return Promise.resolve();
        },
        adoptedAll: (nextNumber) => {
          completions.push(nextNumber);
          return Promise.resolve();
        },
      },
      state: () => state,
    });
  const change = (command: CatalogCommand): void => {
    const collections = applyCatalogCommand(state.collections, command).state;
    state = { ...state, version: state.version + 1, collections };
  };
  const create = (name: string): void => change({ kind: 'createCollection', name, vectors: {} });

  test('are adopted once, and again where they changed', async () => {
    create('a');
    await keeper.pass();
    create('b');
    await keeper.pass();
    change({
      kind: 'createPayloadIndex',
      collection: 'a',
      field: 'f',
      schema: { kind: 'keyword' },
    });
    await keeper.pass();
    await keeper.pass();
    expect(calls).toEqual(['adopt a', 'adopt b', 'adopt a']);
    expect(completions).toEqual([2, 3, 3]);
  });

  test('are dropped once, and by every process anew while they are being dropped', async () => {
    create('a');
    await keeper.pass();
    change({ kind: 'dropCollection', name: 'a' });
    await keeper.pass();
    create('b');
    await keeper.pass();
    expect(calls).toEqual(['adopt a', 'drop 1', 'adopt b']);
    keeper = newKeeper();
    await keeper.pass();
    expect(calls.slice(3)).toEqual(['adopt b', 'drop 1']);
  });

  test('can be waited for, until somebody gives up', async () => {
    create('a');
    const reached = keeper.reached(1);
    const controller = new AbortController();
    const late = keeper.reached(2, controller.signal);
    await keeper.pass();
    await reached;
    expect(keeper.version).toBe(1);
    controller.abort();
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(keeper.reached(1)).resolves.toBeUndefined();
  });

  test('that cannot be used are told, with the reason, and tried again', async () => {
    create('a');
    create('bad');
    fault = new VectorDbError('FAILED_PRECONDITION', 'written by a newer version');
    const waiting = keeper.reached(2);
    await expect(keeper.pass()).rejects.toThrow('newer');
    await expect(waiting).rejects.toThrow('newer');
    await expect(keeper.reached(2)).rejects.toThrow('newer');
    expect(keeper.reasons).toEqual([
      'collection 2 cannot be used here: written by a newer version',
    ]);
    expect(calls).toEqual(['adopt a']);
    expect(completions).toEqual([]);
    fault = undefined;
    await keeper.pass();
    expect(keeper.reasons).toEqual([]);
    expect(calls).toEqual(['adopt a', 'adopt bad']);
    expect(completions).toEqual([3]);
    await keeper.reached(2);
  });

  test('that fail for a moment are waited for on', async () => {
    create('bad');
    fault = new VectorDbError('OVERLOADED', 'a moment');
    const waiting = keeper.reached(1);
    await expect(keeper.pass()).rejects.toThrow('a moment');
    fault = undefined;
    await keeper.pass();
    await waiting;
    expect(keeper.reasons).toEqual([]);
  });

  test('that could not be used and are dropped are no reason any more', async () => {
    create('bad');
    fault = new VectorDbError('DATA_CORRUPT', 'broken');
    await expect(keeper.pass()).rejects.toThrow('broken');
    change({ kind: 'dropCollection', name: 'bad' });
    await keeper.pass();
    expect(keeper.reasons).toEqual([]);
  });
});
