import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { testEdits, upsert } from '../../test/support/shard-commands.ts';
import { seededRandom } from '../base/random.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { digestShard } from '../storage/shard-digest.ts';
import { ShardStore } from '../storage/shard-store.ts';
import { DurableSequencer } from './sequencer.ts';
import { ShardApplier } from './shard-applier.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';

const SHARDS = 3;
const COLLECTION = 7;
const codec = new ShardCommandCodec();
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sequencer, applier and stores over disks that fail at random, before or after a write arrived. */
async function node(seed: number, failureRate: number) {
  const random = seededRandom(seed);
  const disks = Array.from({ length: SHARDS }, () => new FailingStore(new MemoryStore()));
  const stores = new Map<number, ShardStore>();
  for (const [shard, store] of disks.entries()) {
    stores.set(shard, await ShardStore.open({ store, shard, shardCount: SHARDS }));
    store.failsAt = () => random.next() < failureRate / 2;
    store.failsAfter = () => random.next() < failureRate / 2;
  }
  /** Which points an index over the stores would hold, by shard and id. */
  const indexed = new Set<string>();
  const index = (mutations: readonly { shard: number; key: Uint8Array }[]): void => {
    for (const { shard, key } of mutations) indexed.add(`${shard}/${idOf(key)}`);
  };
  const applier = new ShardApplier({
    stores,
    edits: testEdits,
    onRefused: () => expect.unreachable(),
    assertRoom: () => {},
    onSurvived: async (mutations) => index(mutations),
  });
  const log = new DurableSequencer({
    appliedIndexes: new Map(disks.map((_, shard) => [shard, 0])),
    async apply(entries) {
      const { mutations, ...outcome } = await applier.apply(entries);
      index(mutations);
      return outcome;
    },
    probe: () => applier.probe(),
    clock: {
      monotonicMs: () => 0,
      wallMs: () => 0,
      after(_, callback) {
        setImmediate(callback);
        return { cancel: () => {} };
      },
    },
    defer: (callback) => void setImmediate(callback),
    proposalsMax: 1_000,
    bytesMax: 1 << 20,
    batchBytesMax: 400,
    batchesMax: 2,
    retryAfterMs: 1,
    probeIntervalMs: 1,
  });
  return { random, disks, log, indexed };
}

const idOf = (key: Uint8Array): number => Number(Buffer.from(key).readBigUInt64BE(1));

test('over disks that fail at random nothing acknowledged is lost, and the index holds what the stores hold', async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.05, 0.3), async (seed, failureRate) => {
      const { random, disks, log, indexed } = await node(seed, failureRate);
      const acknowledged = new Map<string, number>();
      const failed = new Set<string>();
      const proposals: Promise<void>[] = [];
      for (let id = 0; id < 120; id += 1) {
        const shard = random.below(SHARDS);
        const name = `${shard}/${id}`;
        const proposed = log.propose(shard, codec.encode(upsert(COLLECTION, { [id]: {} })));
        proposals.push(
          proposed.then(
            ({ index }) => void acknowledged.set(name, index),
            () => void failed.add(name),
          ),
        );
        if (random.next() < 0.4) await nextTurn();
      }
      await Promise.all(proposals);
      failures += failed.size;
      for (let turn = 0; log.failure !== undefined && turn < 1_000; turn += 1) await nextTurn();
      expect(log.failure).toBeUndefined();
      expect(log.depth).toBe(0);

      const stored = new Set<string>();
      for (const [shard, disk] of disks.entries()) {
        const store = await ShardStore.open({ store: disk.disk, shard, shardCount: SHARDS });
        const { records } = await digestShard(store);
        const found = await store.scan(COLLECTION, undefined, 1_000);
        expect(records).toBe(found.length);
        expect(store.appliedIndex).toBe(found.length);
        for (const { key, record } of found) {
          const name = `${shard}/${idOf(key)}`;
          stored.add(name);
          const index = acknowledged.get(name);
          if (index === undefined) expect(failed).toContain(name);
          else expect(record.version).toBe(index);
        }
      }
      for (const name of acknowledged.keys()) expect(stored).toContain(name);
      expect(indexed).toEqual(stored);
    }),
    { numRuns: 60 },
  );
  expect(failures).toBeGreaterThan(100);
});
