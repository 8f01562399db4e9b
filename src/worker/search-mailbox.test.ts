import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReadResponses, SearchQuery } from './read-messages.ts';
import { MAILBOX_SLOTS, mailboxMemory, SearchInbox, SearchOutbox } from './search-mailbox.ts';
import { SLOT_BYTES } from './search-slot.ts';

const plain: SearchQuery = {
  collection: 7,
  using: '',
  vector: Float32Array.of(0.5, -0.25, 3),
  limit: 10,
  offset: 2,
  ef: 100,
  exact: false,
  filter: undefined,
  scoreThreshold: undefined,
  select: { payload: true, vectors: false },
  explain: false,
  timed: false,
};

const answerOf = (...bytes: number[]): ReadResponses['search'] => ({
  points: Uint8Array.from(bytes),
  explanation: undefined,
  stages: undefined,
});

function mailbox(): { outbox: SearchOutbox; inbox: SearchInbox } {
  const memory = mailboxMemory();
  return { outbox: new SearchOutbox(memory), inbox: new SearchInbox(memory) };
}

function collected(outbox: SearchOutbox): [number, ReadResponses['search'] | undefined][] {
  const answers: [number, ReadResponses['search'] | undefined][] = [];
  outbox.collect((id, response) => answers.push([id, response]));
  return answers;
}

describe('what a mailbox carries', () => {
  test.each<Partial<SearchQuery>>([
    {},
    { using: 'käse', vector: Float32Array.of(1) },
    { exact: true, timed: true, select: { payload: false, vectors: true } },
    { scoreThreshold: -0.125 },
    { scoreThreshold: 0 },
    { shards: Uint16Array.of(0, 3, 65_535), using: 'käse', scoreThreshold: 1 },
    { shards: new Uint16Array(0) },
  ])('a query arrives as it was: %j', (changes) => {
    const { outbox, inbox } = mailbox();
    const query = { ...plain, ...changes };
    expect(outbox.offer(3, query)).toBe(true);
    expect(inbox.next()).toEqual({ id: 3, query });
  });

  test.each<Partial<SearchQuery>>([
    { filter: { must: [] } },
    { explain: true },
    { select: { payload: { include: ['a'] }, vectors: false } },
    { select: { payload: true, vectors: ['a'] } },
    { vector: new Float32Array(SLOT_BYTES / 4) },
    { vector: new Float32Array(SLOT_BYTES / 4 - 16), shards: new Uint16Array(1) },
  ])('what is not plain or too long is left to messages', (changes) => {
    const { outbox, inbox } = mailbox();
    expect(outbox.offer(1, { ...plain, ...changes })).toBe(false);
    expect(inbox.next()).toBeUndefined();
  });

  test('an answer arrives as it was, with its stages', () => {
    const { outbox, inbox } = mailbox();
    outbox.offer(1, plain);
    outbox.offer(2, plain);
    inbox.next();
    const timed = { ...answerOf(1, 2, 3), stages: { graph: 0, rescore: 0.5, thread: 2.25 } };
    expect(inbox.answer(timed)).toBe(true);
    inbox.next();
    expect(inbox.answer(answerOf())).toBe(true);
    expect(collected(outbox)).toEqual([
      [1, timed],
      [2, answerOf()],
    ]);
  });

  test('an answer that does not fit, and an error, are left to messages', () => {
    const { outbox, inbox } = mailbox();
    outbox.offer(1, plain);
    outbox.offer(2, plain);
    inbox.next();
    expect(inbox.answer({ ...answerOf(), points: new Uint8Array(SLOT_BYTES) })).toBe(false);
    inbox.next();
    expect(inbox.answer(undefined)).toBe(false);
    expect(collected(outbox)).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
  });

  test('its slots are taken until their answers are collected', () => {
    const { outbox, inbox } = mailbox();
    for (let id = 0; id < MAILBOX_SLOTS; id += 1) expect(outbox.offer(id, plain)).toBe(true);
    expect(outbox.offer(9, plain)).toBe(false);
    inbox.next();
    inbox.answer(answerOf(1));
    expect(outbox.offer(9, plain)).toBe(false);
    expect(collected(outbox)).toEqual([[0, answerOf(1)]]);
    expect(outbox.offer(9, plain)).toBe(true);
  });
});

describe('the order of a mailbox and messages', () => {
  test('a search waits for the orders sent before it', () => {
    const { outbox, inbox } = mailbox();
    outbox.offer(1, plain);
    outbox.order();
    outbox.offer(2, plain);
    expect(inbox.next()).toBeUndefined();
    inbox.follow();
    expect(inbox.next()?.id).toBe(1);
  });
});

describe('who is woken', () => {
  test('a thread that has found nothing, once', () => {
    const { outbox, inbox } = mailbox();
    expect(inbox.next()).toBeUndefined();
    outbox.offer(1, plain);
    expect(outbox.takeSleep()).toBe(true);
    outbox.offer(2, plain);
    expect(outbox.takeSleep()).toBe(false);
    expect(inbox.next()?.id).toBe(1);
  });

  test('nobody sleeps over work, and answers come in order, however the two sides take turns', () => {
    const step = fc.constantFrom('offer', 'thread', 'pool', 'order', 'follow');
    const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { outbox, inbox } = mailbox();
      let offered = 0;
      let answered = 0;
      /** What was sent and has not arrived. */
      const sent = { orders: 0, wakesThread: 0, wakesPool: 0 };
      const done: number[] = [];
      const thread = (): void => {
        for (let mail = inbox.next(); mail !== undefined; mail = inbox.next()) {
          expect(mail.query.limit).toBe(mail.id + 1);
          inbox.answer(answerOf(mail.id & 0xff));
          answered += 1;
          if (inbox.takeSleep()) sent.wakesPool += 1;
        }
      };
      const act = {
        offer: () => {
          if (!outbox.offer(offered, { ...plain, limit: offered + 1 })) return;
          offered += 1;
          if (outbox.takeSleep()) sent.wakesThread += 1;
        },
        thread: () => {
          if (sent.wakesThread === 0) return;
          sent.wakesThread -= 1;
          thread();
        },
        pool: () => {
          if (sent.wakesPool === 0) return;
          sent.wakesPool -= 1;
          for (const [id, response] of collected(outbox)) {
            expect(response?.points[0]).toBe(id & 0xff);
            done.push(id);
          }
        },
        order: () => {
          outbox.order();
          sent.orders += 1;
        },
        follow: () => {
          if (sent.orders === 0) return;
          sent.orders -= 1;
          inbox.follow();
          thread();
        },
      };
      for (const name of steps) act[name]();
      // Whatever was sent arrives in the end.
      while (sent.orders > 0) act.follow();
      while (sent.wakesThread + sent.wakesPool > 0) {
        act.thread();
        act.pool();
      }
      expect(answered).toBe(offered);
      expect(done).toEqual(Array.from({ length: offered }, (_, id) => id));
    });
    fc.assert(property, { numRuns: 200 });
  });
});
