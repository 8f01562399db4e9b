import { beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import type { Message } from '../core/message.ts';
import { Outbox } from './outbox.ts';
import { replicaId } from './replica-id.ts';

const HOLD_MS = 3;

let clock: HandClock;
let outbox: Outbox;
/** Each call of the transport: the node, and each message as `group:kind:number`. */
let sent: (readonly [number, ...string[]])[];

beforeEach(() => {
  clock = new HandClock();
  sent = [];
  outbox = new Outbox({
    transport: {
      send(to, messages) {
        const texts = messages.map(({ group, message }) => {
          const number = message.kind === 'commit' ? message.commit : message.term;
          return `${group}:${message.kind}:${number}`;
        });
        sent.push([to, ...texts]);
      },
    },
    clock,
    noticeHoldMs: HOLD_MS,
  });
});

const addressed = (to: number): { readonly from: number; readonly to: number } => ({
  from: replicaId(1, 0),
  to: replicaId(to, 5),
});
const message = (to: number, term: number): Message => ({
  kind: 'timeoutNow',
  ...addressed(to),
  term,
});
const notice = (to: number, commit: number): Message => ({
  kind: 'commit',
  ...addressed(to),
  term: 1,
  commit,
});

test('messages of a turn go to each node at once, in their order', () => {
  outbox.add(1, [message(2, 1), message(3, 2)]);
  outbox.add(2, [message(2, 3)]);
  outbox.flush();
  outbox.flush();
  expect(sent).toEqual([
    [2, '1:timeoutNow:1', '2:timeoutNow:3'],
    [3, '1:timeoutNow:2'],
  ]);
});

describe('a commit index for a node that gets a lot', () => {
  beforeEach(() => {
    outbox.add(8, [message(2, 0), message(3, 0)]);
    outbox.add(9, [message(2, 0), message(3, 0)]);
    outbox.flush();
    sent = [];
  });

  test('travels ahead of the next message to its node', () => {
    outbox.add(1, [notice(2, 7), notice(3, 7)]);
    outbox.flush();
    expect(sent).toEqual([]);
    outbox.add(2, [message(2, 1)]);
    outbox.flush();
    expect(sent).toEqual([[2, '1:commit:7', '2:timeoutNow:1']]);
  });

  test('is said by entries of its group', () => {
    outbox.add(1, [notice(2, 7)]);
    outbox.add(2, [notice(2, 9)]);
    const last = { term: 1, index: 7 };
    outbox.add(1, [
      { kind: 'append', ...addressed(2), term: 1, previous: last, entries: [], commit: 7 },
    ]);
    outbox.flush();
    expect(sent).toEqual([[2, '2:commit:9', '1:append:1']]);
  });

  test('goes alone after a moment, once, and only the newest one of a group', () => {
    outbox.add(1, [notice(2, 7)]);
    outbox.flush();
    clock.pass(HOLD_MS - 1);
    outbox.add(1, [notice(2, 8)]);
    outbox.add(2, [notice(2, 4)]);
    outbox.flush();
    expect(sent).toEqual([]);
    clock.pass(1);
    clock.pass(HOLD_MS);
    expect(sent).toEqual([[2, '1:commit:8', '2:commit:4']]);
    outbox.add(8, [message(2, 1)]);
    outbox.flush();
    outbox.add(1, [notice(2, 9)]);
    outbox.flush();
    expect(sent).toHaveLength(2);
    clock.pass(HOLD_MS);
    expect(sent.at(-1)).toEqual([2, '1:commit:9']);
  });

  test('goes at once where its node needs it', () => {
    outbox.add(1, [notice(2, 7), notice(3, 7)]);
    outbox.flush();
    outbox.release(2);
    outbox.release(2);
    expect(sent).toEqual([[2, '1:commit:7']]);
  });

  test('is not sent after the end', () => {
    outbox.add(1, [notice(2, 7)]);
    outbox.flush();
    outbox.stop();
    clock.pass(HOLD_MS);
    outbox.add(1, [notice(2, 8)]);
    outbox.flush();
    clock.pass(HOLD_MS);
    expect(sent).toEqual([]);
  });
});

describe('a commit index goes at once', () => {
  test('to a node to which nothing went', () => {
    outbox.add(1, [notice(2, 7)]);
    outbox.flush();
    expect(sent).toEqual([[2, '1:commit:7']]);
  });

  test('where only its own group spoke of late', () => {
    outbox.add(2, [message(2, 1)]);
    outbox.flush();
    clock.pass(HOLD_MS + 1);
    outbox.add(1, [message(2, 2)]);
    outbox.flush();
    outbox.add(1, [notice(2, 7)]);
    outbox.flush();
    expect(sent.slice(2)).toEqual([[2, '1:commit:7']]);
  });

  test('and takes the place of one that waits', () => {
    outbox.add(2, [message(2, 1)]);
    outbox.flush();
    clock.pass(HOLD_MS - 1);
    outbox.add(1, [notice(2, 7)]);
    outbox.flush();
    clock.pass(HOLD_MS - 1);
    outbox.add(1, [notice(2, 8)]);
    outbox.flush();
    clock.pass(HOLD_MS);
    expect(sent.slice(1)).toEqual([[2, '1:commit:8']]);
  });
});
