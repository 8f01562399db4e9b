import { describe, expect, test } from 'vitest';
import { collectionSchema, keyOf, LocalIndex } from '../../../test/support/local-index.ts';
import { MemoryRecoverySource } from '../../../test/support/memory-recovery-source.ts';
import { recoverIndex } from './recovery.ts';

const schema = collectionSchema();

/** An index and its store with some points in both, all of them durable in both. */
async function filled(points: number) {
  const local = await LocalIndex.open(schema, { growingRows: 128, shards: [] });
  local.index.completeShard(0, local.index.admitShard(0, 0));
  const store = new MemoryRecoverySource(schema.number);
  const write = (id: number): void => {
    const vectors = { '': Float32Array.of(id, 1, 2, 3) };
    const payload = new Uint8Array(0);
    const version = store.write(keyOf(id), { vectors, payload });
    local.index.upsert({ key: keyOf(id), shard: 0, version, vectors, payload });
  };
  for (let id = 0; id < points; id += 1) write(id);
  local.index.commit([[0, store.appliedIndex]]);
  await local.index.optimize();
  return { local, store, stores: new Map([[0, store]]), write };
}

const events: [string, unknown][] = [];
const log = (_level: string, event: string, fields: Record<string, unknown>): void =>
  void events.push([event, fields['how']]);

describe('recovery', () => {
  test('reads what the journal names, and everything where the journal was trimmed', async () => {
    for (const [isTrimmed, how] of [
      [false, 'journal'],
      [true, 'scan'],
    ] as const) {
      const { local, store, stores } = await filled(200);
      await using _ = local;
      await local.reopen();
      store.write(keyOf(3), undefined);
      store.write(keyOf(500), {
        vectors: { '': Float32Array.of(9, 9, 9, 9) },
        payload: new Uint8Array(0),
      });
      store.write(keyOf(501), undefined);
      if (isTrimmed) store.trim(store.appliedIndex - 1);
      await local.reopen('crash');
      events.length = 0;
      await recoverIndex({ index: local.index, stores, log });
      expect(events).toEqual([['index_recovered', how]]);
      expect(local.index.liveRows).toBe(200);
      expect(local.index.isCurrent(keyOf(500), 202)).toBe(true);
      expect(local.index.remove(keyOf(3))).toBe(false);
    }
  });

  test('does not trust an index that is ahead of its store', async () => {
    const { local, store, stores } = await filled(200);
    await using _ = local;
    await local.reopen('crash');
    expect(local.index.watermark(0)).toBe(200);
    store.appliedIndex = 150;
    await expect(recoverIndex({ index: local.index, stores })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining('writes 151 to 200 of shard 0 are missing'),
    });
  });
});
