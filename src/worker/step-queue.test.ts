import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailingStore } from '../../test/support/failing-store.ts';
import { HandClock } from '../../test/support/hand-clock.ts';
import { localShards } from '../../test/support/local-shards.ts';
import { MemoryShardDisk } from '../../test/support/memory-shard-disk.ts';
import { upsert } from '../../test/support/shard-commands.ts';
import { VectorDbError } from '../base/error.ts';
import { seededRandom } from '../base/random.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import { applyResultOf } from '../sharding/shard-result-codec.ts';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import type { KeyValueStore } from '../storage/key-value-store.ts';
import { StepQueue } from './step-queue.ts';

const COLLECTION = 7;
const codec = new ShardCommandCodec();
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const step = (shard: number): ShardStep => ({
  shard,
  previous: 0,
  commands: [],
  last: { term: 1, index: 1 },
  rows: [],
});
const APPLIED: StepOutcome = { kind: 'applied', results: [] };
const FULL: StepOutcome = { kind: 'failed', error: { code: 'DISK_FULL', message: 'full' } };

/** A queue over whatever `apply` says. */
function queue(apply: (steps: readonly ShardStep[]) => Promise<readonly StepOutcome[]>) {
  const clock = new HandClock();
  let works = true;
  const steps = new StepQueue({
    apply,
    probe: async () => {
      if (!works) throw new VectorDbError('DISK_FULL', 'still full');
    },
    clock,
    defer: (callback) => void setImmediate(callback),
    batchesMax: 2,
    probeIntervalMs: 10,
    probesMax: 3,
  });
  return { steps, clock, setWorks: (value: boolean) => (works = value) };
}

test('steps of one turn go together, and at most two batches are under way', async () => {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const { steps } = queue((batch) => {
    batches.push(batch.map(({ shard }) => shard));
    return new Promise((resolve) => ends.push(() => resolve(batch.map(() => APPLIED))));
  });
  const all = [steps.submit(step(1)), steps.submit(step(2))];
  await nextTurn();
  all.push(steps.submit(step(3)));
  await nextTurn();
  all.push(steps.submit(step(4)));
  await nextTurn();
  all.push(steps.submit(step(5)));
  await nextTurn();
  expect(batches).toEqual([[1, 2], [3]]);
  ends[0]?.();
  await nextTurn();
  await nextTurn();
  expect(batches).toEqual([[1, 2], [3], [4, 5]]);
  for (const end of ends) end();
  await Promise.all(all);
});

test('a step that storage refuses is tried again after a probe, and others wait for it', async () => {
  let isFull = true;
  const tried: number[] = [];
  const { steps, clock, setWorks } = queue(async (batch) => {
    tried.push(...batch.map(({ shard }) => shard));
    return batch.map(({ shard }) => (isFull && shard === 1 ? FULL : APPLIED));
  });
  setWorks(false);
  const refused = steps.submit(step(1));
  await steps.submit(step(2));
  expect(steps.failure?.code).toBe('DISK_FULL');
  const waiting = steps.submit(step(3));
  clock.pass(10);
  await nextTurn();
  expect(tried).toEqual([1, 2]);
  isFull = false;
  setWorks(true);
  clock.pass(10);
  await Promise.all([refused, waiting]);
  expect(tried).toEqual([1, 2, 1, 3]);
  expect(steps.failure).toBeUndefined();
});

test('a step fails where storage does not come back, and at once where the shard is damaged', async () => {
  const { steps, clock, setWorks } = queue(async (batch) =>
    batch.map(({ shard }) =>
      shard === 1 ? FULL : { kind: 'failed', error: { code: 'DATA_CORRUPT', message: 'bad' } },
    ),
  );
  await expect(steps.submit(step(2))).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  setWorks(false);
  const refused = expect(steps.submit(step(1))).rejects.toMatchObject({ code: 'DISK_FULL' });
  for (let probe = 0; probe < 4; probe += 1) {
    await nextTurn();
    await nextTurn();
    clock.pass(10);
  }
  await refused;
});

/** Stores that fail at random, before or after a write arrived. */
class FailingDisk extends MemoryShardDisk {
  readonly disks: FailingStore[] = [];
  readonly #fails: () => boolean;

  constructor(fails: () => boolean) {
    super();
    this.#fails = fails;
  }

  override async open(shard: number, generation: number): Promise<KeyValueStore> {
    const store = new FailingStore(await super.open(shard, generation));
    this.disks.push(store);
    return store;
  }

  /** From now on. */
  begin(): void {
    for (const disk of this.disks) {
      disk.failsAt = this.#fails;
      disk.failsAfter = this.#fails;
    }
  }
}

test('over disks that fail at random every committed command is applied once, with its result', async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.05, 0.3), async (seed, rate) => {
      const random = seededRandom(seed);
      const disk = new FailingDisk(() => {
        const fails = random.next() < rate / 2;
        failures += Number(fails);
        return fails;
      });
      const { factory, replicas } = localShards(disk);
      const machines = await Promise.all([0, 1, 2].map((shard) => factory.open(shard, 0)));
      disk.begin();
      const runs = machines.map(async (machine) => {
        for (let index = 1; index <= 30; index += 1) {
          const command = codec.encode(upsert(COLLECTION, { [index]: {} }));
          const results = await machine.apply({
            commands: [{ term: 1, index, command }],
            last: { term: 1, index },
            rows: [{ key: 'result', value: { resultOf: 0 } }],
          });
          expect(results.map(applyResultOf)).toEqual([{ index, changed: 1 }]);
        }
      });
      await Promise.all(runs);
      for (const store of replicas.stores.values()) {
        expect(store.count(COLLECTION)).toBe(30);
        const versions = (await store.scan(COLLECTION, undefined, 100)).map((each) => each.record);
        expect(versions.map(({ version }) => version)).toEqual(versions.map((_, at) => at + 1));
        const result = (await store.hostRows()).get('result');
        expect(applyResultOf(result ?? new Uint8Array(0))).toEqual({ index: 30, changed: 1 });
      }
    }),
    { numRuns: 25 },
  );
  expect(failures).toBeGreaterThan(100);
});
