import { describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import type { ReadRequest } from '../worker/read-messages.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PointReads } from './point-reads.ts';
import type { ReadExecutor } from './read-executor.ts';

const schemaOf = (number: number): CollectionSchema => ({
  number,
  name: `c${number}`,
  vectors: {},
  payloadIndexes: {},
});

/** Reads of an alias that somebody points at another collection before each of the first `moves` reads. */
function readsOver(moves: number, field = 'collection') {
  let number = 1;
  const asked: number[] = [];
  const reads: ReadExecutor = {
    read: (request: ReadRequest) => {
      if (request.kind !== 'count') throw new Error('only counts are asked here');
      asked.push(request.collection);
      if (number <= moves) {
        number += 1;
        const error = new VectorDbError('NOT_READY', 'the name means another one', { field });
        return Promise.reject(error);
      }
      return Promise.resolve({ count: 10 * request.collection }) as never;
    },
  };
  const points = new PointReads({
    collections: { find: () => schemaOf(number) },
    router: new HashRouter({ shardCount: 4 }),
    reads,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
  });
  return { points, asked };
}

describe('a read by name', () => {
  test('looks the name up again where it has come to mean another collection', async () => {
    const { points, asked } = readsOver(2);
    expect(await points.count({ collection: 'alias' })).toBe(30);
    expect(asked).toEqual([1, 2, 3]);
  });

  test('gives up where that goes on', async () => {
    const { points, asked } = readsOver(100);
    await expect(points.count({ collection: 'alias' })).rejects.toMatchObject({
      code: 'NOT_READY',
      retryable: true,
    });
    expect(asked).toHaveLength(4);
  });

  test('does not ask again for another reason', async () => {
    const { points, asked } = readsOver(1, 'shards');
    await expect(points.count({ collection: 'alias' })).rejects.toMatchObject({ field: 'shards' });
    expect(asked).toEqual([1]);
  });
});
