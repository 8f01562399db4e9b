import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { seededRandom } from '../../base/random.ts';
import { configurationOf } from '../core/configuration.ts';
import type { SnapshotChunk, SnapshotChunkReply, Transport } from '../transport/transport.ts';
import { replicaId } from './replica-id.ts';
import { newSnapshotCounts } from './snapshot-counts.ts';
import { snapshotNames, SnapshotSender, type TakenSnapshot } from './snapshot-sender.ts';

const STATE = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
const recipient = { group: 1, from: replicaId(1, 0), to: replicaId(2, 0), term: 7 };
const next = (offset: number): SnapshotChunkReply => ({ kind: 'next', offset });

/** A sender whose chunks are answered by `answer`; an error of it is what the network says. */
function sending(
  answer: (chunk: SnapshotChunk, count: number) => SnapshotChunkReply | Error,
  limits: object = {},
) {
  const clock = new HandClock();
  const chunks: SnapshotChunk[] = [];
  const transport: Partial<Transport> = {
    sendChunk: (to, chunk) => {
      expect(to).toBe(2);
      chunks.push(chunk);
      const reply = answer(chunk, chunks.length);
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
    },
  };
  const sender = new SnapshotSender({
    transport: transport as Transport,
    clock,
    nextName: snapshotNames(1, seededRandom(1)),
    snapshotChunkBytes: 300,
    snapshotBytesPerSecondMax: 1e9,
    snapshotsMax: 1,
    snapshotIdleMs: 10_000,
    snapshotRetryMs: 500,
    ...limits,
  });
  const states = { open: 0, taken: 0 };
  const take = (): Promise<TakenSnapshot> => {
    states.open += 1;
    states.taken += 1;
    return Promise.resolve({
      meta: { term: 3, index: 9, configuration: configurationOf([recipient.from]) },
      state: {
        last: { term: 3, index: 9 },
        read: (offset, length) => Promise.resolve(STATE.subarray(offset, offset + length)),
        [Symbol.asyncDispose]: () => {
          states.open -= 1;
          return Promise.resolve();
        },
      },
    });
  };
  const controller = new AbortController();
  const counts = newSnapshotCounts();
  const send = (how = take): ReturnType<SnapshotSender['send']> =>
    sender.send(recipient, how, controller.signal, counts);
  const finish = async <T>(promise: Promise<T>): Promise<T> => {
    const state = { isSettled: false };
    const settled = (): void => {
      state.isSettled = true;
    };
    promise.then(settled, settled);
    for (let turn = 0; turn < 1000 && !state.isSettled; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!state.isSettled) clock.pass(100);
    }
    return promise;
  };
  return { send, take, clock, chunks, states, controller, counts, finish };
}

const done = (chunk: SnapshotChunk): SnapshotChunkReply =>
  chunk.last ? { kind: 'done' } : next(chunk.offset + chunk.data.byteLength);

describe('a state', () => {
  test('is sent in pieces with a running checksum, and closed', async () => {
    const { send, chunks, states, counts, finish } = sending(done);
    const sent = await finish(send());
    expect(sent).toEqual({ isStaged: true, index: 9 });
    expect(chunks.map(({ offset, data, last }) => [offset, data.byteLength, last])).toEqual([
      [0, 300, false],
      [300, 300, false],
      [600, 300, false],
      [900, 100, true],
    ]);
    expect(chunks.map(({ crc }) => crc)).toEqual(
      [300, 600, 900, 1000].map((end) => crc32(STATE.subarray(0, end))),
    );
    expect(counts).toMatchObject({ chunksSent: 4, chunksUnanswered: 0 });
    expect(new Set(chunks.map(({ snapshot }) => snapshot)).size).toBe(1);
    expect(chunks[0]).toMatchObject({ ...recipient, meta: { term: 3, index: 9 } });
    expect(states.open).toBe(0);
  });

  test('goes on where the receiver says after a broken connection, which it is asked first', async () => {
    const { send, chunks, counts, finish } = sending((chunk, count) => {
      if (count === 3 || count === 4) return new VectorDbError('UNAVAILABLE', 'broken');
      return count === 5 ? next(300) : done(chunk);
    });
    const sent = await finish(send());
    expect(sent.isStaged).toBe(true);
    expect(chunks.map(({ offset, data, last }) => [offset, data.byteLength, last])).toEqual([
      [0, 300, false],
      [300, 300, false],
      [600, 300, false],
      [600, 0, false],
      [600, 0, false],
      [300, 300, false],
      [600, 300, false],
      [900, 100, true],
    ]);
    expect(chunks[4]?.crc).toBe(crc32(STATE.subarray(0, 600)));
    expect(chunks[6]?.crc).toBe(crc32(STATE.subarray(0, 900)));
    expect(counts).toMatchObject({ chunksSent: 6, chunksUnanswered: 1 });
  });

  test('is not sent again where only the answer was lost', async () => {
    const taken = { bytes: 0 };
    const { send, chunks, finish } = sending((chunk, count) => {
      if (chunk.offset === taken.bytes) taken.bytes += chunk.data.byteLength;
      if (count === 2 || count === 5) return new VectorDbError('UNAVAILABLE', 'broken');
      return taken.bytes === STATE.byteLength ? { kind: 'done' } : next(taken.bytes);
    });
    expect((await finish(send())).isStaged).toBe(true);
    const pieces = chunks.filter(({ data }) => data.byteLength > 0);
    expect(pieces.map(({ offset }) => offset)).toEqual([0, 300, 600, 900]);
  });

  test('begins anew where the receiver has forgotten it', async () => {
    const { send, chunks, finish } = sending((chunk, count) =>
      count === 3 ? next(0) : done(chunk),
    );
    await finish(send());
    expect(chunks.map(({ offset }) => offset)).toEqual([0, 300, 600, 0, 300, 600, 900]);
  });

  test('is given up where the receiver refuses, or asks for what never ended a piece', async () => {
    for (const reply of [{ kind: 'refused', reason: 'no' } as const, next(77)]) {
      const { send, chunks, states, finish } = sending(() => reply);
      const sent = await finish(send());
      expect(sent).toEqual({ isStaged: false, index: 9 });
      expect(chunks).toHaveLength(1);
      expect(states.open).toBe(0);
    }
  });

  test('is given up after a time without progress, not at once', async () => {
    const { send, chunks, clock, states, finish } = sending((chunk, count) =>
      count < 3 ? done(chunk) : new VectorDbError('UNAVAILABLE', 'nobody is there'),
    );
    const sent = await finish(send());
    expect(sent.isStaged).toBe(false);
    expect(clock.monotonicMs()).toBeGreaterThan(10_000);
    expect(chunks.length).toBeGreaterThan(15);
    expect(chunks.length).toBeLessThan(30);
    expect(states.open).toBe(0);
  });

  test('is given up when leadership is over', async () => {
    const { send, chunks, states, controller, finish } = sending((chunk, count) => {
      if (count === 2) controller.abort();
      return done(chunk);
    });
    const sent = await finish(send());
    expect(sent.isStaged).toBe(false);
    expect(chunks).toHaveLength(2);
    expect(states.open).toBe(0);
    await finish(send());
    expect(states.taken).toBe(1);
  });

  test('that cannot be taken or read is no success', async () => {
    const { send, finish } = sending(done);
    const take = (): Promise<TakenSnapshot> => Promise.reject(new Error('EIO'));
    const sent = await finish(send(take));
    expect(sent).toEqual({ isStaged: false, index: 0 });
  });
});

test('only so many are sent at once, within a rate over all', async () => {
  const { send, take, states, clock, finish } = sending(done, {
    snapshotBytesPerSecondMax: 1000,
  });
  let openMax = 0;
  const counted = (): Promise<TakenSnapshot> => {
    openMax = Math.max(openMax, states.open + 1);
    return take();
  };
  const both = [1, 2].map(() => send(counted));
  expect((await finish(Promise.all(both))).every(({ isStaged }) => isStaged)).toBe(true);
  expect(openMax).toBe(1);
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(1_700);
});

test('names are told apart by node, process and snapshot', () => {
  const names = [
    [1, 1],
    [1, 2],
    [2, 1],
  ].flatMap(([node, seed]) => {
    const next = snapshotNames(node ?? 0, seededRandom(seed ?? 0));
    return [next(), next()];
  });
  expect(new Set(names).size).toBe(6);
});
