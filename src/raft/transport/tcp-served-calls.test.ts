import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { identityOf, RawPeer } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { until } from '../../../test/support/raft/transport-inbox.ts';
import { ALIVE_FRAME } from './alive-frame.ts';
import {
  CALL_BYTES_MAX,
  decodeAnswer,
  decodeFailure,
  decodeRest,
  encodeCall,
  encodeCancel,
  encodeRest,
} from './call-codec.ts';
import { FRAME_HEADER_BYTES, type FrameKind, sealFrame } from './frame-codec.ts';
import { PART_BYTES } from './part-writer.ts';
import type { TcpTransport } from './tcp-transport.ts';

let world: TcpWorld;
let clock: HandClock;
let node: TcpTransport;
/** Calls that the node works on, until the test lets them end. */
let kept: { request: Uint8Array; signal: AbortSignal; answer: (value: Uint8Array) => void }[];

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  kept = [];
  node = await world.start(1, {
    clock,
    limits: { callsServedMax: 50, callServedBytesMax: 1_000_000 },
  });
  node.serveCalls(
    (_, request, signal) =>
      new Promise((resolve) => {
        kept.push({ request, signal, answer: resolve });
      }),
  );
});

afterEach(() => world[Symbol.asyncDispose]());

/** Node 2, in the hands of the test, connected to call. */
async function caller(): Promise<RawPeer> {
  const peer = await RawPeer.connect({ host: '127.0.0.1', port: node.port });
  await peer.greet(identityOf(2), 1, 'calls');
  return peer;
}

const whole = (number: number, data = Uint8Array.of(number & 0xff), remainingMs = 60_000) =>
  encodeCall({ number, remainingMs, total: data.length, data });

/** What the node works on now. */
const serving = (): number =>
  node.statistics.peers.find((each) => each.node === 2)?.callsServing ?? 0;

describe('a node that is called', () => {
  test('lets who works on a call know that its caller is gone', async () => {
    const peer = await caller();
    peer.socket.write(Buffer.concat([whole(1), whole(2)]));
    await until(() => kept.length === 2);
    peer.socket.destroy();
    await until(() => kept.every(({ signal }) => signal.aborted));
  });

  test('ends a call at its deadline by itself', async () => {
    const peer = await caller();
    peer.socket.write(whole(1, Uint8Array.of(1), 500));
    await until(() => kept.length === 1);
    clock.pass(499);
    expect(kept[0]?.signal.aborted).toBe(false);
    clock.pass(1);
    expect(kept[0]?.signal.aborted).toBe(true);
    expect(node.statistics.callsNotServed).toBe(1);
  });

  test('refuses more calls than it works on, those that were given up included', async () => {
    const peer = await caller();
    for (let number = 1; number <= 50; number += 1) {
      peer.socket.write(Buffer.concat([whole(number), encodeCancel(number)]));
    }
    await until(() => kept.length === 50);
    expect(serving()).toBe(50);
    peer.socket.write(whole(51));
    const refused = decodeFailure((await peer.next()).body);
    expect(refused).toMatchObject({ number: 51, failure: 'overloaded' });
    kept[0]?.answer(new Uint8Array(1));
    await until(() => serving() === 49);
    peer.socket.write(whole(52));
    await until(() => kept.length === 51);
    // The call that was given up has no answer.
    kept[50]?.answer(Uint8Array.of(52));
    expect(decodeAnswer((await peer.next()).body)).toMatchObject({ number: 52 });
  });

  test('counts the calls of a node over all its connections', async () => {
    const first = await caller();
    for (let number = 1; number <= 50; number += 1) first.socket.write(whole(number));
    await until(() => kept.length === 50);
    const second = await caller();
    second.socket.write(whole(1));
    expect(decodeFailure((await second.next()).body).failure).toBe('overloaded');
    await until(() => first.hasEnded);
  });

  test('puts large requests together, and refuses what would take too much memory', async () => {
    const peer = await caller();
    const data = new Uint8Array(600_000).fill(5);
    const begin = (number: number): Uint8Array =>
      encodeCall({ number, remainingMs: 1000, total: 600_000, data: data.subarray(0, 300_000) });
    const rest = (number: number): Uint8Array =>
      encodeRest('callRest', { number, data: data.subarray(300_000) });
    peer.socket.write(Buffer.concat([begin(1), begin(2), rest(2), rest(1), rest(9)]));
    const refused = decodeFailure((await peer.next()).body);
    expect(refused).toMatchObject({ number: 2, failure: 'overloaded' });
    await until(() => kept.length === 1);
    expect(Buffer.compare(kept[0]?.request ?? data.subarray(1), data)).toBe(0);
    peer.socket.write(Buffer.concat([begin(3), encodeCancel(3), begin(4), rest(4)]));
    const busy = decodeFailure((await peer.next()).body);
    expect(busy).toMatchObject({ number: 4, failure: 'overloaded' });
    kept[0]?.answer(new Uint8Array(0));
    await peer.next();
    peer.socket.write(Buffer.concat([begin(5), rest(5)]));
    await until(() => kept.length === 2);
  });

  test('sends a large answer in parts, and small ones between them', async () => {
    const peer = await caller();
    peer.socket.write(Buffer.concat([whole(1), whole(2)]));
    await until(() => kept.length === 2);
    kept[0]?.answer(new Uint8Array(PART_BYTES * 2 + 1).fill(1));
    kept[1]?.answer(Uint8Array.of(2));
    const small = decodeAnswer((await peer.next()).body);
    expect(small).toMatchObject({ number: 2, total: 1 });
    const begin = decodeAnswer((await peer.next()).body);
    expect(begin).toMatchObject({ number: 1, total: PART_BYTES * 2 + 1 });
    const parts = [decodeRest((await peer.next()).body), decodeRest((await peer.next()).body)];
    expect(parts.map(({ number, data }) => [number, data.length])).toEqual([
      [1, PART_BYTES],
      [1, 1],
    ]);
  });

  test('does not keep more answers for one who does not read than it has memory for', async () => {
    const peer = await caller();
    peer.socket.pause();
    const large = new Uint8Array(900_000);
    let number = 0;
    await until(() => {
      number += 1;
      if (serving() < 50) peer.socket.write(whole(number));
      for (const { answer } of kept.splice(0)) answer(large);
      return node.statistics.callsNotServed > 0;
    });
    expect(peer.hasEnded).toBe(false);
    // Refusals take memory too.
    await until(() => {
      number += 1;
      if (!peer.hasEnded) peer.socket.write(whole(number));
      for (const { answer } of kept.splice(0)) answer(large);
      return node.statistics.connectionEnds.stalled === 1;
    });
  });

  test('answers signs of life while it works', async () => {
    const peer = await caller();
    peer.socket.write(whole(1));
    await until(() => kept.length === 1);
    clock.pass(1000);
    expect((await peer.next()).kind).toBe('alive');
    peer.socket.write(ALIVE_FRAME);
    const { framesReceived } = node.statistics;
    await until(() => node.statistics.framesReceived > framesReceived);
    clock.pass(1000);
    expect((await peer.next()).kind).toBe('alive');
    expect(peer.hasEnded).toBe(false);
  });

  test.each<[string, Uint8Array]>([
    ['two calls of one number', Buffer.concat([whole(1), whole(1)])],
    [
      'more than was announced',
      encodeCall({ number: 1, remainingMs: 9, total: 1, data: new Uint8Array(2) }),
    ],
    [
      'a request larger than any',
      encodeCall({ number: 1, remainingMs: 9, total: CALL_BYTES_MAX + 1, data: Uint8Array.of(1) }),
    ],
    ['an empty part', encodeRest('callRest', { number: 1, data: new Uint8Array(0) })],
    ['an answer', sealed('answer', Uint8Array.of(1, 0))],
    ['messages', sealed('messages', Uint8Array.of(1, 0))],
  ])('ends a connection that brings %s', async (_, bytes) => {
    const peer = await caller();
    peer.socket.write(bytes);
    await until(() => peer.hasEnded);
    const { damagedFrame, unexpectedFrame } = node.statistics.connectionEnds;
    expect(damagedFrame + unexpectedFrame).toBe(1);
  });

  test('survives any bytes in frames of calls, and answers sound ones after it', async () => {
    const kinds = fc.constantFrom<FrameKind>('call', 'callRest', 'callCancel', 'alive', 'answer');
    const frames = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 40 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(frames, async (bodies) => {
        const peer = await caller();
        peer.socket.write(Buffer.concat(bodies.map(([kind, body]) => sealed(kind, body))));
        peer.socket.write(whole(2 ** 40));
        await until(() => {
          for (const { answer } of kept.splice(0)) answer(Uint8Array.of(7));
          return (
            peer.hasEnded ||
            peer.frames.some(
              ({ kind, body }) => kind === 'answer' && decodeAnswer(body).number === 2 ** 40,
            )
          );
        });
        peer.socket.destroy();
        await until(() => serving() === 0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('many calls', () => {
  test('of both sides are all answered, each with its own', async () => {
    await using pair = new TcpWorld();
    const [one, two] = [await pair.start(1), await pair.start(2)];
    for (const each of [one, two]) {
      each.serveCalls(async (_, request) => {
        if ((request[0] ?? 0) % 3 === 0) await setImmediate();
        return request;
      });
    }
    const call = async (from: TcpTransport, to: number, at: number): Promise<boolean> => {
      const request = new Uint8Array(8 + (at % 7) * 1000);
      new DataView(request.buffer).setUint32(0, at);
      const answer = await from.call(to, request, { timeoutMs: 30_000 });
      return Buffer.compare(answer, request) === 0;
    };
    const calls = Array.from({ length: 4000 }, (_, at) => [call(one, 2, at), call(two, 1, at)]);
    const ends = await Promise.all(calls.flat());
    expect(ends.every(Boolean)).toBe(true);
    expect(one.statistics).toMatchObject({
      callsAnswered: 4000,
      callsServed: 4000,
      callsFailed: 0,
    });
    expect(one.statistics.peers).toMatchObject([{ callsUnderWay: 0, callsServing: 0 }]);
  });
});

function sealed(kind: FrameKind, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  frame.set(body, FRAME_HEADER_BYTES);
  return sealFrame(kind, frame);
}
