import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { append } from '../../../test/contracts/transport.contract.ts';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { identityOf, RawListener } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { TransportInbox, until } from '../../../test/support/raft/transport-inbox.ts';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import { decodeMessages } from './message-frames.ts';
import { decodeChunk, encodeOutcome } from './snapshot-chunk-codec.ts';
import type { TcpTransport } from './tcp-transport.ts';
import { writeFrame } from './write-frame.ts';

const MESSAGE = { group: 1, message: SAMPLE_MESSAGES.vote };
const ALIVE = writeFrame('alive', 0, () => {});

let world: TcpWorld;
let clock: HandClock;
let node: TcpTransport;
let inbox: TransportInbox;
/** Node 2, in the hands of the test. */
let other: RawListener;

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  inbox = new TransportInbox();
  other = await RawListener.start();
  world.addresses.set(2, other.address);
  node = await world.start(1, {
    clock,
    limits: {
      queueMessagesMax: 100,
      queueBytesMax: 3_000_000,
      backoffMinMs: 50,
      backoffMaxMs: 1000,
    },
  });
  node.listen(inbox);
});

afterEach(async () => {
  await other[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** The node's connection with that number, welcomed. */
async function welcomed(at: number) {
  const peer = await other.peer(at);
  await peer.welcome(identityOf(2));
  return peer;
}

describe('messages to a node', () => {
  test('wait for the handshake, and leave after it in one frame a turn', async () => {
    node.send(2, [MESSAGE]);
    node.send(2, [MESSAGE]);
    const peer = await other.peer(0);
    await until(() => peer.frames.length === 1);
    await setImmediate();
    expect(peer.frames.map(({ kind }) => kind)).toEqual(['hello']);
    await peer.welcome(identityOf(2));
    expect(decodeMessages(await peer.next())).toEqual([MESSAGE, MESSAGE]);
    expect(other.peers).toHaveLength(1);
  });

  test('do not leave where the other side has another token, and it is logged once', async () => {
    for (const attempt of [0, 1, 2]) {
      node.send(2, [MESSAGE]);
      const peer = await other.peer(attempt);
      await expect(peer.welcome(identityOf(2, { token: Buffer.from('guessed') }))).rejects.toThrow(
        'refused',
      );
      await until(() => inbox.unreachable.length === attempt + 1);
      clock.pass(1000);
    }
    expect(node.statistics.connectionEnds.refused).toBe(3);
    expect(node.statistics.messagesSent).toBe(0);
    expect(world.events).toEqual([
      {
        event: 'disconnected',
        node: 2,
        lane: 'messages',
        end: 'refused',
        detail: 'token: node 1 has another cluster token',
      },
    ]);
  });

  test('are dropped at once while a pause after a failure lasts', async () => {
    node.send(2, [MESSAGE]);
    (await other.peer(0)).socket.destroy();
    await until(() => inbox.unreachable.length === 1);
    clock.pass(24);
    node.send(2, [MESSAGE, MESSAGE]);
    await until(() => inbox.unreachable.length === 2);
    expect(node.statistics.messagesDropped.unreachable).toBe(3);
    expect(other.peers).toHaveLength(1);
    clock.pass(26);
    node.send(2, [MESSAGE]);
    const peer = await welcomed(1);
    expect(decodeMessages(await peer.next())).toEqual([MESSAGE]);
  });

  test('are tried again soon after a connection that was good, whatever was before it', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      node.send(2, [MESSAGE]);
      (await other.peer(attempt)).socket.destroy();
      await until(() => inbox.unreachable.length === attempt + 1);
      clock.pass(1000);
    }
    node.send(2, [MESSAGE]);
    (await welcomed(6)).socket.destroy();
    await until(() => inbox.unreachable.length === 7);
    clock.pass(50);
    node.send(2, [MESSAGE]);
    await welcomed(7);
  });

  test('are tried again soon, however often, where the other side is not a member yet', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      node.send(2, [MESSAGE]);
      const peer = await other.peer(attempt);
      await expect(peer.welcome(identityOf(0, { cluster: '' }))).rejects.toThrow('refused');
      await until(() => inbox.unreachable.length === attempt + 1);
      clock.pass(50);
    }
    node.send(2, [MESSAGE]);
    expect(decodeMessages(await (await welcomed(8)).next())).toEqual([MESSAGE]);
  });

  test('are dropped where nobody completes the handshake in time', async () => {
    node.send(2, [MESSAGE]);
    const peer = await other.peer(0);
    await until(() => peer.frames.length === 1);
    clock.pass(5000);
    await until(() => peer.hasEnded && inbox.unreachable.length === 1);
    expect(node.statistics.connectionEnds.handshakeTimeout).toBe(1);
  });

  test('find a node that moved', async () => {
    await using moved = await RawListener.start();
    node.send(2, [MESSAGE]);
    (await welcomed(0)).socket.destroy();
    world.addresses.set(2, moved.address);
    await until(() => inbox.unreachable.length === 1);
    clock.pass(1000);
    node.send(2, [MESSAGE]);
    const peer = await moved.peer(0);
    await peer.welcome(identityOf(2));
    expect(decodeMessages(await peer.next())).toEqual([MESSAGE]);
    expect(node.statistics).toMatchObject({ connects: 2, reconnects: 1 });
  });

  test('are dropped where no frame can hold one, and the others leave', async () => {
    node.send(2, [append(1), append(2, 64 * 2 ** 20), append(3)]);
    const peer = await welcomed(0);
    const left = decodeMessages(await peer.next());
    expect(left).toEqual([append(1), append(3)]);
    expect(node.statistics.messagesDropped.tooLarge).toBe(1);
    expect(inbox.unreachable).toEqual([2]);
  });

  test('wait in a bounded queue for one who does not read, and then come in order', async () => {
    node.send(2, [append(1)]);
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.pause();
    let index = 1;
    // More than the kernel takes on both sides.
    await until(() => {
      index += 1;
      node.send(2, [append(index, 1_000_000)]);
      return node.statistics.messagesDropped.queueFull > 0;
    });
    expect(inbox.unreachable).toContain(2);
    const [waiting] = node.statistics.peers;
    expect(waiting?.queuedMessages).toBeGreaterThan(0);
    expect(waiting?.queuedBytes).toBeLessThanOrEqual(3_000_000);

    const sent = node.statistics.messagesSent + (waiting?.queuedMessages ?? 0);
    const got: number[] = [];
    peer.socket.resume();
    await until(() => {
      for (const frame of peer.frames.splice(0)) {
        for (const { message } of decodeMessages(frame)) {
          if (message.kind === 'append') got.push(message.previous.index + 1);
        }
      }
      return got.length === sent - 1;
    });
    expect(got).toEqual(Array.from({ length: sent - 1 }, (_, at) => at + 2));
  });

  test('that are heartbeats overtake what waits', async () => {
    node.send(2, [append(1)]);
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.pause();
    let index = 1;
    await until(() => {
      index += 1;
      node.send(2, [append(index, 1_000_000)]);
      return (node.statistics.peers[0]?.queuedMessages ?? 0) === 2;
    });
    const heartbeat = { group: 1, message: SAMPLE_MESSAGES.heartbeat };
    node.send(2, [heartbeat, heartbeat]);
    await setImmediate();
    expect(node.statistics.peers[0]?.queuedMessages).toBe(4);
    peer.socket.resume();
    await until(() => peer.frames.length === index);
    const kinds = peer.frames.map(({ kind }) => kind);
    expect(kinds.slice(-3)).toEqual(['heartbeats', 'messages', 'messages']);
  });

  test('of one who takes bytes and never says so go to a new connection', async () => {
    node.send(2, [MESSAGE]);
    const peer = await welcomed(0);
    await peer.next();
    clock.pass(3000);
    node.send(2, [MESSAGE]);
    await peer.next();
    clock.pass(1999);
    await setImmediate();
    expect(peer.hasEnded).toBe(false);
    clock.pass(1);
    await until(() => peer.hasEnded);
    expect(node.statistics.connectionEnds.stalled).toBe(1);
    expect(inbox.unreachable).toEqual([2]);
    clock.pass(50);
    node.send(2, [MESSAGE]);
    expect(decodeMessages(await (await welcomed(1)).next())).toEqual([MESSAGE]);
  });

  test('keep a connection whose other side says that it lives', async () => {
    node.send(2, [MESSAGE]);
    const peer = await welcomed(0);
    await peer.next();
    for (let count = 0; count < 5; count += 1) {
      clock.pass(3000);
      peer.socket.write(ALIVE);
      await until(() => node.statistics.framesReceived === 3 + count);
      node.send(2, [MESSAGE]);
      await peer.next();
    }
    expect(peer.hasEnded).toBe(false);
  });

  test('keep a connection when this process stood still', async () => {
    node.send(2, [MESSAGE]);
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.write(ALIVE);
    clock.pass(30_000);
    await until(() => node.statistics.framesReceived === 3);
    clock.pass(10_000);
    node.send(2, [MESSAGE]);
    await peer.next();
    expect(node.statistics.connectionEnds.stalled).toBe(0);
  });

  test('that are none let a connection go, without calling its node unreachable', async () => {
    node.send(2, [MESSAGE]);
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.write(ALIVE);
    await until(() => node.statistics.framesReceived === 3);
    clock.pass(59_000);
    node.send(2, [MESSAGE]);
    await peer.next();
    peer.socket.write(ALIVE);
    await until(() => node.statistics.framesReceived === 4);
    clock.pass(59_000);
    expect(peer.hasEnded).toBe(false);
    clock.pass(1000);
    await until(() => peer.hasEnded);
    expect(node.statistics.connectionEnds.idle).toBe(1);
    expect(inbox.unreachable).toEqual([]);
  });

  test('that are queued still leave when the transport is closed', async () => {
    node.send(2, [append(1)]);
    const peer = await welcomed(0);
    await peer.next();
    node.send(2, [append(2, 2_000_000)]);
    const closed = node[Symbol.asyncDispose]();
    expect((await peer.next()).body.length).toBeGreaterThan(2_000_000);
    await closed;
    await until(() => peer.hasEnded);
    expect(inbox.unreachable).toEqual([]);
  });

  test('do not hold up the closing where nobody reads them', async () => {
    node.send(2, [append(1)]);
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.pause();
    let isClosed = false;
    for (let index = 2; index < 20; index += 1) {
      node.send(2, [append(index, 1_000_000)]);
      await setImmediate();
    }
    const closed = node[Symbol.asyncDispose]().then(() => {
      isClosed = true;
    });
    await until(() => {
      clock.pass(500);
      return isClosed;
    });
    await closed;
  });
});

describe('chunks to a node', () => {
  const answerOf = (number: number): Uint8Array =>
    encodeOutcome({ number, outcome: { kind: 'next', offset: number } });

  test('have a connection of their own, on which a few are on their way at once', async () => {
    node.send(2, [MESSAGE]);
    await welcomed(0);
    const replies = Array.from({ length: 12 }, () => node.sendChunk(2, SAMPLE_CHUNK));
    const peer = await welcomed(1);
    await until(() => peer.frames.length === 8);
    await setImmediate();
    expect(peer.frames).toHaveLength(8);
    for (let count = 0; count < 12; count += 1) {
      const { number } = decodeChunk((await peer.next()).body);
      peer.socket.write(answerOf(number));
    }
    const offsets = (await Promise.all(replies)).map((reply) =>
      reply.kind === 'next' ? reply.offset : 0,
    );
    expect(offsets).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
  });

  test('fail when the connection is lost, and are told when to try again', async () => {
    const reply = node.sendChunk(2, SAMPLE_CHUNK);
    const failed = expect(reply).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.destroy();
    await failed;
    await expect(node.sendChunk(2, SAMPLE_CHUNK)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: expect.any(Number) as number,
    });
  });

  test('fail when they are not answered in time, and make room for others', async () => {
    const reply = node.sendChunk(2, SAMPLE_CHUNK);
    const failed = expect(reply).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.write(ALIVE);
    await until(() => node.statistics.framesReceived === 3);
    clock.pass(30_000);
    await failed;
    await until(() => peer.hasEnded);
    expect(node.statistics.peers).toMatchObject([{ chunksUnderWay: 0 }]);
  });

  test('that are given up before they left are not sent', async () => {
    const signal = new AbortController();
    const first = node.sendChunk(2, { ...SAMPLE_CHUNK, offset: 1 }, signal.signal);
    const second = node.sendChunk(2, { ...SAMPLE_CHUNK, offset: 2 });
    signal.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    const peer = await welcomed(0);
    const { number, chunk } = decodeChunk((await peer.next()).body);
    expect(chunk.offset).toBe(2);
    peer.socket.write(answerOf(number));
    await second;
  });

  test('are refused when too many wait, and when one is too large', async () => {
    const replies = Array.from({ length: 64 }, () => node.sendChunk(2, SAMPLE_CHUNK));
    const failed = Promise.allSettled(replies);
    await expect(node.sendChunk(2, SAMPLE_CHUNK)).rejects.toMatchObject({ code: 'OVERLOADED' });
    const huge = { ...SAMPLE_CHUNK, data: new Uint8Array(64 * 2 ** 20) };
    await expect(node.sendChunk(2, huge)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await node[Symbol.asyncDispose]();
    expect((await failed).every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('end a connection that answers what nobody asked, in a way that nobody understands', async () => {
    const reply = node.sendChunk(2, SAMPLE_CHUNK);
    const failed = expect(reply).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const peer = await welcomed(0);
    await peer.next();
    peer.socket.write(answerOf(77));
    peer.socket.write(writeFrame('chunkReply', 1, (writer) => writer.byte(1)));
    await failed;
    expect(node.statistics.connectionEnds.damagedFrame).toBe(1);
  });
});
