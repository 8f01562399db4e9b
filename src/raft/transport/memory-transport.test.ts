import { expect, test } from 'vitest';
import { describeTransport } from '../../../test/contracts/transport.contract.ts';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import { TransportInbox } from '../../../test/support/raft/transport-inbox.ts';
import { replicaId } from '../host/replica-id.ts';
import { MemoryNetwork } from './memory-network.ts';

describeTransport('a memory transport', () => {
  const network = new MemoryNetwork({ defer: setImmediate });
  return {
    start: (node, limits) => Promise.resolve(network.transport(node, limits)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
});

const MESSAGE = { group: 1, message: SAMPLE_MESSAGES.vote };
/** Of node 2. */
const OTHER = { group: 1, message: { ...SAMPLE_MESSAGES.vote, from: replicaId(2, 0) } };

/** Two nodes, and a hand on the turns. */
function handDriven() {
  let turns: (() => void)[] = [];
  const network = new MemoryNetwork({ defer: (callback) => turns.push(callback) });
  const [one, two] = [network.transport(1), network.transport(2)];
  const [inbox, other] = [new TransportInbox(), new TransportInbox()];
  one.listen(inbox);
  two.listen(other);
  const turn = (): void => {
    const due = turns;
    turns = [];
    for (const callback of due) callback();
  };
  return { network, one, two, inbox, other, turn };
}

test('a memory network delivers in the next turn, not before', () => {
  const { one, other, turn } = handDriven();
  one.send(2, [MESSAGE]);
  expect(other.messages).toEqual([]);
  turn();
  expect(other.messages).toEqual([MESSAGE]);
  expect(one.statistics).toMatchObject({ framesSent: 1, messagesSent: 1 });
});

test('a memory network loses what crosses a cut link, in that direction alone, until it is mended', () => {
  const { network, one, two, inbox, other, turn } = handDriven();
  network.cut(1, 2);
  one.send(2, [MESSAGE]);
  two.send(1, [OTHER]);
  turn();
  expect([inbox.messages.length, other.messages.length]).toEqual([1, 0]);
  expect(inbox.unreachable).toEqual([2]);
  network.mend(1, 2);
  one.send(2, [MESSAGE]);
  turn();
  expect(other.messages).toHaveLength(1);
});

test('a memory network isolates a node from all others', () => {
  const { network, one, two, inbox, other, turn } = handDriven();
  network.isolate(1, true);
  one.send(2, [MESSAGE]);
  two.send(1, [OTHER]);
  turn();
  expect([inbox.messages, other.messages]).toEqual([[], []]);
  network.isolate(1, false);
  two.send(1, [OTHER]);
  turn();
  expect(inbox.messages).toHaveLength(1);
});

test('a memory network loses an answer on its way back', async () => {
  const { network, one, other, turn } = handDriven();
  const answer = one.sendChunk(2, SAMPLE_CHUNK);
  const failed = expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  other.answer = () => {
    network.cut(2, 1);
    return Promise.resolve({ kind: 'done' });
  };
  for (let count = 0; count < 20; count += 1) {
    turn();
    await Promise.resolve();
  }
  await failed;
  expect(other.chunks).toHaveLength(1);
});
