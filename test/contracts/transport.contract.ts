import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replicaId } from '../../src/raft/host/replica-id.ts';
import type { TransportStatistics } from '../../src/raft/transport/transport-statistics.ts';
import type {
  GroupMessage,
  NodeNumber,
  SnapshotChunkReply,
  Transport,
} from '../../src/raft/transport/transport.ts';
import { TransportInbox, until } from '../support/raft/transport-inbox.ts';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../support/raft/transport-messages.ts';

/** A transport that counts. */
export type CountingTransport = Transport & { readonly statistics: TransportStatistics };

/** Nodes that can reach each other. */
export interface TransportWorld extends AsyncDisposable {
  /** Starts a node, again after it was disposed of. At most `queueMessagesMax` messages may wait. */
  start(
    node: NodeNumber,
    limits?: { readonly queueMessagesMax: number },
  ): Promise<CountingTransport>;
}

/** An append of a node with `bytes` bytes of data, which `index` tells from others. */
export function append(index: number, bytes = 1, node = 1): GroupMessage {
  const data = new Uint8Array(bytes).fill(index);
  return {
    group: 1,
    message: {
      kind: 'append',
      from: replicaId(node, 0),
      to: replicaId(2, 0),
      term: 1,
      previous: { term: 1, index: index - 1 },
      commit: 0,
      entries: [{ kind: 'command', term: 1, index, data }],
    },
  };
}

const indexOf = ({ message }: GroupMessage): number =>
  message.kind === 'append' ? message.previous.index + 1 : 0;
const heartbeat = (group: number): GroupMessage => ({ group, message: SAMPLE_MESSAGES.heartbeat });
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** What every transport does. */
export function describeTransport(name: string, createWorld: () => TransportWorld): void {
  describe(`${name} as a transport`, () => {
    let world: TransportWorld;
    let one: CountingTransport;
    let two: CountingTransport;
    let inbox: TransportInbox;
    let other: TransportInbox;

    beforeEach(async () => {
      world = createWorld();
      [one, two] = [await world.start(1), await world.start(2)];
      [inbox, other] = [new TransportInbox(), new TransportInbox()];
      one.listen(inbox);
      two.listen(other);
    });

    afterEach(() => world[Symbol.asyncDispose]());

    test('delivers messages of every kind as they were, and says from whom', async () => {
      const messages = Object.values(SAMPLE_MESSAGES).map((message) => ({
        group: 9,
        message: { ...message, from: replicaId(1, 1), to: replicaId(2, 3) },
      }));
      one.send(2, messages);
      await until(() => other.messages.length === messages.length);
      expect(other.deliveries.every(({ from }) => from === 1)).toBe(true);
      expect(other.messages).toHaveLength(messages.length);
      expect(other.messages).toEqual(expect.arrayContaining(messages));
      expect(inbox.messages).toEqual([]);
    });

    test('delivers both ways', async () => {
      one.send(2, [append(1)]);
      two.send(1, [append(2, 1, 2)]);
      await until(() => other.messages.length === 1 && inbox.messages.length === 1);
      expect([other, inbox].map(({ messages }) => messages.map(indexOf))).toEqual([[1], [2]]);
      expect(inbox.deliveries[0]?.from).toBe(2);
    });

    test('keeps the order of what it delivers over one connection', async () => {
      for (const first of [1, 101, 201]) {
        one.send(
          2,
          range(first, first + 99).map((index) => append(index, 3000)),
        );
        await setImmediate();
      }
      await until(() => other.messages.length === 300);
      expect(other.messages.map(indexOf)).toEqual(range(1, 300));
    });

    test('delivers a message that is larger than a frame of many', async () => {
      const large = append(7, 9_000_000);
      one.send(2, [append(1), large, append(8)]);
      await until(() => other.messages.length === 3);
      expect(other.messages.map(indexOf)).toEqual([1, 7, 8]);
      const { message } = other.messages[1] ?? append(0);
      const data = message.kind === 'append' ? message.entries[0]?.data : undefined;
      expect(data?.length).toBe(9_000_000);
      expect(data?.every((byte) => byte === 7)).toBe(true);
    });

    test('brings the heartbeats of all groups of a turn together and first', async () => {
      one.send(2, [append(1), heartbeat(1)]);
      one.send(2, [append(2), heartbeat(2)]);
      one.send(2, [heartbeat(3)]);
      await until(() => other.messages.length === 5);
      expect(other.deliveries.map(({ messages }) => messages.length)).toEqual([3, 2]);
      expect(other.deliveries[0]?.messages.map(({ group }) => group)).toEqual([1, 2, 3]);
      expect(one.statistics.messagesSent).toBe(5);
      expect(two.statistics.messagesReceived).toBe(5);
    });

    test('says that a node cannot be reached when nobody is there, not while it is told to send', async () => {
      one.send(3, [append(1), append(2)]);
      expect(inbox.unreachable).toEqual([]);
      await until(() => inbox.unreachable.length > 0);
      expect(inbox.unreachable).toEqual([3]);
      expect(one.statistics.messagesDropped.unreachable).toBe(2);
      expect(one.statistics.messagesSent).toBe(0);
    });

    test('drops what its queue cannot hold, says so once a turn, and delivers the rest', async () => {
      const small = await world.start(4, { queueMessagesMax: 10 });
      const reports = new TransportInbox();
      small.listen(reports);
      for (const index of range(1, 25)) small.send(2, [append(index, 1, 4)]);
      await until(() => other.messages.length === 10 && reports.unreachable.length > 0);
      expect(other.messages.map(indexOf)).toEqual(range(1, 10));
      expect(small.statistics.messagesDropped.queueFull).toBe(15);
      expect(reports.unreachable).toEqual([2]);
    });

    test('asks a node how far its logs go, and brings the answer that it gives then', async () => {
      other.ends = [{ group: 3, replica: replicaId(2, 1), index: 2 ** 40 }];
      one.askLogEnds(2, 7);
      await until(() => {
        // Until there is a connection a question may be lost.
        if (inbox.answers.length === 0 && inbox.unreachable.length > 0) one.askLogEnds(2, 7);
        return inbox.answers.length > 0;
      });
      expect(inbox.answers[0]).toEqual({ from: 2, number: 7, ends: other.ends });
      const { questions } = other;
      other.ends = undefined;
      one.askLogEnds(2, 8);
      await until(() => other.questions > questions);
      other.ends = [];
      one.askLogEnds(2, 9);
      await until(() => inbox.answers.at(-1)?.number === 9);
      expect(inbox.answers.some(({ number }) => number === 8)).toBe(false);
      expect(other.answers).toEqual([]);
    });

    test('says that a node cannot be asked when nobody is there, not while it is told to', async () => {
      one.askLogEnds(3, 1);
      expect(inbox.unreachable).toEqual([]);
      await until(() => inbox.unreachable.length > 0);
      expect(inbox.unreachable).toContain(3);
    });

    test('reaches a node again that was away', async () => {
      one.send(2, [append(1)]);
      await until(() => other.messages.length === 1);
      await two[Symbol.asyncDispose]();
      // What is sent before the loss is noticed may be lost without a word; sooner or later it is noticed.
      await until(() => {
        one.send(2, [append(2)]);
        return inbox.unreachable.includes(2) && inbox.disconnected.includes(2);
      });

      const back = await world.start(2);
      const again = new TransportInbox();
      back.listen(again);
      await until(() => {
        one.send(2, [append(3)]);
        return again.messages.length > 0;
      });
      expect(again.messages.map(indexOf)).toContain(3);
    });

    test.each<SnapshotChunkReply>([
      { kind: 'next', offset: 2 ** 40 },
      { kind: 'done' },
      { kind: 'refused', reason: 'an older term' },
    ])('carries a chunk, and its answer back: $kind', async (reply) => {
      other.answer = () => Promise.resolve(reply);
      expect(await one.sendChunk(2, SAMPLE_CHUNK)).toEqual(reply);
      expect(other.chunks).toEqual([SAMPLE_CHUNK]);
    });

    test('tells answers of several chunks apart, in any order', async () => {
      const answers: (() => void)[] = [];
      other.answer = ({ offset }) =>
        new Promise((resolve) => {
          answers.push(() => resolve({ kind: 'next', offset: offset + 1 }));
        });
      const replies = [10, 20, 30].map((offset) => one.sendChunk(2, { ...SAMPLE_CHUNK, offset }));
      await until(() => answers.length === 3);
      for (const answer of answers.toReversed()) answer();
      expect(await Promise.all(replies)).toEqual(
        [11, 21, 31].map((offset) => ({ kind: 'next', offset })),
      );
    });

    test('says why a receiver could not take a chunk', async () => {
      other.answer = () => Promise.reject(new Error('the disk is on fire'));
      await expect(one.sendChunk(2, SAMPLE_CHUNK)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('the disk is on fire') as string,
      });
    });

    test('refuses a chunk for a node that is not there', async () => {
      await expect(one.sendChunk(3, SAMPLE_CHUNK)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('gives up a chunk whose caller does', async () => {
      other.answer = () => new Promise(() => {});
      const before = new AbortController();
      before.abort();
      await expect(one.sendChunk(2, SAMPLE_CHUNK, before.signal)).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      const during = new AbortController();
      const answer = one.sendChunk(2, SAMPLE_CHUNK, during.signal);
      await until(() => other.chunks.length > 0);
      during.abort();
      await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    });

    test('does not let heartbeats wait for chunks that are taken slowly', async () => {
      let finish = (): void => {};
      other.answer = () =>
        new Promise((resolve) => {
          finish = () => resolve({ kind: 'done' });
        });
      const chunk = { ...SAMPLE_CHUNK, data: new Uint8Array(4_000_000) };
      const answer = one.sendChunk(2, chunk);
      await until(() => other.chunks.length === 1);
      one.send(2, [heartbeat(1)]);
      await until(() => other.messages.length === 1);
      finish();
      expect(await answer).toEqual({ kind: 'done' });
    });

    test('takes nothing once it is closed, and fails what waits', async () => {
      other.answer = () => new Promise(() => {});
      const answer = one.sendChunk(2, SAMPLE_CHUNK);
      answer.catch(() => {});
      await until(() => other.chunks.length === 1);
      await one[Symbol.asyncDispose]();
      await expect(answer).rejects.toMatchObject({ name: 'VectorDbError' });
      await expect(one.sendChunk(2, SAMPLE_CHUNK)).rejects.toMatchObject({ name: 'VectorDbError' });
      one.send(2, [append(1)]);
      expect(one.statistics.messagesDropped.closed).toBe(1);
    });
  });
}
