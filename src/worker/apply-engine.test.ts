import { expect, test } from 'vitest';
import { collectionSchema, LocalIndex, vectorSchema } from '../../test/support/local-index.ts';
import { localShards } from '../../test/support/local-shards.ts';
import { MemoryShardDisk } from '../../test/support/memory-shard-disk.ts';
import { upsert } from '../../test/support/shard-commands.ts';
import { must } from '../base/assert.ts';
import { deferred } from '../base/deferred.ts';
import { recoverIndex } from '../index/segment/recovery.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';

const SHARD = 3;
const codec = new ShardCommandCodec();

test('a step that an index has read from the store is not put into it once more', async () => {
  // Its rows moved from a durable segment into one in memory, behind the watermark: the next crash lost them.
  const schema = collectionSchema({ vectors: { '': vectorSchema({ dimension: 1 }) } });
  await using local = await LocalIndex.open(schema, { shards: [] });
  const mayOpen = deferred<void>();
  const { engine, replicas } = localShards(new MemoryShardDisk(), {
    openIndex: async () => {
      await mayOpen.promise;
      return {
        index: local.index,
        fills: await recoverIndex({ index: local.index, stores: replicas.stores }),
      };
    },
  });
  await engine.openShard(SHARD, 0);

  const adopted = engine.adopt(schema);
  const command = codec.encode(upsert(schema.number, { 1: {}, 2: {} }));
  const applied = engine.applySteps([
    {
      shard: SHARD,
      previous: 0,
      commands: [{ index: 1, command }],
      last: { term: 1, index: 1 },
      rows: [],
    },
  ]);
  await expect.poll(() => replicas.stores.get(SHARD)?.appliedIndex).toBe(1);
  mayOpen.resolve();
  await Promise.all([adopted, applied]);

  expect(local.index.watermark(SHARD)).toBe(0);
  expect(local.index.describe()).toEqual([
    expect.objectContaining({ kind: 'growing', rows: 2, deletedRows: 0 }),
  ]);
});

test('a journal is not trimmed before all indexes are open: one that opens later may need it', async () => {
  const { engine, replicas } = localShards(new MemoryShardDisk(), { journalRowsMax: 2 });
  await engine.openShard(SHARD, 0);
  const store = must(replicas.stores.get(SHARD), 'it is open');
  const write = (index: number): Promise<unknown> =>
    engine.applySteps([
      {
        shard: SHARD,
        previous: index - 1,
        commands: [{ index, command: codec.encode(upsert(1, { 1: {} })) }],
        last: { term: 1, index },
        rows: [],
      },
    ]);
  for (let index = 1; index <= 8; index += 1) await write(index);
  expect(store.journalStart).toBe(1);

  await engine.adoptedAll(1);
  await write(9);
  await expect.poll(() => store.journalStart).toBe(10);
});

test('files of indexes that nobody opened go once all are open, those that are open stay', async () => {
  const schema = collectionSchema({ vectors: { '': vectorSchema({ dimension: 1 }) } });
  await using local = await LocalIndex.open(schema, { shards: [] });
  const removals: [number, readonly number[]][] = [];
  const { engine } = localShards(new MemoryShardDisk(), {
    openIndex: () => Promise.resolve({ index: local.index, fills: [] }),
    removeIndexes: (nextNumber, open) => {
      removals.push([nextNumber, [...open]]);
      return Promise.resolve();
    },
  });
  await engine.adopt(schema);
  await engine.adoptedAll(schema.number + 3);
  expect(removals).toEqual([[schema.number + 3, [schema.number]]]);
});

test('files that cannot be removed are told of, and keep nobody waiting', async () => {
  const failures: string[] = [];
  const { engine } = localShards(new MemoryShardDisk(), {
    removeIndexes: () => Promise.reject(new Error('the folder is read-only')),
    onFailure: (event) => failures.push(event),
  });
  await engine.adoptedAll(1);
  await engine.close();
  expect(failures).toEqual(['index_removal_failed']);
});
