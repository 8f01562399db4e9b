import { expect, test } from 'vitest';
import type { Message } from '../core/message.ts';
import type { GroupMessage, Transport } from '../transport/transport.ts';
import { Outbox } from './outbox.ts';
import { replicaId } from './replica-id.ts';

test('messages of a turn go to each node at once, in their order', () => {
  const sent: [number, readonly GroupMessage[]][] = [];
  const transport = { send: (to, messages) => sent.push([to, messages]) } as Partial<Transport>;
  const outbox = new Outbox(transport as Transport);
  const message = (to: number, term: number): Message => ({
    kind: 'timeoutNow',
    from: replicaId(1, 0),
    to: replicaId(to, 5),
    term,
  });
  outbox.add(1, [message(2, 1), message(3, 2)]);
  outbox.add(2, [message(2, 3)]);
  outbox.flush();
  outbox.flush();
  expect(sent.map(([to, messages]) => [to, messages.map(({ message: { term } }) => term)])).toEqual(
    [
      [2, [1, 3]],
      [3, [2]],
    ],
  );
});
