import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CORE_LIMITS, type CoreReplica } from '../../../test/support/raft/core-replica.ts';
import { configurationOf } from './configuration.ts';
import type { Heartbeat, Message } from './message.ts';

// Sections are those of Ongaro, "Consensus: Bridging Theory and Practice" (2014).

const { electionTicks } = CORE_LIMITS;
const heartbeats = (messages: readonly Message[]): readonly Heartbeat[] =>
  messages.filter((message): message is Heartbeat => message.kind === 'heartbeat');
const reply = (from: number, context: number, term = 1): Message => ({
  kind: 'heartbeatReply',
  from,
  to: 1,
  term,
  context,
});

/** Leader of three that committed up to index 2. */
function settledLeader(): CoreReplica {
  const group = new CoreGroup(3);
  const leader = group.elect(1);
  leader.propose('a');
  group.settle();
  return leader;
}

describe('linearizable reads (6.4)', () => {
  test('the leader answers once a majority answered a heartbeat sent after the read came', () => {
    const leader = settledLeader();
    leader.node.readIndex(70);
    const [sent] = heartbeats(leader.run());
    expect(leader.readStates).toEqual([]);
    leader.hear(reply(2, (sent?.context ?? 0) - 1));
    expect(leader.readStates).toEqual([]);
    leader.hear(reply(2, sent?.context ?? 0));
    expect(leader.readStates).toEqual([{ context: 70, index: 2 }]);
  });

  test('an answer to an earlier round does not confirm a later read', () => {
    const leader = settledLeader();
    leader.node.readIndex(70);
    const [first] = heartbeats(leader.run());
    leader.node.readIndex(71);
    const [second] = heartbeats(leader.run());
    expect(second?.context).toBeGreaterThan(first?.context ?? 0);
    leader.hear(reply(2, first?.context ?? 0));
    expect(leader.readStates).toMatchObject([{ context: 70 }]);
    leader.hear(reply(3, second?.context ?? 0));
    expect(leader.readStates).toMatchObject([{ context: 70 }, { context: 71 }]);
  });

  test('one answer of a later round confirms all reads before', () => {
    const leader = settledLeader();
    for (const context of [70, 71]) {
      leader.node.readIndex(context);
      leader.run();
    }
    leader.hear(reply(2, 2));
    expect(leader.readStates).toHaveLength(2);
  });

  test('reads that come together share a round', () => {
    const leader = settledLeader();
    for (const context of [70, 71, 72]) leader.node.readIndex(context);
    expect(heartbeats(leader.run())).toHaveLength(2);
    leader.hear(reply(3, 1));
    expect(leader.readStates).toHaveLength(3);
  });

  test('a lost round is repeated with the next heartbeat', () => {
    const leader = settledLeader();
    leader.node.readIndex(70);
    leader.run();
    expect(heartbeats(leader.wait(2))[0]?.context).toBe(1);
    leader.hear(reply(2, 1));
    expect(heartbeats(leader.wait(2))[0]?.context).toBe(0);
  });

  test('the index is what was committed when the read came', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.cut = ({ kind }) => kind === 'heartbeat';
    leader.node.readIndex(70);
    group.settle();
    leader.propose('a');
    group.settle();
    group.heal();
    group.tick(2);
    expect(leader.readStates).toEqual([{ context: 70, index: 1 }]);
    expect(leader.node.commitIndex).toBe(2);
  });

  test('a new leader answers only after it committed in its term, with that index or a later one', () => {
    const group = new CoreGroup(3);
    group.cut = ({ kind }) => kind === 'appendAccepted';
    const leader = group.elect(1);
    leader.node.readIndex(70);
    group.settle();
    group.tick(2);
    expect(leader.readStates).toEqual([]);
    expect(leader.node.status().pendingReads).toBe(1);
    group.heal();
    group.tick(4);
    expect(leader.readStates).toEqual([{ context: 70, index: 1 }]);
  });

  test('answers of another term, of learners and of strangers confirm nothing', () => {
    const group = new CoreGroup(configurationOf([1, 2, 3], [4]));
    const leader = group.elect(1);
    leader.node.readIndex(70);
    leader.run();
    leader.hear(reply(4, 9));
    leader.hear(reply(8, 9));
    leader.hear(reply(2, 9, 0));
    expect(leader.readStates).toEqual([]);
    leader.hear(reply(3, 9));
    expect(leader.readStates).toHaveLength(1);
  });

  test('of five, two others have to answer', () => {
    const leader = new CoreGroup(5).elect(1);
    leader.node.readIndex(70);
    leader.run();
    for (const from of [2, 2, 2]) leader.hear(reply(from, 1));
    expect(leader.readStates).toEqual([]);
    leader.hear(reply(2, 0));
    leader.hear(reply(3, 1));
    expect(leader.readStates).toHaveLength(1);
  });

  test('a leader that is the only voter asks nobody', () => {
    const group = new CoreGroup(configurationOf([1], [2]));
    const leader = group.elect(1);
    leader.node.readIndex(70);
    expect(heartbeats(leader.run())).toEqual([]);
    expect(leader.readStates).toEqual([{ context: 70, index: 1 }]);
  });

  test('a follower and a learner ask the leader', () => {
    const group = new CoreGroup(configurationOf([1, 2], [3]));
    group.elect(1);
    group.tick(2);
    for (const id of [2, 3]) group.at(id).node.readIndex(70);
    group.settle();
    for (const id of [2, 3]) expect(group.at(id).readStates).toEqual([{ context: 70, index: 1 }]);
  });

  test('a leader that stepped down answers nothing more', () => {
    const leader = settledLeader();
    leader.node.readIndex(70);
    leader.run();
    leader.hear({ kind: 'heartbeat', from: 2, to: 1, term: 2, commit: 2, context: 0 });
    leader.hear(reply(3, 1));
    leader.hear({ kind: 'readIndex', from: 3, to: 1, term: 2, context: 9 });
    expect(leader.readStates).toEqual([]);
    expect(leader.outgoing).toEqual([]);
  });

  test('nobody is asked when nobody is known to lead', () => {
    expect(new CoreGroup(3).at(1).node.readIndex(1)).toBe('noLeader');
    expect(() => settledLeader().node.readIndex(0)).toThrow('numbered from 1');
  });

  test('no more reads wait than are allowed', () => {
    const group = new CoreGroup(3, { pendingReadsMax: 2 });
    const leader = group.elect(1);
    const asked = [1, 2, 3].map((context) => leader.node.readIndex(context));
    expect(asked).toEqual([undefined, undefined, 'tooManyReads']);
    leader.hear({ kind: 'readIndex', from: 2, to: 1, term: 1, context: 9 });
    expect(leader.node.status().pendingReads).toBe(2);
  });
});

describe('leadership transfer (3.10)', () => {
  test('the other gets what it misses, is told to stand, and wins without waiting', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(2);
    leader.propose('a');
    group.settle();
    group.heal();
    group.took('preVote');
    expect(leader.node.transferLeadership(2)).toBeUndefined();
    expect(leader.node.status().transferee).toBe(2);
    group.tick(2);
    expect(group.at(2).node).toMatchObject({ role: 'leader', term: 2 });
    expect(group.at(2).state.commands).toEqual(['a']);
    expect(leader.node).toMatchObject({ role: 'follower', leader: 2 });
    const messages = [...group.sent];
    expect(messages.filter(({ kind }) => kind === 'preVote')).toEqual([]);
    expect(messages.filter(({ kind }) => kind === 'vote')).toMatchObject([
      { transfer: true },
      { transfer: true },
    ]);
  });

  test('no proposals are taken meanwhile, and are again when it did not work for an election timeout', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(2);
    leader.node.transferLeadership(2);
    group.tick(electionTicks - 1);
    expect(() => leader.propose('a')).toThrow('transferring');
    group.tick(1);
    leader.propose('a');
    expect(leader.node).toMatchObject({ role: 'leader', term: 1 });
  });

  test('the word is repeated while it lasts, and an old one is ignored', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.cut = ({ kind }) => kind === 'timeoutNow';
    leader.node.transferLeadership(2);
    group.settle();
    group.tick(4);
    expect(group.took('timeoutNow').length).toBeGreaterThan(1);
    group.heal();
    group.tick(2);
    expect(group.at(2).node).toMatchObject({ role: 'leader', term: 2 });
    group.at(2).node.step({ kind: 'timeoutNow', from: 1, to: 2, term: 1 });
    expect(group.at(2).node).toMatchObject({ role: 'leader', term: 2 });
  });

  test('the other is not told to stand before it could: while a change is not applied', () => {
    const leader = settledLeader();
    const steps = [{ kind: 'addLearner', replica: 9 }] as const;
    leader.node.proposeConfiguration({ steps, leave: 'auto', context: new Uint8Array() });
    leader.node.transferLeadership(2);
    leader.settle();
    leader.node.step({ kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 3 });
    while (leader.take() !== undefined) while (leader.underWay.length > 0) leader.persist();
    const told = (): number => leader.outgoing.filter(({ kind }) => kind === 'timeoutNow').length;
    expect(told()).toBe(0);
    leader.settle();
    expect(told()).toBe(1);
  });

  test('it goes to a voter only, from a leader only', () => {
    const group = new CoreGroup(configurationOf([1, 2], [3]));
    const leader = group.elect(1);
    expect(leader.node.transferLeadership(1)).toBe('isLeader');
    expect(leader.node.transferLeadership(3)).toBe('notVoter');
    expect(leader.node.transferLeadership(9)).toBe('notVoter');
    expect(group.at(2).node.transferLeadership(1)).toBe('notLeader');
  });

  test('naming another replica replaces it, naming the same one does not begin anew', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(2);
    leader.node.transferLeadership(2);
    group.tick(electionTicks - 1);
    leader.node.transferLeadership(2);
    group.tick(1);
    expect(leader.node.status().transferee).toBe(0);
    leader.node.transferLeadership(2);
    leader.node.transferLeadership(3);
    group.settle();
    expect(group.at(3).node.role).toBe('leader');
  });

  test('it ends when the other is no voter any more', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    const steps = [{ kind: 'addLearner', replica: 3 }] as const;
    leader.node.proposeConfiguration({ steps, leave: 'auto', context: new Uint8Array() });
    leader.node.transferLeadership(3);
    group.cut = ({ kind }) => kind === 'timeoutNow';
    group.settle();
    expect(leader.node.status().transferee).toBe(0);
    leader.propose('a');
  });
});
