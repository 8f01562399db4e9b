import { expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';

test('three replicas elect a leader in time, and apply what it proposes', () => {
  const group = new CoreGroup(3);
  group.tick(40);
  const leaders = [...group.replicas.values()].filter(({ node }) => node.role === 'leader');
  expect(leaders).toHaveLength(1);
  leaders[0]?.propose('a');
  leaders[0]?.propose('b');
  group.settle();
  group.tick(2);
  for (const { state } of group.replicas.values()) expect(state.commands).toEqual(['a', 'b']);
});

test('a group of one elects itself and commits what is durable', () => {
  const group = new CoreGroup(1);
  const one = group.at(1);
  group.tick(20);
  one.propose('a');
  one.take();
  expect(one.node.commitIndex).toBe(1);
  one.persist();
  expect(one.node.commitIndex).toBe(2);
});

test('reads are answered on the leader and on a follower', () => {
  const group = new CoreGroup(3);
  group.elect(1).node.readIndex(7);
  group.at(2).node.readIndex(8);
  group.settle();
  expect(group.at(1).readStates).toEqual([{ context: 7, index: 1 }]);
  expect(group.at(2).readStates).toEqual([{ context: 8, index: 1 }]);
});

test('a replica is replaced through a joint configuration, with a snapshot for the new one', () => {
  const group = new CoreGroup(3);
  const leader = group.elect(1);
  for (let n = 0; n < 10; n += 1) leader.propose(`${n}`);
  group.settle();
  leader.compactTo(8);
  group.join(4);
  const change = {
    steps: [
      { kind: 'addVoter', replica: 4 },
      { kind: 'remove', replica: 3 },
    ],
    leave: 'auto',
    context: new Uint8Array(),
  } as const;
  expect(leader.node.proposeConfiguration(change)).toEqual({ term: 1, index: 12 });
  group.settle();
  group.tick(10);
  expect(leader.node.configuration).toMatchObject({ voters: [1, 2, 4], outgoing: [] });
  expect(group.at(4).state.commands).toEqual(leader.state.commands);
  expect(group.at(4).node.configuration.voters).toEqual([1, 2, 4]);
});

test('leadership is transferred', () => {
  const group = new CoreGroup(3);
  const leader = group.elect(1);
  leader.propose('a');
  expect(leader.node.transferLeadership(3)).toBeUndefined();
  expect(leader.node.propose(new Uint8Array())).toEqual({ refused: 'transferring' });
  group.settle();
  expect(group.at(3).node.role).toBe('leader');
  expect(group.at(3).state.commands).toEqual(['a']);
});

test('a leader that is removed steps down once the others know', () => {
  const group = new CoreGroup(3);
  const leader = group.elect(1);
  const steps = [{ kind: 'remove', replica: 1 }] as const;
  leader.node.proposeConfiguration({ steps, leave: 'auto', context: new Uint8Array() });
  group.settle();
  expect(leader.node.role).toBe('follower');
  expect(group.at(2).node.configuration.voters).toEqual([2, 3]);
  expect(group.at(3).node.configuration.voters).toEqual([2, 3]);
});
