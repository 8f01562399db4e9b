import { describe, expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { type Deferred, deferred } from '../base/deferred.ts';
import { VectorDbError, serializeError } from '../base/error.ts';
import type { BatchOutcome, ProposalOutcome, ShardEntry } from './shard-applier.ts';
import { DurableSequencer, type DurableSequencerOptions } from './sequencer.ts';

/** A sequencer whose turns, batches, probes and timers are moved by hand. */
function sequencer(options: Partial<DurableSequencerOptions> = {}) {
  const turns: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const batches: { entries: readonly ShardEntry[]; done: Deferred<BatchOutcome> }[] = [];
  const probes: Deferred<ReadonlyMap<number, number>>[] = [];
  const clock: Clock = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    after(_, callback) {
      timers.push(callback);
      return { cancel: () => {} };
    },
  };
  const log = new DurableSequencer({
    appliedIndexes: new Map([
      [0, 10],
      [1, 0],
    ]),
    apply(entries) {
      const done = deferred<BatchOutcome>();
      batches.push({ entries, done });
      return done.promise;
    },
    probe() {
      const probe = deferred<ReadonlyMap<number, number>>();
      probes.push(probe);
      return probe.promise;
    },
    clock,
    defer: (callback) => turns.push(callback),
    proposalsMax: 100,
    bytesMax: 1_000,
    batchBytesMax: 1_000,
    batchesMax: 2,
    retryAfterMs: 50,
    probeIntervalMs: 1_000,
    ...options,
  });
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  const timer = (): void => {
    for (const callback of timers.splice(0)) callback();
  };
  /** Ends the oldest batch; all of it applied unless outcomes are told. */
  const finish = async (outcomes?: readonly ProposalOutcome[]): Promise<void> => {
    const batch = batches.shift();
    if (batch === undefined) throw new Error('no batch is under way');
    batch.done.resolve({
      outcomes:
        outcomes ??
        batch.entries.map(({ index }) => ({ kind: 'applied', result: { index, changed: 1 } })),
      appliedIndexes: new Map(),
    });
    await settled();
  };
  return { log, turn, timer, finish, batches, probes, timers };
}

/** Lets all promises that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a promise is rejected with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const diskFull: ProposalOutcome = {
  kind: 'failed',
  error: serializeError(new VectorDbError('DISK_FULL', 'the disk is full')),
};

describe('the sequencer', () => {
  test('hands on what one turn gathered as one batch, with the next index of each shard', async () => {
    const { log, turn, finish, batches } = sequencer();
    const results = [log.propose(0, bytes(1)), log.propose(1, bytes(1)), log.propose(0, bytes(1))];
    expect(batches).toHaveLength(0);
    turn();
    expect(batches).toHaveLength(1);
    expect(batches[0]?.entries.map(({ shard, index }) => [shard, index])).toEqual([
      [0, 11],
      [1, 1],
      [0, 12],
    ]);
    await finish();
    expect(await Promise.all(results)).toEqual([
      { index: 11, changed: 1 },
      { index: 1, changed: 1 },
      { index: 12, changed: 1 },
    ]);
    expect(log.depth).toBe(0);
    expect(log.depthBytes).toBe(0);
  });

  test('has at most two batches under way; what comes meanwhile gathers', async () => {
    const { log, turn, finish, batches } = sequencer();
    for (let i = 0; i < 5; i += 1) {
      void log.propose(0, bytes(1));
      turn();
    }
    expect(batches.map(({ entries }) => entries.length)).toEqual([1, 1]);
    await finish();
    turn();
    expect(batches.map(({ entries }) => entries.map(({ index }) => index))).toEqual([
      [12],
      [13, 14, 15],
    ]);
  });

  test('ends a batch when it has enough bytes', () => {
    const { log, turn, batches } = sequencer({ batchBytesMax: 20 });
    for (let i = 0; i < 5; i += 1) void log.propose(0, bytes(10));
    turn();
    turn();
    expect(batches.map(({ entries }) => entries.length)).toEqual([2, 2]);
  });

  test('is full by count and by bytes, under way included, and says when to come back', async () => {
    const { log, turn, finish } = sequencer({ proposalsMax: 2 });
    void log.propose(0, bytes(1));
    turn();
    void log.propose(0, bytes(1));
    const overloaded = { code: 'OVERLOADED', retryAfterMs: 50 };
    await expect(log.propose(0, bytes(1))).rejects.toMatchObject(overloaded);
    await finish();
    void log.propose(0, bytes(1));

    const byBytes = sequencer({ bytesMax: 10 });
    void byBytes.log.propose(0, bytes(6));
    await expect(byBytes.log.propose(0, bytes(5))).rejects.toMatchObject(overloaded);
    void byBytes.log.propose(0, bytes(4));
    expect(byBytes.log.depthBytes).toBe(10);
  });

  test('takes one command that is larger than its bound', () => {
    const { log } = sequencer({ bytesMax: 10 });
    void log.propose(0, bytes(500));
    expect(log.depth).toBe(1);
  });

  test('a refused command is told its reason and storage is not blamed', async () => {
    const { log, turn, finish } = sequencer();
    const refused = rejection(log.propose(0, bytes(1)));
    turn();
    const error = serializeError(new VectorDbError('DATA_CORRUPT', 'malformed'));
    await finish([{ kind: 'refused', error }]);
    expect(await refused).toMatchObject({ code: 'DATA_CORRUPT' });
    expect(log.failure).toBeUndefined();
  });

  test('after a failure refuses everything until a probe tells the true indexes', async () => {
    const { log, turn, timer, finish, batches, probes, timers } = sequencer();
    const [first, second, waiting] = [0, 1, 2].map(() => {
      const result = log.propose(0, bytes(1)).catch((error: VectorDbError) => error.code);
      turn();
      return result;
    });
    await finish([diskFull]);
    expect(await first).toBe('DISK_FULL');
    expect(await waiting).toBe('DISK_FULL');
    expect(timers).toHaveLength(0);
    await expect(log.propose(1, bytes(1))).rejects.toMatchObject({ code: 'DISK_FULL' });
    await finish([diskFull]);
    expect(await second).toBe('DISK_FULL');

    timer();
    probes.shift()?.reject(new VectorDbError('STORAGE_FAILED', 'still broken'));
    await settled();
    await expect(log.propose(1, bytes(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    timer();
    probes.shift()?.resolve(
      new Map([
        [0, 10],
        [1, 0],
      ]),
    );
    await settled();
    expect(log.failure).toBeUndefined();
    const again = log.propose(0, bytes(1));
    turn();
    expect(batches[0]?.entries[0]?.index).toBe(11);
    await finish();
    expect(await again).toEqual({ index: 11, changed: 1 });
  });

  test('a batch whose fate is unknown is told so, and the indexes are asked for', async () => {
    const { log, turn, timer, batches, probes } = sequencer();
    const lost = rejection(log.propose(0, bytes(1)));
    turn();
    batches.shift()?.done.reject(new Error('the thread ended'));
    expect(await lost).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('unknown'),
    });
    await settled();
    timer();
    probes.shift()?.resolve(new Map([[0, 11]]));
    await settled();
    void log.propose(0, bytes(1));
    turn();
    expect(batches[0]?.entries[0]?.index).toBe(12);
  });

  test('an aborted wait ends; what was not handed on yet never will be', async () => {
    const { log, turn, finish, batches } = sequencer();
    const waiting = new AbortController();
    const dropped = rejection(log.propose(0, bytes(1), { signal: waiting.signal }));
    void log.propose(1, bytes(1));
    waiting.abort();
    expect(await dropped).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    turn();
    expect(batches[0]?.entries.map(({ shard }) => shard)).toEqual([1]);

    const handed = new AbortController();
    const unknown = rejection(log.propose(0, bytes(1), { signal: handed.signal }));
    turn();
    handed.abort();
    expect(await unknown).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(log.depth).toBe(2);
    await finish();
    await finish();
    expect(log.depth).toBe(0);
    await expect(log.propose(0, bytes(1), { signal: handed.signal })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
  });

  test('drains: answers what it took and takes no more', async () => {
    const { log, turn, finish } = sequencer();
    const taken = log.propose(0, bytes(1));
    const drained = log.drain();
    await expect(log.propose(0, bytes(1))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    turn();
    await finish();
    expect(await taken).toEqual({ index: 11, changed: 1 });
    await drained;
    await log[Symbol.asyncDispose]();
  });

  test('the room of commands that went to another thread is free again when they are answered', async () => {
    const { log, turn, finish, batches } = sequencer();
    for (let round = 0; round < 3; round += 1) {
      const written = [log.propose(0, new Uint8Array(400)), log.propose(1, new Uint8Array(400))];
      turn();
      const buffers = batches.flatMap(({ entries }) =>
        entries.map(({ command }) => command.buffer as ArrayBuffer),
      );
      structuredClone(buffers, { transfer: buffers });
      await finish();
      await Promise.all(written);
      expect(log.depthBytes).toBe(0);
    }
  });
});
