import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { identityOf, RawPeer } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { TransportInbox, until } from '../../../test/support/raft/transport-inbox.ts';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import { FRAME_HEADER_BYTES, sealFrame } from './frame-codec.ts';
import { ClientHandshake, type HandshakeIdentity } from './handshake.ts';
import { decodeRefusal, type Lane } from './handshake-codec.ts';
import { encodeFrames } from './message-frames.ts';
import { decodeOutcome, encodeChunk } from './snapshot-chunk-codec.ts';
import { replicaId } from '../host/replica-id.ts';
import type { TcpTransport } from './tcp-transport.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import type { GroupMessage } from './transport.ts';
import { writeFrame } from './write-frame.ts';

/** What nodes say that are in the hands of the test. */
const voteOf = (from: number): GroupMessage => ({
  group: 1,
  message: { ...SAMPLE_MESSAGES.vote, from: replicaId(from, 0) },
});
const MESSAGE = voteOf(2);
const FRAME = Buffer.concat(encodeFrames([MESSAGE]));
const CHUNK = { ...SAMPLE_CHUNK, from: replicaId(2, 0) };

let world: TcpWorld;
let clock: HandClock;
let node: TcpTransport;
let inbox: TransportInbox;

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  inbox = new TransportInbox();
  node = await world.start(1, { clock, limits: { frameBytesMax: 100_000, connectionsMax: 4 } });
  node.listen(inbox);
});

afterEach(() => world[Symbol.asyncDispose]());

const ends = (end: ConnectionEnd): number => node.statistics.connectionEnds[end];
const connect = (): Promise<RawPeer> => RawPeer.connect({ host: '127.0.0.1', port: node.port });

async function greeted(lane: Lane, as = 2): Promise<RawPeer> {
  const peer = await connect();
  await peer.greet(identityOf(as), 1, lane);
  return peer;
}

/** The connection ends for that reason, and nothing of it was delivered. */
async function expectEnd(peer: RawPeer, end: ConnectionEnd): Promise<void> {
  await until(() => peer.hasEnded && ends(end) === 1);
  expect(inbox.messages).toEqual([]);
  expect(world.events).toMatchObject([{ event: 'rejected', end }]);
}

describe('a node refuses', () => {
  test.each<[string, Partial<HandshakeIdentity>, number, string]>([
    ['another token', { token: Buffer.from('guessed') }, 1, 'token'],
    ['another cluster', { cluster: 'another' }, 1, 'cluster'],
    [
      'a version of the protocol that it does not speak',
      { protocol: { min: 2, max: 9 } },
      1,
      'version',
    ],
    ['one who looks for another node', {}, 3, 'node'],
  ])('%s, and says so', async (_, own, to, reason) => {
    const peer = await connect();
    const handshake = new ClientHandshake(identityOf(2, own), to, 'messages', new Uint8Array(32));
    peer.socket.write(handshake.hello);
    let frame = await peer.next();
    if (frame.kind === 'challenge') {
      const step = handshake.step(frame);
      if (step.kind === 'continue') peer.socket.write(step.send);
      frame = await peer.next();
    }
    expect(frame.kind === 'refusal' && decodeRefusal(frame.body).reason).toBe(reason);
    await expectEnd(peer, 'refused');
  });

  test.each([
    ['before anything else', []],
    ['between hello and proof', ['hello']],
  ])('messages %s', async (_, before) => {
    const peer = await connect();
    if (before.length > 0) {
      peer.socket.write(
        new ClientHandshake(identityOf(2), 1, 'messages', new Uint8Array(32)).hello,
      );
      await peer.next();
    }
    peer.socket.write(FRAME);
    await expectEnd(peer, 'unexpectedFrame');
  });

  test.each([
    ['is neither a frame nor HTTP', Buffer.from([0, 1, 2, 3])],
    ['begins like a frame', Buffer.alloc(FRAME_HEADER_BYTES, 0xf5)],
    ['is a damaged hello', damagedHello()],
    ['is larger than any hello', writeFrame('hello', 5000, (writer) => writer.skip(5000))],
    ['is a hello cut short', writeFrame('hello', 1, (writer) => writer.byte(1))],
  ])('what %s', async (_, bytes) => {
    const peer = await connect();
    peer.socket.write(bytes);
    await expectEnd(peer, 'damagedFrame');
  });

  test('a connection that says nothing, after a while', async () => {
    const peer = await connect();
    await until(() => {
      clock.pass(1000);
      return peer.hasEnded;
    });
    await expectEnd(peer, 'handshakeTimeout');
  });

  test('a hello that drips, after the same while', async () => {
    const peer = await connect();
    const { hello } = new ClientHandshake(identityOf(2), 1, 'messages', new Uint8Array(32));
    let sent = 0;
    await until(() => {
      if (sent < hello.length - 1) peer.socket.write(hello.subarray(sent, sent + 1));
      sent += 1;
      clock.pass(200);
      return peer.hasEnded;
    });
    await until(() => ends('handshakeTimeout') === 1);
    // A limit for each byte would have let all of it in.
    expect(sent).toBeLessThan(hello.length);
  });

  test('more connections than its limit', async () => {
    const peers = await Promise.all([1, 2, 3, 4, 5].map(connect));
    await until(() => peers.some(({ hasEnded }) => hasEnded));
    expect(peers.filter(({ hasEnded }) => hasEnded)).toHaveLength(1);
    await until(() => ends('tooMany') === 1);
    for (const peer of peers) peer[Symbol.dispose]();
  });
});

describe('a connection ends at', () => {
  test.each<[string, Lane, Uint8Array, ConnectionEnd]>([
    ['a damaged frame', 'messages', flipped(FRAME, FRAME.length - 1), 'damagedFrame'],
    ['a frame that is larger than its limit', 'messages', largeFrame(), 'damagedFrame'],
    ['a sound frame with a body that is none', 'messages', sound('messages'), 'damagedFrame'],
    ['a chunk among the messages', 'messages', chunkFrame(), 'unexpectedFrame'],
    ['messages among the chunks', 'chunks', FRAME, 'unexpectedFrame'],
    ['a chunk whose body is none', 'chunks', sound('chunk'), 'damagedFrame'],
    ['a second hello', 'messages', sound('hello'), 'unexpectedFrame'],
  ])('%s', async (_, lane, bytes, end) => {
    const peer = await greeted(lane);
    peer.socket.write(bytes);
    await expectEnd(peer, end);
    expect(world.events).toMatchObject([{ node: 2 }]);
  });

  test('more chunks than are agreed on', async () => {
    inbox.answer = () => new Promise(() => {});
    const peer = await greeted('chunks');
    for (let number = 1; number <= 9; number += 1) {
      peer.socket.write(encodeChunk({ number, chunk: CHUNK }));
    }
    await expectEnd(peer, 'unexpectedFrame');
    expect(inbox.chunks).toHaveLength(8);
  });

  test('what came before it, which is delivered', async () => {
    const peer = await greeted('messages');
    peer.socket.write(Buffer.concat([FRAME, FRAME, flipped(FRAME, 30), FRAME]));
    await until(() => peer.hasEnded);
    expect(inbox.messages).toEqual([MESSAGE, MESSAGE]);
  });

  test('a long silence', async () => {
    const peer = await greeted('messages');
    peer.socket.write(FRAME);
    await until(() => inbox.messages.length === 1);
    clock.pass(170_000);
    peer.socket.write(FRAME);
    await until(() => inbox.messages.length === 2);
    clock.pass(170_000);
    await until(() => node.statistics.framesSent > 3);
    expect(peer.hasEnded).toBe(false);
    clock.pass(20_000);
    await until(() => peer.hasEnded);
    expect(ends('stalled')).toBe(1);
  });
});

test('a node that connects again takes the place of its older connection', async () => {
  const older = await greeted('messages');
  const chunks = await greeted('chunks');
  const other = await greeted('messages', 3);
  const newer = await greeted('messages');
  await until(() => older.hasEnded);
  newer.socket.write(FRAME);
  other.socket.write(Buffer.concat(encodeFrames([voteOf(3)])));
  await until(() => inbox.messages.length === 2);
  expect(new Set(inbox.deliveries.map(({ from }) => from))).toEqual(new Set([2, 3]));
  expect([chunks, other, newer].some(({ hasEnded }) => hasEnded)).toBe(false);
  expect(ends('superseded')).toBe(1);
  expect(world.events).toMatchObject([{ event: 'rejected', node: 2, end: 'superseded' }]);
});

test('a receiver says that bytes arrive, once in a while', async () => {
  const peer = await greeted('messages');
  for (let count = 1; count <= 5; count += 1) {
    peer.socket.write(FRAME);
    await until(() => inbox.messages.length === count);
  }
  expect(peer.frames).toEqual([]);
  clock.pass(1000);
  expect(await peer.next()).toMatchObject({ kind: 'alive' });
  clock.pass(10_000);
  peer.socket.write(FRAME);
  await until(() => inbox.messages.length === 6);
  clock.pass(1000);
  expect(await peer.next()).toMatchObject({ kind: 'alive' });
  expect(peer.frames).toEqual([]);
});

test('a chunk for a node that does not listen yet fails, and may be sent again', async () => {
  const one = await world.start(3);
  await world.start(4);
  await expect(one.sendChunk(4, { ...SAMPLE_CHUNK, from: replicaId(3, 0) })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('it does not listen yet') as string,
  });
});

test('what does not come from a replica of the node that sent it is dropped, and counted', async () => {
  const peer = await greeted('messages');
  peer.socket.write(Buffer.concat(encodeFrames([voteOf(3), MESSAGE, voteOf(1)])));
  await until(() => inbox.messages.length === 1);
  expect(inbox.messages).toEqual([MESSAGE]);
  expect(node.statistics).toMatchObject({ messagesForged: 2, messagesReceived: 1 });

  const chunks = await greeted('chunks');
  const chunk = { ...SAMPLE_CHUNK, from: replicaId(3, 0) };
  chunks.socket.write(encodeChunk({ number: 1, chunk }));
  const { body } = await chunks.next();
  expect(decodeOutcome(body).outcome).toMatchObject({ kind: 'failed' });
  expect(inbox.chunks).toEqual([]);
  expect(node.statistics.messagesForged).toBe(3);
});

test('a port that is taken is told', async () => {
  await expect(world.start(2, { port: node.port })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function damagedHello(): Uint8Array {
  const { hello } = new ClientHandshake(identityOf(2), 1, 'messages', new Uint8Array(32));
  return flipped(hello, 40);
}

function largeFrame(): Uint8Array {
  return sealFrame('messages', new Uint8Array(FRAME_HEADER_BYTES + 100_001));
}

function chunkFrame(): Uint8Array {
  return encodeChunk({ number: 1, chunk: CHUNK });
}

function sound(kind: 'messages' | 'chunk' | 'hello'): Uint8Array {
  return writeFrame(kind, 3, (writer) => writer.raw(Uint8Array.of(200, 200, 200)));
}
