import { expect, test } from 'vitest';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';

const address = { from: 1, to: 2, term: 3 };
const last = { term: 1, index: 1 };
const committed = last;
const ALL: readonly Message[] = [
  { ...address, kind: 'vote', committed, last, transfer: false },
  { ...address, kind: 'voteReply', committed, granted: true },
  { ...address, kind: 'preVote', committed, last },
  { ...address, kind: 'preVoteReply', committed, granted: true },
  { ...address, kind: 'append', previous: last, entries: [], commit: 0 },
  { ...address, kind: 'appendAccepted', index: 4 },
  { ...address, kind: 'appendRejected', rejected: 4, hint: last },
  { ...address, kind: 'heartbeat', commit: 0, context: 0 },
  { ...address, kind: 'heartbeatReply', context: 0 },
  { ...address, kind: 'readIndex', context: 1 },
  { ...address, kind: 'readIndexReply', context: 1, index: 4 },
  { ...address, kind: 'timeoutNow' },
];

test('what vouches for the disk waits for it, in order; the rest does not', () => {
  const outbox = new Outbox();
  expect(outbox.isEmpty).toBe(true);
  for (const message of ALL) outbox.send(message);
  const { messages, messagesAfterPersist } = outbox.take();
  expect(messagesAfterPersist.map(({ kind }) => kind)).toEqual([
    'vote',
    'voteReply',
    'preVoteReply',
    'appendAccepted',
    'appendRejected',
  ]);
  expect([...messages, ...messagesAfterPersist]).toHaveLength(ALL.length);
  expect(outbox.isEmpty).toBe(true);
});

test('only the largest of successive acknowledgements to one leader is kept', () => {
  const outbox = new Outbox();
  const accepted = { ...address, kind: 'appendAccepted' } as const;
  for (const index of [3, 5, 5, 4]) outbox.send({ ...accepted, index });
  outbox.send({ ...accepted, to: 9, index: 7 });
  outbox.send({ ...accepted, term: 4, to: 9, index: 8 });
  outbox.send({ ...address, kind: 'appendRejected', rejected: 9, hint: last });
  outbox.send({ ...accepted, term: 4, to: 9, index: 9 });
  expect(outbox.take().messagesAfterPersist).toMatchObject([
    { index: 5 },
    { index: 4 },
    { to: 9, term: 3, index: 7 },
    { to: 9, term: 4, index: 8 },
    { kind: 'appendRejected' },
    { to: 9, index: 9 },
  ]);
});

test('answers to reads and wanted snapshots are taken once', () => {
  const outbox = new Outbox();
  outbox.answerRead({ context: 1, index: 2 });
  expect(outbox.isEmpty).toBe(false);
  expect(outbox.take().readStates).toEqual([{ context: 1, index: 2 }]);
  outbox.wantSnapshot({ to: 2, minIndex: 9 });
  expect(outbox.isEmpty).toBe(false);
  expect(outbox.take()).toMatchObject({ readStates: [], snapshotsWanted: [{ to: 2 }] });
  expect(outbox.isEmpty).toBe(true);
});
