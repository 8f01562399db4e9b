import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { identityOf, RawListener, RawPeer } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { until } from '../../../test/support/raft/transport-inbox.ts';
import { decodeAnswer, decodeFailure, encodeAnswer, encodeCall } from './call-codec.ts';
import { FRAME_HEADER_BYTES, sealFrame } from './frame-codec.ts';
import { addressOfText } from './node-address.ts';
import { GUEST_FRAME_BYTES_MAX } from './tcp-limits.ts';
import type { TcpNodePort } from './tcp-node-port.ts';

let world: TcpWorld;
let clock: HandClock;
let port: TcpNodePort;
let questions: string[];

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  questions = [];
  port = await world.open({ clock, limits: { guestsMax: 3 } });
});

afterEach(() => world[Symbol.asyncDispose]());

const GUEST = identityOf(0, { cluster: '' });
const question = (text: string): Uint8Array => {
  const data = new Uint8Array(Buffer.from(text));
  return encodeCall({ number: 1, remainingMs: 60_000, total: data.length, data });
};

function serve(): void {
  port.serveGuests((request) => {
    questions.push(Buffer.from(request).toString());
    return Promise.resolve(request);
  });
}

/** Someone who knows the secret, in the hands of the test. */
async function guest(): Promise<RawPeer> {
  const peer = await RawPeer.connect({ host: '127.0.0.1', port: port.port });
  await peer.greet(GUEST, 0, 'guests');
  return peer;
}

describe('a port with guests', () => {
  test('answers one question, and ends the connection', async () => {
    serve();
    const peer = await guest();
    peer.socket.write(question('who are you?'));
    const answer = decodeAnswer((await peer.next()).body);
    expect(Buffer.from(answer.data).toString()).toBe('who are you?');
    await until(() => peer.hasEnded);
    expect(port.counters.guestsServed).toBe(1);
  });

  test('takes no second question while it answers the first', async () => {
    port.serveGuests(() => new Promise(() => {}));
    const peer = await guest();
    peer.socket.write(Buffer.concat([question('one'), question('two')]));
    await until(() => peer.hasEnded);
    expect(port.counters.connectionEnds.unexpectedFrame).toBe(1);
  });

  test('ends one who says too little for too long, or too slowly', async () => {
    serve();
    const silent = await guest();
    const slow = await guest();
    const bytes = question('a question that comes byte by byte');
    let at = 0;
    await until(() => {
      clock.pass(500);
      if (!slow.hasEnded) slow.socket.write(bytes.subarray(at, at + 1));
      at += 1;
      return slow.hasEnded && silent.hasEnded;
    });
    expect(at).toBeLessThan(bytes.length);
    expect(questions).toEqual([]);
    expect(port.counters.connectionEnds.stalled).toBe(2);
  });

  test('ends one whose handshake never ends', async () => {
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: port.port });
    peer.socket.write(Uint8Array.of(0xf5));
    await setImmediate();
    await until(() => {
      clock.pass(500);
      return peer.hasEnded;
    });
    expect(port.counters.connectionEnds.handshakeTimeout).toBe(1);
  });

  test('ends one whose answer takes too long', async () => {
    let signalled = false;
    port.serveGuests(() => {
      signalled = true;
      return new Promise(() => {});
    });
    const peer = await guest();
    peer.socket.write(question('x'));
    await until(() => signalled);
    clock.pass(10_000);
    await until(() => peer.hasEnded);
  });

  test('has time for so many at once, and for others when they are gone', async () => {
    serve();
    const idle = [await guest(), await guest(), await guest()];
    const late = await guest();
    late.socket.write(question('x'));
    expect(decodeFailure((await late.next()).body).failure).toBe('overloaded');
    await until(() => late.hasEnded);
    idle[0]?.socket.destroy();
    await until(() => port.counters.connectionEnds.closed === 2);
    const next = await guest();
    next.socket.write(question('y'));
    expect((await next.next()).kind).toBe('answer');
    expect(questions).toEqual(['y']);
  });

  test('takes no frame that is larger than a question may be', async () => {
    serve();
    const peer = await guest();
    const large = new Uint8Array(FRAME_HEADER_BYTES + GUEST_FRAME_BYTES_MAX + 1);
    peer.socket.write(sealFrame('call', large).subarray(0, FRAME_HEADER_BYTES));
    await until(() => peer.hasEnded);
    expect(port.counters.connectionEnds.damagedFrame).toBe(1);
  });

  test('does not take a guest for a member, nor a member for a guest', async () => {
    serve();
    const member = world.join(port, 1);
    let called = 0;
    member.serveCalls((_, request) => {
      called += 1;
      return Promise.resolve(request);
    });
    for (const lane of ['calls', 'messages', 'chunks'] as const) {
      const peer = await RawPeer.connect({ host: '127.0.0.1', port: port.port });
      await expect(peer.greet(GUEST, 0, lane)).rejects.toThrow('refused');
    }
    // Someone's claim to be node 2 means nothing on this lane.
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: port.port });
    await peer.greet(identityOf(2), 1, 'guests');
    peer.socket.write(question('x'));
    expect((await peer.next()).kind).toBe('answer');
    expect(called).toBe(0);
    expect(member.statistics.peers).toEqual([]);
  });

  test('serves metrics before it belongs to a cluster', async () => {
    await using open = new TcpWorld({ metrics: { text: () => 'up 1\n' } });
    const own = await open.open();
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: own.port });
    let text = '';
    peer.socket.removeAllListeners('data').on('data', (piece) => {
      text += piece.toString();
    });
    peer.socket.write('GET /raft/metrics HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => peer.hasEnded);
    expect(text.endsWith('up 1\n')).toBe(true);
  });

  test('is open to everybody where no secret is set', async () => {
    await using open = new TcpWorld({ token: '' });
    const [host, other] = [await open.open(), await open.open()];
    host.serveGuests((request) => Promise.resolve(request));
    const answer = await other.ask(`127.0.0.1:${host.port}`, Uint8Array.of(1), {
      timeoutMs: 50_000,
    });
    expect(answer).toEqual(Uint8Array.of(1));
  });
});

describe('a question', () => {
  let listener: RawListener;
  let address: string;

  beforeEach(async () => {
    listener = await RawListener.start();
    address = `localhost:${listener.address.port}`;
  });

  afterEach(() => listener[Symbol.asyncDispose]());

  const ask = (): Promise<{ code: string } | Uint8Array> =>
    port
      .ask(`127.0.0.1:${listener.address.port}`, Uint8Array.of(1), { timeoutMs: 3000 })
      .catch((error: { code: string }) => error);

  test('fails in time where somebody takes the connection and says nothing', async () => {
    const end = ask();
    const peer = await listener.peer(0);
    await until(() => peer.frames.length === 1);
    clock.pass(3000);
    expect(await end).toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => peer.hasEnded);
  });

  test('is not asked of one who does not know the secret', async () => {
    const end = ask();
    const peer = await listener.peer(0);
    const stranger = identityOf(2, { token: Buffer.from('guessed') });
    await expect(peer.welcome(stranger)).rejects.toThrow('refused');
    expect(await end).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(peer.frames.filter(({ kind }) => kind === 'call')).toEqual([]);
  });

  test('fails where the answer is none', async () => {
    const end = ask();
    const peer = await listener.peer(0);
    await peer.welcome(identityOf(2));
    expect((await peer.next()).kind).toBe('call');
    peer.socket.write(encodeAnswer({ number: 1, total: 2, data: Uint8Array.of(1) }));
    expect(await end).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('finds a host by its name', async () => {
    const end = port.ask(address, Uint8Array.of(1), { timeoutMs: 3000 });
    const peer = await listener.peer(0);
    await peer.welcome(identityOf(2));
    await peer.next();
    peer.socket.write(encodeAnswer({ number: 1, total: 1, data: Uint8Array.of(9) }));
    expect(await end).toEqual(Uint8Array.of(9));
  });

  test.each([
    ['node-1:7000', { host: 'node-1', port: 7000 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['::1:7000', undefined],
    ['node-1', undefined],
    [':7000', undefined],
    ['node-1:65536', undefined],
    ['node-1:07', undefined],
    ['node-1:7000x', undefined],
    ['', undefined],
  ])('goes to an address of a host and a port: %j', (text, expected) => {
    expect(addressOfText(text)).toEqual(expected);
  });
});
