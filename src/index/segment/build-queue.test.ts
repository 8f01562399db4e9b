import { describe, expect, test } from 'vitest';

import { HandClock } from '../../../test/support/hand-clock.ts';
import { collectionSchema, LocalIndex } from '../../../test/support/local-index.ts';
import { VectorDbError } from '../../base/error.ts';

const put = (local: LocalIndex, from: number, to: number): void => {
  for (let id = from; id < to; id += 1) local.put(id, [id, 0, 0, 0]);
  local.index.commit([[0, to]]);
};

const shape = (local: LocalIndex): unknown =>
  local.index.describe().map(({ kind, rows }) => [kind, rows]);

const sealedRows = (local: LocalIndex): number =>
  local.index.describe().reduce((sum, { kind, rows }) => (kind === 'sealed' ? sum + rows : sum), 0);

/** Waits for builds without starting any. */
async function settled(local: LocalIndex): Promise<void> {
  await local.index.relief(0);
  while (local.index.isBuilding) await new Promise(setImmediate);
}

describe('building segments', () => {
  test('an idle collection ends with one sealed segment and an empty growing one', async () => {
    const clock = new HandClock();
    await using local = await LocalIndex.open(collectionSchema(), {
      clock,
      idleOptimizeMs: 1_000,
      growingRows: 100,
    });
    put(local, 0, 350);
    await settled(local);
    expect(shape(local)).not.toEqual([
      ['sealed', 350],
      ['growing', 0],
    ]);
    clock.pass(999);
    put(local, 350, 360);
    clock.pass(999);
    await settled(local);
    expect(shape(local)).toContainEqual(['growing', 60]);
    clock.pass(1);
    await settled(local);
    expect(shape(local)).toEqual([
      ['sealed', 360],
      ['growing', 0],
    ]);
    expect(local.index.watermark(0)).toBe(360);
  });

  test('a failed build is told, leaves everything searchable and is tried again', async () => {
    const clock = new HandClock();
    let failures = 1;
    const options = { clock, growingRows: 100 };
    await using probe = await LocalIndex.open(collectionSchema(), options);
    await using local = await LocalIndex.open(collectionSchema(), {
      ...options,
      build: (job) => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('no room')) : probe.build(job);
      },
    });
    put(local, 0, 250);
    await expect(local.index.flush()).rejects.toThrow('no room');
    expect(local.events.map(({ event }) => event)).toEqual(['index_build_failed']);
    expect(local.index.liveRows).toBe(250);
    expect(sealedRows(local)).toBe(0);
    // Nothing is gained by waiting for a build that failed.
    expect(local.index.pressure()).toBe(0);
    clock.pass(5_000);
    await settled(local);
    expect(sealedRows(local)).toBe(250);
  });

  test('a build that is given up, since the node ends, is no failure, and none comes after it', async () => {
    const clock = new HandClock();
    let builds = 0;
    await using local = await LocalIndex.open(collectionSchema(), {
      clock,
      growingRows: 100,
      build: () => {
        builds += 1;
        return Promise.reject(new VectorDbError('CANCELLED', 'the build was given up'));
      },
    });
    put(local, 0, 250);
    await expect(local.index.flush()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    clock.pass(60_000);
    put(local, 250, 500);
    expect(local.events).toEqual([]);
    expect(builds).toBe(1);
    expect(local.index.liveRows).toBe(500);
  });

  test('a collection whose points are all gone has no sealed segment left', async () => {
    await using local = await LocalIndex.open(collectionSchema(), { growingRows: 100 });
    put(local, 0, 300);
    await local.index.optimize();
    for (let id = 0; id < 300; id += 1)
      local.index.remove(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, id >> 8, id & 255]));
    local.index.commit([[0, 600]]);
    await local.index.optimize();
    expect(shape(local)).toEqual([['growing', 0]]);
    expect(local.index.watermark(0)).toBe(600);
  });

  test('a dropped collection leaves nothing on disk', async () => {
    const local = await LocalIndex.open();
    put(local, 0, 100);
    await local.index.flush();
    await local.index.drop();
    await expect(local.index.optimize()).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
  });
});
