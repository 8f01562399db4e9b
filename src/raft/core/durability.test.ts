import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CoreReplica } from '../../../test/support/raft/core-replica.ts';
import { configurationOf } from './configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from './entry.ts';
import type { AppendRequest, Message } from './message.ts';

const START: EntryId = { term: 0, index: 0 };
const kinds = (messages: readonly Message[] | undefined): readonly string[] =>
  (messages ?? []).map(({ kind }) => kind);
const entry = (index: LogIndex, term: Term): Entry => ({
  kind: 'command',
  data: Uint8Array.of(term),
  term,
  index,
});
const append = (term: Term, previous: EntryId, commit: LogIndex, ...terms: Term[]) =>
  ({
    kind: 'append',
    from: 2,
    to: 1,
    term,
    previous,
    commit,
    entries: terms.map((own, place) => entry(previous.index + 1 + place, own)),
  }) satisfies AppendRequest;
const follower = (): CoreReplica => new CoreReplica(1, configurationOf([1, 2, 3]));

describe('what a message vouches for is on the disk before it leaves', () => {
  test('a vote, together with its term', () => {
    const replica = follower();
    const last = START;
    replica.node.step({
      kind: 'vote',
      from: 2,
      to: 1,
      term: 3,
      last,
      committed: START,
      transfer: false,
    });
    const ready = replica.take();
    expect(ready).toMatchObject({
      messages: [],
      messagesAfterPersist: [{ kind: 'voteReply', granted: true }],
      hardState: { term: 3, vote: 2 },
      mustSync: true,
    });
  });

  test('accepted entries', () => {
    const replica = follower();
    replica.node.step(append(1, START, 0, 1, 1));
    expect(replica.take()).toMatchObject({
      messages: [],
      messagesAfterPersist: [{ kind: 'appendAccepted', index: 2 }],
      entries: [{ index: 1 }, { index: 2 }],
      mustSync: true,
    });
  });

  test('also where the entries are in an earlier Ready that is still being written', () => {
    const replica = follower();
    replica.node.step(append(1, START, 0, 1, 1));
    replica.take();
    replica.node.step(append(1, START, 2, 1, 1));
    const again = replica.take();
    expect(again).toMatchObject({ entries: [], messagesAfterPersist: [{ index: 2 }] });
    expect(again?.number).toBe(2);
  });

  test('a candidate’s term and vote, before it asks others', () => {
    const replica = follower();
    replica.node.campaign();
    expect(kinds(replica.take()?.messages)).toEqual(['preVote', 'preVote']);
    const granted = { to: 1, term: 1, committed: START, granted: true } as const;
    replica.node.step({ ...granted, kind: 'preVoteReply', from: 2 });
    const ready = replica.take();
    expect(ready).toMatchObject({ hardState: { term: 1, vote: 1 }, messages: [], mustSync: true });
    expect(kinds(ready?.messagesAfterPersist)).toEqual(['vote', 'vote']);
  });

  test('but a leader’s entries travel while its own disk writes (10.2.1)', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    expect(leader.take()).toMatchObject({
      messages: [{ kind: 'append' }, { kind: 'append' }],
      entries: [{ index: 2 }],
    });
  });

  test('a commit index alone needs no fsync', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    leader.settle();
    leader.node.step({ kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 2 });
    expect(leader.take()).toMatchObject({
      hardState: { commit: 2 },
      entries: [],
      mustSync: false,
    });
  });
});

describe('what is not durable does not count', () => {
  test('a candidate’s vote for itself', () => {
    const group = new CoreGroup(1);
    const replica = group.at(1);
    replica.node.campaign();
    expect(replica.take()).toMatchObject({ hardState: { term: 1, vote: 1 } });
    expect(replica.node.role).toBe('candidate');
    replica.persist();
    expect(replica.node.role).toBe('leader');
  });

  test('which an earlier Ready does not make durable', () => {
    const replica = new CoreGroup(1).at(1);
    replica.node.step(append(1, START, 0, 1));
    replica.take();
    replica.node.campaign();
    replica.take();
    replica.persist();
    expect(replica.node.role).toBe('candidate');
    replica.persist();
    expect(replica.node.role).toBe('leader');
  });

  test('nor one that a later term has overtaken', () => {
    const replica = new CoreGroup(1).at(1);
    replica.node.campaign();
    replica.take();
    replica.node.step({ kind: 'heartbeat', from: 2, to: 1, term: 5, commit: 0, context: 0 });
    replica.persist();
    expect(replica.node).toMatchObject({ role: 'follower', term: 5 });
  });

  test('a leader’s own entries: the others decide alone, or it waits', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    leader.take();
    leader.node.step({ kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 2 });
    expect(leader.node.commitIndex).toBe(1);
    leader.node.step({ kind: 'appendAccepted', from: 3, to: 1, term: 1, index: 2 });
    expect(leader.node.commitIndex).toBe(2);
    const other = new CoreGroup(3).elect(1);
    other.propose('a');
    other.take();
    other.node.step({ kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 2 });
    other.persist();
    expect(other.node.commitIndex).toBe(2);
  });

  test('committed entries are applied only once they are durable here', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    leader.take();
    for (const from of [2, 3]) {
      leader.node.step({ kind: 'appendAccepted', from, to: 1, term: 1, index: 2 });
    }
    expect(leader.take()?.committed).toEqual([]);
    leader.persist();
    expect(leader.take()?.committed).toMatchObject([{ index: 2 }]);
  });

  test('entries of a Ready that were replaced meanwhile, even by the same ones (trap 25)', () => {
    const replica = follower();
    replica.node.step(append(1, START, 0, 1));
    replica.take();
    replica.node.step(append(2, START, 0, 2));
    replica.take();
    replica.node.step(append(3, START, 1, 1));
    replica.take();
    expect(replica.node.commitIndex).toBe(1);
    for (const durable of [0, 0, 1]) {
      replica.persist();
      expect(replica.node.status().durableIndex).toBe(durable);
      expect(replica.take()?.committed ?? []).toHaveLength(durable);
    }
  });
});

describe('Readys', () => {
  test('are numbered, and one acknowledgement covers all before', () => {
    const leader = new CoreGroup(1).elect(1);
    const first = leader.node.ready().number;
    leader.propose('a');
    const second = leader.node.ready();
    leader.propose('b');
    const third = leader.node.ready();
    expect([second.number, third.number]).toEqual([first + 1, first + 2]);
    leader.log.write(second);
    leader.log.write(third);
    leader.node.onPersisted(third.number);
    expect(leader.node.commitIndex).toBe(3);
  });

  test('are acknowledged once, in order, and only if they were taken', () => {
    const { node } = new CoreGroup(1).elect(1);
    const { number } = node.ready();
    expect(() => node.onPersisted(number + 1)).toThrow('persisted once');
    node.onPersisted(number);
    expect(() => node.onPersisted(number)).toThrow('persisted once');
  });

  test('are wanted only while there is something to say', () => {
    const leader = new CoreGroup(3).elect(1);
    expect(leader.node.hasReady()).toBe(false);
    expect(leader.node.ready()).toMatchObject({
      hardState: undefined,
      entries: [],
      messages: [],
      messagesAfterPersist: [],
      committed: [],
      mustSync: false,
    });
  });
});

describe('a replica that comes back', () => {
  test('goes on where its disk says, as a follower without a leader', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.propose('a');
    group.settle();
    leader.restart();
    expect(leader.node.status()).toMatchObject({
      role: 'follower',
      leader: 0,
      term: 1,
      vote: 1,
      commitIndex: 2,
      appliedIndex: 2,
      lastIndex: 2,
    });
    expect(leader.node.hasReady()).toBe(false);
  });

  test('gets what it had not applied again', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.propose('a');
    leader.propose('b');
    group.settle();
    leader.state = { ...leader.state, last: { term: 1, index: 2 }, commands: ['a'] };
    leader.restart();
    leader.settle();
    expect(leader.state.commands).toEqual(['a', 'b']);
  });

  test('does not lead the term again that it led', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.restart();
    group.elect(1);
    expect(leader.node).toMatchObject({ role: 'leader', term: 2 });
  });

  test('with less than it acknowledged stops at the first heartbeat', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.propose('a');
    group.settle();
    const victim = group.at(2);
    victim.log.hardState = { ...victim.log.hardState, commit: 0 };
    victim.state = { ...victim.state, last: START, commands: [] };
    victim.log.write({ entries: [entry(1, 1)], snapshot: undefined, hardState: undefined });
    victim.restart();
    expect(() => group.tick(2)).toThrow('lost what it promised');
  });

  test('with an entry of a newer term than its own is not believed', () => {
    const replica = follower();
    replica.log.write({ entries: [entry(1, 4)], snapshot: undefined, hardState: undefined });
    expect(() => replica.restart()).toThrow('newer than the term');
  });
});

describe('what is committed is told with votes', () => {
  test('to who asks, and by who asks', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.cut = ({ kind }) => kind === 'heartbeat' || kind === 'appendAccepted';
    leader.propose('a');
    group.settle();
    expect(leader.node.commitIndex).toBe(1);
    leader.node.step({ kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 2 });
    group.cut = ({ kind }) => kind !== 'preVote' && kind !== 'preVoteReply';
    group.at(2).node.forgetLeader();
    group.at(2).node.campaign();
    group.settle();
    expect(group.at(2).node.commitIndex).toBe(1);
    const asks = {
      kind: 'preVote',
      from: 1,
      term: 2,
      last: START,
      committed: { term: 1, index: 2 },
    } as const;
    expect(group.at(2).hear({ ...asks, to: 2 })).toMatchObject([{ granted: false }]);
    expect(group.at(2).node.commitIndex).toBe(2);
    expect(group.at(3).hear({ ...asks, to: 3, term: 0 })).toMatchObject([{ granted: false }]);
    expect(group.at(3).state.commands).toEqual(['a']);
  });

  test('but believed only of an entry that is here', () => {
    const replica = follower();
    replica.hear(append(2, START, 0, 1, 2));
    const reply = { kind: 'voteReply', from: 2, to: 1, term: 2, granted: false } as const;
    replica.hear({ ...reply, committed: { term: 3, index: 2 } });
    replica.hear({ ...reply, committed: { term: 2, index: 9 } });
    expect(replica.node.commitIndex).toBe(0);
    replica.hear({ ...reply, committed: { term: 2, index: 2 } });
    replica.hear({ ...reply, committed: { term: 1, index: 1 } });
    expect(replica.node.commitIndex).toBe(2);
  });

  test('and a leader counts for itself', () => {
    const leader = new CoreGroup(3).elect(1);
    const { index } = leader.propose('a');
    const committed = { term: 1, index };
    leader.hear({ kind: 'voteReply', from: 2, to: 1, term: 1, committed, granted: true });
    expect(leader.node.commitIndex).toBe(1);
  });
});
