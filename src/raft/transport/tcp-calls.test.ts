import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { identityOf, RawListener, type RawPeer } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { until } from '../../../test/support/raft/transport-inbox.ts';
import { ALIVE_FRAME } from './alive-frame.ts';
import {
  CALL_BYTES_MAX,
  decodeCall,
  decodeCancel,
  decodeRest,
  encodeAnswer,
  encodeFailure,
  encodeRest,
} from './call-codec.ts';
import { PART_BYTES } from './part-writer.ts';
import type { TcpTransport } from './tcp-transport.ts';
import { writeFrame } from './write-frame.ts';
import { UnsentCall } from './unsent-call.ts';

const long = { timeoutMs: 30_000 };
const REQUEST = Uint8Array.of(1, 2, 3);

let world: TcpWorld;
let clock: HandClock;
let node: TcpTransport;
/** Node 2, in the hands of the test. */
let other: RawListener;

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  other = await RawListener.start();
  world.addresses.set(2, other.address);
  node = await world.start(1, {
    clock,
    limits: { backoffMinMs: 50, backoffMaxMs: 1000, callsMax: 100, callBytesMax: 1_000_000 },
  });
});

afterEach(async () => {
  await other[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** A call to node 2 whose end is looked at later. */
function call(
  request = REQUEST,
  options: Parameters<TcpTransport['call']>[2] = long,
): {
  readonly end: Promise<Uint8Array | { code: string; message: string; retryAfterMs?: number }>;
  has: boolean;
} {
  const started = {
    has: false,
    end: node.call(2, request, options).catch((error: { code: string; message: string }) => error),
  };
  void started.end.then(() => (started.has = true));
  return started;
}

/** The node's connection with that number, welcomed. */
async function welcomed(at: number): Promise<RawPeer> {
  const peer = await other.peer(at);
  await peer.welcome(identityOf(2));
  return peer;
}

/** The numbers of the next calls that come, each in one frame. */
async function numbers(peer: RawPeer, count: number): Promise<number[]> {
  const all: number[] = [];
  while (all.length < count) all.push(decodeCall((await peer.next()).body).number);
  return all;
}

const answer = (number: number, data = REQUEST): Uint8Array =>
  encodeAnswer({ number, total: data.length, data });

describe('calls to a node', () => {
  test('of one turn leave in one write, and say how long their callers wait', async () => {
    const calls = Array.from({ length: 50 }, () => call());
    const peer = await other.peer(0);
    await until(() => peer.frames.length === 1);
    clock.pass(500);
    await peer.welcome(identityOf(2));
    const first = decodeCall((await peer.next()).body);
    expect(first).toMatchObject({ total: 3, remainingMs: 29_500, data: REQUEST });
    await numbers(peer, 49);
    expect(node.statistics.peers).toMatchObject([{ node: 2, callsUnderWay: 50 }]);
    expect(calls.some(({ has }) => has)).toBe(false);
  });

  test('fail at once when their connection is lost, and others while the pause after it lasts', async () => {
    const calls = [call(), call()];
    const peer = await welcomed(0);
    await numbers(peer, 2);
    peer.socket.destroy();
    for (const { end } of calls) {
      const error = await end;
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      // They had left: what became of them is not known.
      expect(error).not.toBeInstanceOf(UnsentCall);
    }
    const later = await call().end;
    expect(later).toBeInstanceOf(UnsentCall);
    expect(later).toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: expect.any(Number) as number,
    });
    expect(other.peers).toHaveLength(1);
    expect(node.statistics).toMatchObject({ callsSent: 2, callsFailed: 2 });
  });

  test('find a node again a fifth of a second after it came back, however long it was away', async () => {
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const started = call();
      (await other.peer(attempt)).socket.destroy();
      await started.end;
      clock.pass(200);
    }
    const started = call();
    const peer = await welcomed(12);
    const [number = 0] = await numbers(peer, 1);
    peer.socket.write(answer(number));
    expect(await started.end).toEqual(REQUEST);
  });

  test('find a node at once that connects itself', async () => {
    const started = call();
    (await other.peer(0)).socket.destroy();
    await started.end;
    const two = await world.start(2);
    two.serveCalls((_, request) => Promise.resolve(request));
    node.serveCalls((_, request) => Promise.resolve(request));
    expect(await call().end).toMatchObject({ code: 'UNAVAILABLE' });
    await two.call(1, REQUEST, long);
    expect(await call().end).toEqual(REQUEST);
  });

  test('do not wait longer than a second for a connection', async () => {
    const started = call();
    const peer = await other.peer(0);
    await until(() => peer.frames.length === 1);
    clock.pass(999);
    await setImmediate();
    expect(started.has).toBe(false);
    clock.pass(1);
    const end = await started.end;
    expect(end).toMatchObject({ code: 'UNAVAILABLE' });
    expect(end).toBeInstanceOf(UnsentCall);
    await until(() => peer.hasEnded);
  });

  test('fail at their deadline where a node takes them and says only that it lives', async () => {
    const started = call(REQUEST, { timeoutMs: 10_000 });
    const peer = await welcomed(0);
    await numbers(peer, 1);
    for (let second = 0; second < 10; second += 1) {
      expect(started.has).toBe(false);
      const before = node.statistics.framesReceived;
      peer.socket.write(ALIVE_FRAME);
      await until(() => node.statistics.framesReceived > before);
      clock.pass(1000);
    }
    const end = await started.end;
    expect(end).toMatchObject({ code: 'UNAVAILABLE' });
    expect(end).not.toBeInstanceOf(UnsentCall);
    await until(() => peer.frames.some(({ kind }) => kind === 'callCancel'));
    expect(peer.hasEnded).toBe(false);
  });

  test('fail within seconds where a node vanished without a word while it worked on them', async () => {
    const started = call(REQUEST, { timeoutMs: 600_000 });
    const peer = await welcomed(0);
    await numbers(peer, 1);
    peer.socket.write(ALIVE_FRAME);
    await until(() => node.statistics.framesReceived === 3);
    for (let second = 0; second < 12; second += 1) {
      clock.pass(1000);
      await setImmediate();
    }
    expect(await started.end).toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => peer.hasEnded);
    expect(node.statistics.connectionEnds.stalled).toBe(1);
  });

  test('keep their connection for as long as they take', async () => {
    const started = call(REQUEST, { timeoutMs: 600_000 });
    const peer = await welcomed(0);
    const [number = 0] = await numbers(peer, 1);
    for (let count = 0; count < 50; count += 1) {
      const before = node.statistics.framesReceived;
      peer.socket.write(ALIVE_FRAME);
      await until(() => node.statistics.framesReceived > before);
      clock.pass(1900);
    }
    peer.socket.write(answer(number));
    expect(await started.end).toEqual(REQUEST);
    expect(peer.hasEnded).toBe(false);
  });

  test('that are too many, or too large, are refused', async () => {
    const calls = Array.from({ length: 100 }, () => call());
    expect(await call().end).toMatchObject({ code: 'OVERLOADED' });
    const peer = await welcomed(0);
    const [number = 0] = await numbers(peer, 100);
    peer.socket.write(answer(number));
    expect(await calls[0]?.end).toEqual(REQUEST);
    peer.socket.pause();
    void call(new Uint8Array(1_000_000));
    expect(await call().end).toMatchObject({ code: 'OVERLOADED' });
    const huge = call(new Uint8Array(CALL_BYTES_MAX + 1));
    expect(await huge.end).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('that are given up before they leave never do, and their bytes make room', async () => {
    const control = new AbortController();
    const given = call(new Uint8Array(900_000), { ...long, signal: control.signal });
    const kept = call();
    control.abort();
    expect(await given.end).toMatchObject({ code: 'CANCELLED' });
    void call(new Uint8Array(900_000));
    const peer = await welcomed(0);
    expect(decodeCall((await peer.next()).body).total).toBe(3);
    expect(decodeCall((await peer.next()).body).total).toBe(900_000);
    expect(kept.has).toBe(false);
    expect(node.statistics.callsCancelled).toBe(1);
  });

  test('that are small overtake the rest of a large one', async () => {
    void call(new Uint8Array(900_000).fill(9));
    const small = [call(), call()];
    const peer = await welcomed(0);
    await until(() => peer.frames.length >= 3);
    const kinds = peer.frames.splice(0).map(({ kind, body }) => [kind, body.length < 1000]);
    expect(kinds.slice(0, 3)).toEqual([
      ['call', true],
      ['call', true],
      ['call', false],
    ]);
    expect(small.some(({ has }) => has)).toBe(false);
  });

  test('that are large share the connection part by part', async () => {
    void call(new Uint8Array(PART_BYTES * 3).fill(1));
    void call(new Uint8Array(PART_BYTES * 2).fill(2));
    const peer = await welcomed(0);
    await until(() => peer.frames.length === 5);
    const order = peer.frames.map(({ kind, body }) =>
      kind === 'call' ? decodeCall(body).number : decodeRest(body).number,
    );
    expect(order).toEqual([1, 2, 1, 2, 1]);
  });

  test('end partly where they are given up under way', async () => {
    const control = new AbortController();
    const started = call(REQUEST, { ...long, signal: control.signal });
    const peer = await welcomed(0);
    const [number] = await numbers(peer, 1);
    control.abort();
    await started.end;
    const cancel = await peer.next();
    expect(cancel.kind).toBe('callCancel');
    expect(decodeCancel(cancel.body)).toBe(number);
    // An answer that crossed it is passed over.
    const next = call();
    const [later = 0] = await numbers(peer, 1);
    peer.socket.write(Buffer.concat([answer(number ?? 0), answer(later)]));
    expect(await next.end).toEqual(REQUEST);
  });

  test('end as the other side says', async () => {
    const [failed, overloaded] = [call(), call()];
    const peer = await welcomed(0);
    const [first = 0, second = 0] = await numbers(peer, 2);
    peer.socket.write(encodeFailure({ number: second, failure: 'overloaded', reason: 'busy' }));
    peer.socket.write(encodeFailure({ number: first, failure: 'failed', reason: 'broken' }));
    expect(await failed?.end).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('broken') as string,
    });
    expect(await overloaded?.end).toMatchObject({ code: 'OVERLOADED' });
  });

  test.each<[string, (number: number) => Uint8Array]>([
    ['more than it announced', (number) => partly(number, 2000, 1500, 1500)],
    ['a small part that is not the last', (number) => partly(number, 5000, 2000, 5)],
    ['more than any answer has', (number) => tooLong(number)],
    ['two begins', (number) => partly(number, 5000, 2000, 0)],
    ['a call', (number) => writeFrame('call', 8, (writer) => writer.integer(number))],
    ['a failure that is none', () => writeFrame('callFailure', 3, (writer) => writer.integer(1))],
  ])('end with the connection at %s', async (_, damaged) => {
    const started = call();
    const peer = await welcomed(0);
    const [number = 0] = await numbers(peer, 1);
    peer.socket.write(damaged(number));
    expect(await started.end).toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => peer.hasEnded);
    const { damagedFrame, unexpectedFrame } = node.statistics.connectionEnds;
    expect(damagedFrame + unexpectedFrame).toBe(1);
  });
});

/** An answer that begins with so many bytes and goes on with so many; with none, it begins again. */
function partly(number: number, total: number, first: number, second: number): Uint8Array {
  const begin = encodeAnswer({ number, total, data: new Uint8Array(first) });
  const data = new Uint8Array(second);
  return Buffer.concat([begin, second === 0 ? begin : encodeRest('answerRest', { number, data })]);
}

function tooLong(number: number): Uint8Array {
  return encodeAnswer({ number, total: CALL_BYTES_MAX + 1, data: REQUEST });
}
