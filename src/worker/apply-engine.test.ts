import { expect, test } from 'vitest';
import { collectionSchema, LocalIndex, vectorSchema } from '../../test/support/local-index.ts';
import { localShards } from '../../test/support/local-shards.ts';
import { MemoryShardDisk } from '../../test/support/memory-shard-disk.ts';
import { upsert } from '../../test/support/shard-commands.ts';
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
