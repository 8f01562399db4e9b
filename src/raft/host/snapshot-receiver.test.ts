import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { configurationOf } from '../core/configuration.ts';
import type { SnapshotChunk } from '../transport/transport.ts';
import { replicaId } from './replica-id.ts';
import { Slots } from './slots.ts';
import { newSnapshotCounts } from './snapshot-counts.ts';
import { SnapshotReceiver, type StagedSnapshot } from './snapshot-receiver.ts';
import type { StagedState } from './state-machine.ts';

const STATE = Uint8Array.from({ length: 10 }, (_, at) => at);

function chunk(offset: number, end: number, other: Partial<SnapshotChunk> = {}): SnapshotChunk {
  return {
    group: 1,
    from: replicaId(1, 0),
    to: replicaId(2, 0),
    term: 7,
    snapshot: 'first',
    meta: { term: 3, index: 9, configuration: configurationOf([1]) },
    offset,
    data: STATE.subarray(offset, end),
    crc: crc32(STATE.subarray(0, end)),
    last: end === STATE.byteLength,
    ...other,
  };
}

function receiving(objection?: string) {
  const clock = new HandClock();
  const slots = new Slots(1);
  const staged: StagedSnapshot[] = [];
  const states: { bytes: number[]; discarded: boolean; finished: boolean }[] = [];
  const counts = newSnapshotCounts();
  const trouble: { write?: Error; finish?: Error } = {};
  const receiver = new SnapshotReceiver({
    clock,
    snapshotIdleMs: 1_000,
    slots,
    counts,
    objection: () => objection,
    onStaged: (snapshot) => staged.push(snapshot),
    stage: () => {
      const state = { bytes: [] as number[], discarded: false, finished: false };
      states.push(state);
      return Promise.resolve({
        generation: states.length,
        get size() {
          return state.bytes.length;
        },
        write: async (bytes) => {
          await Promise.resolve();
          if (trouble.write !== undefined) throw trouble.write;
          state.bytes.push(...bytes);
        },
        finish: () => {
          state.finished = true;
          return trouble.finish === undefined ? Promise.resolve() : Promise.reject(trouble.finish);
        },
        discard: () => {
          state.discarded = true;
          return Promise.resolve();
        },
      } satisfies StagedState);
    },
  });
  return { receiver, clock, slots, staged, states, counts, trouble };
}

describe('pieces', () => {
  test('are put together, and offered when all are there', async () => {
    const { receiver, staged, states, slots } = receiving();
    expect(await receiver.onChunk(chunk(0, 4))).toEqual({ kind: 'next', offset: 4 });
    expect(receiver.receivedBytes).toBe(4);
    expect(staged).toEqual([]);
    expect(await receiver.onChunk(chunk(4, 10))).toEqual({ kind: 'done' });
    expect(states).toEqual([{ bytes: [...STATE], discarded: false, finished: true }]);
    expect(staged[0]).toMatchObject({ origin: { term: 7, meta: { index: 9 } } });
    expect(receiver.receivedBytes).toBeUndefined();
    expect(slots.tryTake()).toBe(true);
  });

  test('that come twice, or all at once, are taken once', async () => {
    const { receiver, states, staged, counts } = receiving();
    const replies = await Promise.all(
      [chunk(0, 4), chunk(0, 4), chunk(4, 10), chunk(4, 10)].map((each) => receiver.onChunk(each)),
    );
    expect(replies).toEqual([
      { kind: 'next', offset: 4 },
      { kind: 'next', offset: 4 },
      { kind: 'done' },
      { kind: 'done' },
    ]);
    expect(states).toHaveLength(1);
    expect(staged).toHaveLength(1);
    expect(counts).toMatchObject({ chunksTaken: 2, chunksRepeated: 2, bytesTaken: 10 });
    expect(counts).toMatchObject({ snapshotsBegun: 1, snapshotsTaken: 1 });
  });

  test('without data ask how far it is, and change nothing', async () => {
    const { receiver, states, counts } = receiving();
    const question = (end: number): SnapshotChunk => chunk(end, end, { last: false });
    expect(await receiver.onChunk(question(4))).toEqual({ kind: 'next', offset: 0 });
    await receiver.onChunk(chunk(0, 4));
    expect(await receiver.onChunk(question(4))).toEqual({ kind: 'next', offset: 4 });
    expect(await receiver.onChunk(question(0))).toEqual({ kind: 'next', offset: 4 });
    expect(await receiver.onChunk(chunk(4, 10))).toEqual({ kind: 'done' });
    expect(await receiver.onChunk(question(4))).toEqual({ kind: 'done' });
    expect(states[0]?.bytes).toEqual([...STATE]);
    expect(counts).toMatchObject({ chunksTaken: 2, chunksRepeated: 0, bytesTaken: 10 });
  });

  test('that leave a gap, or whose checksum differs, are asked for again', async () => {
    const { receiver, states } = receiving();
    await receiver.onChunk(chunk(0, 4));
    expect(await receiver.onChunk(chunk(6, 8))).toEqual({ kind: 'next', offset: 4 });
    expect(await receiver.onChunk(chunk(4, 8, { crc: 1 }))).toEqual({ kind: 'next', offset: 4 });
    expect(states[0]?.bytes).toHaveLength(4);
  });

  test('of a stream that nobody knows here are asked for from the start', async () => {
    const { receiver, states } = receiving();
    expect(await receiver.onChunk(chunk(4, 8))).toEqual({ kind: 'next', offset: 0 });
    expect(states).toEqual([]);
  });
});

describe('another snapshot', () => {
  test.each([
    ['of a later term', { term: 8 }],
    ['of a later entry', { meta: { term: 3, index: 10, configuration: configurationOf([1]) } }],
    ['taken anew', {}],
  ])('%s takes the place of one that is under way', async (_, other) => {
    const { receiver, states } = receiving();
    await receiver.onChunk(chunk(0, 4));
    const reply = await receiver.onChunk(chunk(0, 6, { snapshot: 'second', ...other }));
    expect(reply).toEqual({ kind: 'next', offset: 6 });
    expect(states.map(({ discarded }) => discarded)).toEqual([true, false]);
    expect((await receiver.onChunk(chunk(4, 8))).kind).toBe('refused');
  });

  test.each([
    ['of an older term', { term: 6 }],
    ['of an older entry', { meta: { term: 3, index: 8, configuration: configurationOf([1]) } }],
  ])('%s is refused', async (_, other) => {
    const { receiver, states } = receiving();
    await receiver.onChunk(chunk(0, 4));
    const reply = await receiver.onChunk(chunk(0, 6, { snapshot: 'second', ...other }));
    expect(reply.kind).toBe('refused');
    expect(states[0]).toMatchObject({ discarded: false, bytes: [0, 1, 2, 3] });
  });

  test('with the same name and another entry is another', async () => {
    const { receiver } = receiving();
    await receiver.onChunk(chunk(0, 4));
    const meta = { term: 3, index: 8, configuration: configurationOf([1]) };
    expect((await receiver.onChunk(chunk(4, 8, { meta }))).kind).toBe('refused');
  });
});

describe('a snapshot is refused', () => {
  test('where it is not wanted', async () => {
    const { receiver } = receiving('it is old');
    expect(await receiver.onChunk(chunk(0, 4))).toEqual({ kind: 'refused', reason: 'it is old' });
  });

  test('where the node takes as many as it may', async () => {
    const { receiver, slots } = receiving();
    slots.tryTake();
    expect((await receiver.onChunk(chunk(0, 4))).kind).toBe('refused');
    slots.release();
    expect((await receiver.onChunk(chunk(0, 4))).kind).toBe('next');
  });

  test('where the state turns out to be damaged, or does not fit on the disk', async () => {
    for (const trouble of ['finish', 'write'] as const) {
      const { receiver, trouble: troubles, states, staged, slots } = receiving();
      troubles[trouble] = new VectorDbError('DATA_CORRUPT', 'it is damaged');
      const reply = await receiver.onChunk(chunk(0, 10));
      expect(reply).toEqual({ kind: 'refused', reason: 'it is damaged' });
      expect(states[0]?.discarded).toBe(true);
      expect(staged).toEqual([]);
      expect(slots.tryTake()).toBe(true);
    }
  });
});

test('an error that nobody expects is passed on, and the receiver goes on', async () => {
  const { receiver, trouble, states } = receiving();
  trouble.write = new Error('EIO');
  await expect(receiver.onChunk(chunk(0, 4))).rejects.toThrow('EIO');
  expect(states[0]?.discarded).toBe(true);
  delete trouble.write;
  expect(await receiver.onChunk(chunk(0, 4))).toEqual({ kind: 'next', offset: 4 });
});

test('a sender that falls silent is given up, not one that goes on', async () => {
  const { receiver, clock, states } = receiving();
  await receiver.onChunk(chunk(0, 4));
  clock.pass(900);
  await receiver.onChunk(chunk(4, 6));
  clock.pass(900);
  receiver.tick();
  await receiver.onChunk(chunk(6, 8));
  expect(states[0]?.discarded).toBe(false);
  clock.pass(1_001);
  receiver.tick();
  receiver.tick();
  await receiver.close();
  expect(states[0]?.discarded).toBe(true);
  expect(await receiver.onChunk(chunk(8, 9))).toEqual({ kind: 'next', offset: 0 });
});
