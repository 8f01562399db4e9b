import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { StateMachineFactory } from '../../src/raft/host/state-machine.ts';
import type { ShardDisk } from '../../src/storage/shard-disk.ts';
import { ApplyEngine, type ApplyEngineOptions } from '../../src/worker/apply-engine.ts';
import { LocalShardCalls } from '../../src/worker/local-shard-calls.ts';
import { ShardMachine } from '../../src/worker/shard-machine.ts';
import { ShardReplicas } from '../../src/worker/shard-replicas.ts';
import { StepQueue } from '../../src/worker/step-queue.ts';
import { testEdits } from './shard-commands.ts';

/** What keeps a node's shards, all in this thread; a group's number is its shard's. */
export function localShards(
  disk: ShardDisk,
  { seed = 1, ...engineOptions }: Partial<ApplyEngineOptions> & { readonly seed?: number } = {},
) {
  const replicas = new ShardReplicas({ disk, shardCount: 16, random: seededRandom(seed) });
  const indexed: ReadonlySet<number>[] = [];
  const engine = new ApplyEngine({
    replicas,
    edits: testEdits,
    assertRoom: () => {},
    openIndex: () => expect.unreachable(),
    onRefused: () => {},
    onDropped: () => {},
    abandonBuilds: () => {},
    removeIndexes: () => Promise.resolve(),
    onIndexed: (shards) => void indexed.push(shards),
    onFilled: () => {},
    onFailure: (event, error) => {
      throw new Error(event, { cause: error });
    },
    clock: systemClock,
    frozenRowsMax: 1_000,
    journalRowsMax: 1_000,
    ...engineOptions,
  });
  const calls = new LocalShardCalls({ engine, replicas });
  const steps = new StepQueue({
    apply: (batch) => calls.applySteps(batch),
    probe: async () => void (await engine.probe(true)),
    clock: systemClock,
    defer: (callback) => void setImmediate(callback),
    batchesMax: 2,
    probeIntervalMs: 1,
    probesMax: 1_000,
  });
  const factory: StateMachineFactory = {
    open: async (shard, generation) =>
      new ShardMachine({
        shard,
        opened: await calls.openShard(shard, generation),
        calls,
        steps,
        activate: (next) => calls.activateShard(shard, next),
        close: () => calls.closeShard(shard),
      }),
    destroy: (shard) => calls.destroyShard(shard),
  };
  return { replicas, engine, calls, steps, factory, indexed };
}
