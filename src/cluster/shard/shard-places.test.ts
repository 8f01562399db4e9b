import { describe, expect, test } from 'vitest';
import type { OpenedShard } from '../../worker/apply-engine.ts';
import { ShardPlaces } from './shard-places.ts';

const OPENED: OpenedShard = { applied: { term: 1, index: 5 } };

/** Notes what is done, and which shards could be read then. */
function watched() {
  const done: string[] = [];
  const note = async (what: string): Promise<void> => {
    done.push(`${what}, readable: ${[...places.readable].join(' ')}`);
    await Promise.resolve();
  };
  const places = new ShardPlaces({
    calls: {
      openShard: async (shard) => {
        await note(`open ${shard}`);
        return OPENED;
      },
      activateShard: async (shard) => {
        await note(`activate ${shard}`);
        places.indexed(new Set());
        places.indexed(new Set([shard]));
        return OPENED;
      },
      closeShard: (shard) => note(`close ${shard}`),
      destroyShard: (shard) => note(`destroy ${shard}`),
    },
    readers: {
      openShard: (shard, generation) => note(`readers open ${shard}.${generation}`),
      closeShard: (shard) => note(`readers close ${shard}`),
    },
  });
  return { places, done };
}

describe('a shard can be read', () => {
  test('once all have it open and its points are in the indexes', async () => {
    const { places } = watched();
    await places.open(3, 0);
    expect(places.readable).toEqual(new Set());
    expect(places.missing(Uint16Array.of(3))).toBe(3);
    places.indexed(new Set([3, 4]));
    expect(places.readable).toEqual(new Set([3]));
    expect(places.missing(Uint16Array.of(3))).toBeUndefined();
    expect(places.missing(undefined)).toBeUndefined();
  });

  test('until before anything of it goes, and by another set then', async () => {
    const { places, done } = watched();
    places.indexed(new Set([3]));
    await places.open(3, 0);
    const before = places.readable;
    await places.activate(3, 7);
    expect(before).toEqual(new Set([3]));
    expect(places.readable).not.toBe(before);
    await places.close(3);
    await places.open(3, 7);
    await places.destroy(3);
    expect(done).toEqual([
      'open 3, readable: ',
      'readers open 3.0, readable: ',
      'readers close 3, readable: ',
      'activate 3, readable: ',
      'readers open 3.7, readable: ',
      'readers close 3, readable: ',
      'close 3, readable: ',
      'open 3, readable: ',
      'readers open 3.7, readable: ',
      'readers close 3, readable: ',
      'destroy 3, readable: ',
    ]);
  });

  test('by the order of changes, however they are asked for', async () => {
    const { places, done } = watched();
    places.indexed(new Set([1, 2]));
    await Promise.all([places.open(1, 0), places.destroy(1), places.open(2, 0)]);
    expect(done.map((line) => line.split(',')[0])).toEqual([
      'open 1',
      'readers open 1.0',
      'readers close 1',
      'destroy 1',
      'open 2',
      'readers open 2.0',
    ]);
    expect(places.readable).toEqual(new Set([2]));
  });
});
