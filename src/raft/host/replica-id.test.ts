import { expect, test } from 'vitest';
import { generationOf, nodeOf, replicaId } from './replica-id.ts';

test('a replica id tells its node and generation', () => {
  for (const [node, generation] of [
    [1, 0],
    [3, 7],
    [2 ** 32 - 1, 2 ** 20 - 1],
  ] as const) {
    const replica = replicaId(node, generation);
    expect(Number.isSafeInteger(replica)).toBe(true);
    expect([nodeOf(replica), generationOf(replica)]).toEqual([node, generation]);
  }
});

test('no replica is on no node', () => expect(nodeOf(0)).toBe(0));

test('a later replica of a node has a larger id', () => {
  expect(replicaId(3, 2)).toBeGreaterThan(replicaId(3, 1));
});

test.each([
  [0, 0],
  [1.5, 0],
  [1, -1],
  [1, 2 ** 20],
  [2 ** 32, 0],
])('node %d with generation %d is a bug', (node, generation) => {
  expect(() => replicaId(node, generation)).toThrow(/node|generation/);
});
