import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CORE_LIMITS, CoreReplica } from '../../../test/support/raft/core-replica.ts';
import { configurationOf } from './configuration.ts';
import type { Entry, EntryId, LogIndex, Term } from './entry.ts';
import type { AppendRequest, Message } from './message.ts';

// Sections and figures are those of Ongaro, "Consensus: Bridging Theory and Practice" (2014).

const START: EntryId = { term: 0, index: 0 };
const entry = (index: LogIndex, term: Term): Entry => ({
  kind: 'command',
  data: Uint8Array.of(index),
  term,
  index,
});

/** Of leader 2 in `term` to replica 1. */
function append(
  term: Term,
  previous: EntryId,
  terms: readonly Term[] = [],
  commit = 0,
): AppendRequest {
  const entries = terms.map((own, place) => entry(previous.index + 1 + place, own));
  return { kind: 'append', from: 2, to: 1, term, previous, entries, commit };
}

/** A follower whose log has entries of these terms. */
function follower(terms: readonly Term[] = [], commit = 0): CoreReplica {
  const replica = new CoreReplica(1, configurationOf([1, 2, 3]));
  replica.hear(append(terms.at(-1) ?? 1, START, terms, commit));
  return replica;
}

const termsOf = ({ log }: CoreReplica): readonly Term[] => log.all.map(({ term }) => term);
const accepted = (from: number, index: LogIndex, term = 1): Message => ({
  kind: 'appendAccepted',
  from,
  to: 1,
  term,
  index,
});

describe('log replication (3.5)', () => {
  test('a proposal is appended and sent to everyone, at once and in one message with others', () => {
    const leader = new CoreGroup(3).elect(1);
    expect(leader.propose('a')).toEqual({ term: 1, index: 2 });
    leader.propose('b');
    leader.take();
    const entries = [{ index: 2 }, { index: 3 }];
    const message = { kind: 'append', previous: { term: 1, index: 1 }, entries, commit: 1 };
    expect(leader.outgoing).toMatchObject([
      { ...message, to: 2 },
      { ...message, to: 3 },
    ]);
  });

  test('only a leader takes proposals', () => {
    const group = new CoreGroup(3);
    group.elect(1);
    expect(group.at(2).node.propose(new Uint8Array())).toEqual({ refused: 'notLeader' });
  });

  test.each([
    [3, 1],
    [4, 2],
    [5, 2],
  ])('an entry of %d is committed by %d answers beside the leader', (count, needed) => {
    const group = new CoreGroup(count);
    const leader = group.elect(1);
    leader.propose('a');
    leader.settle();
    for (let from = 2; from < 2 + needed; from += 1) {
      expect(leader.node.commitIndex).toBe(1);
      leader.hear(accepted(from, 2));
    }
    expect(leader.node.commitIndex).toBe(2);
    expect(leader.state.commands).toEqual(['a']);
  });

  test('a follower learns with the next message what is committed, and applies it in order', () => {
    const replica = follower();
    replica.hear(append(1, START, [1, 1, 1]));
    expect(replica.node.commitIndex).toBe(0);
    replica.hear(append(1, { term: 1, index: 3 }, [], 2));
    expect(replica.node.commitIndex).toBe(2);
    expect(replica.state.commands).toEqual(['\u0001', '\u0002']);
    replica.hear({
      kind: 'heartbeat',
      from: 2,
      to: 1,
      term: 1,
      commit: 3,
      context: 0,
    });
    expect(replica.state.commands).toHaveLength(3);
  });

  test('the leader says so at once, when nothing else is to be said', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    leader.run();
    expect(leader.hear(accepted(2, 2))).toMatchObject([{ kind: 'commit', to: 2, commit: 2 }]);
    expect(leader.hear(accepted(3, 2))).toMatchObject([{ kind: 'commit', to: 3, commit: 2 }]);
  });

  test('a follower takes what the leader says to be committed, and answers nothing', () => {
    const replica = follower([1, 1, 1]);
    const message = { kind: 'commit', from: 2, to: 1, term: 1, commit: 2 } as const;
    expect(replica.hear(message)).toEqual([]);
    expect(replica.state.commands).toEqual(['\u0001', '\u0002']);
    const late = { ...message, term: 0, commit: 3 };
    expect(replica.hear(late)).toMatchObject([{ kind: 'heartbeatReply', to: 2, term: 1 }]);
    expect(replica.node.commitIndex).toBe(2);
  });

  test('a leader of a newer term is known by what it says to be committed', () => {
    const replica = follower([1, 1]);
    replica.hear({ kind: 'commit', from: 3, to: 1, term: 4, commit: 2 });
    expect(replica.node).toMatchObject({ term: 4, leader: 3, commitIndex: 2 });
  });

  test('a follower commits no more than it is known to share with the leader', () => {
    const replica = follower([1, 1, 1, 1]);
    replica.hear(append(2, { term: 1, index: 1 }, [1], 4));
    expect(replica.node.commitIndex).toBe(2);
    replica.hear(append(2, { term: 1, index: 2 }, [2], 9));
    expect(replica.node.commitIndex).toBe(3);
  });

  test('a heartbeat carries only what the follower is known to have', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(3);
    leader.propose('a');
    group.settle();
    group.took('heartbeat');
    group.tick(2);
    const sent = group.took('heartbeat').map(({ to, commit }) => [to, commit]);
    expect(sent).toEqual([
      [2, 2],
      [3, 1],
    ]);
  });

  test('an append is refused unless the log has the entry before, and the answer tells where to go on', () => {
    expect(follower([1, 1]).hear(append(2, { term: 1, index: 5 }))).toEqual([
      {
        kind: 'appendRejected',
        from: 1,
        to: 2,
        term: 2,
        rejected: 5,
        hint: { term: 1, index: 2 },
      },
    ]);
    const longer = follower([1, 1, 4, 4, 4]);
    expect(longer.hear(append(5, { term: 3, index: 5 }))).toMatchObject([
      { kind: 'appendRejected', rejected: 5, hint: { term: 1, index: 2 } },
    ]);
    expect(termsOf(longer)).toEqual([1, 1, 4, 4, 4]);
  });

  test('a conflicting entry and all behind it go, and others take their place', () => {
    const replica = follower([1, 1, 2, 2, 2]);
    expect(replica.hear(append(3, { term: 1, index: 2 }, [3]))).toMatchObject([
      { kind: 'appendAccepted', index: 3 },
    ]);
    expect(termsOf(replica)).toEqual([1, 1, 3]);
  });

  test('an old, late or repeated append takes nothing away', () => {
    const replica = follower([1, 1, 1, 1]);
    expect(replica.hear(append(1, START, [1, 1]))).toMatchObject([{ index: 2 }]);
    expect(replica.hear(append(1, { term: 1, index: 1 }))).toMatchObject([{ index: 1 }]);
    expect(termsOf(replica)).toEqual([1, 1, 1, 1]);
  });

  test('an append from before what is committed is answered for what it shows', () => {
    const replica = follower([1, 1, 1], 3);
    expect(replica.hear(append(1, { term: 1, index: 1 }, [1]))).toMatchObject([
      { kind: 'appendAccepted', index: 2 },
    ]);
    expect(replica.hear(append(1, START))).toMatchObject([{ kind: 'appendAccepted', index: 0 }]);
    expect(termsOf(replica)).toEqual([1, 1, 1]);
  });

  test('a deposed leader hears nothing of what a newer one committed in the place of its entries', () => {
    // Leader 2 of term 3 has [1, 3]; leader 3 of term 4 had [1, 2, 2] and committed that, which 4, who stands in term 5, tells.
    const replica = follower([1, 2, 2]);
    replica.hear(append(3, { term: 3, index: 9 }));
    const committed = { term: 2, index: 3 };
    replica.hear({ kind: 'preVote', from: 4, to: 1, term: 5, last: committed, committed });
    expect(replica.node).toMatchObject({ term: 3, leader: 2, commitIndex: 3 });
    expect(replica.hear(append(3, { term: 1, index: 1 }, [3]))).toMatchObject([
      { kind: 'appendAccepted', index: 1 },
    ]);
    expect(replica.hear(append(3, { term: 3, index: 2 }))).toEqual([]);
    expect(termsOf(replica)).toEqual([1, 2, 2]);
  });

  test('and what it has behind that is taken, also where the log is compacted', () => {
    const replica = follower([1, 1, 1], 3);
    replica.compactTo(3);
    expect(replica.hear(append(1, { term: 1, index: 1 }, [1, 1, 1, 1]))).toMatchObject([
      { kind: 'appendAccepted', index: 5 },
    ]);
    expect(replica.hear(append(1, { term: 1, index: 1 }, [1, 1]))).toMatchObject([{ index: 3 }]);
    expect(replica.log.lastIndex).toBe(5);
  });

  test('entries that do not belong together are never taken for possible', () => {
    const gap: AppendRequest = { ...append(1, START), entries: [entry(2, 1)] };
    expect(() => follower().node.step(gap)).toThrow('follow each other');
    expect(() => follower().node.step(append(5, START, [3, 2]))).toThrow('terms of entries');
    expect(() => follower().node.step(append(5, START, [6]))).toThrow('terms of entries');
  });

  test.each([
    ['misses entries (a, b)', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['misses many', [1, 1, 1, 4]],
    ['has more in the same term (c)', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['has entries of another term behind (d)', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['misses some and has others (e)', [1, 1, 1, 4, 4, 4, 4]],
    ['has other ones from early on (f)', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
    ['is empty', []],
  ])('the leader makes a log its own that %s (figure 3.6)', (_, terms) => {
    const group = new CoreGroup(3);
    const own = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    for (const [id, log] of [own, terms, own].entries()) {
      group.at(id + 1).log.write({
        entries: log.map((term, place) => entry(place + 1, term)),
        snapshot: undefined,
        hardState: { term: 7, vote: 0, commit: 0 },
      });
      group.at(id + 1).restart();
    }
    group.elect(1);
    expect(group.at(1).node).toMatchObject({ role: 'leader', term: 8 });
    const rejections = group.took('appendRejected').length;
    expect(rejections).toBeLessThanOrEqual(new Set([...own, ...terms]).size + 1);
    group.tick(2);
    expect(termsOf(group.at(2))).toEqual([...own, 8]);
    expect(group.at(2).node.commitIndex).toBe(11);
  });
});

describe('committing entries of earlier terms (3.6.2, figure 3.7)', () => {
  /** Leader of term 4 with an entry of term 2 that only it had. */
  function leaderOfOld(): CoreReplica {
    const replica = new CoreReplica(1, configurationOf([1, 2, 3, 4, 5]));
    replica.log.write({
      entries: [entry(1, 1), entry(2, 2)],
      snapshot: undefined,
      hardState: { term: 3, vote: 0, commit: 1 },
    });
    replica.restart();
    replica.node.campaign();
    replica.run();
    for (const kind of ['preVoteReply', 'voteReply'] as const) {
      for (const from of [2, 3]) {
        replica.hear({ kind, from, to: 1, term: 4, committed: START, granted: true });
      }
    }
    expect(replica.node).toMatchObject({ role: 'leader', term: 4 });
    return replica;
  }

  test('an old entry on a majority is not committed by that', () => {
    const leader = leaderOfOld();
    for (const from of [2, 3, 4, 5]) leader.hear(accepted(from, 2, 4));
    expect(leader.node.commitIndex).toBe(1);
  });

  test('but by an entry of the own term behind it', () => {
    const leader = leaderOfOld();
    leader.hear(accepted(2, 3, 4));
    expect(leader.node.commitIndex).toBe(1);
    leader.hear(accepted(3, 3, 4));
    expect(leader.node.commitIndex).toBe(3);
  });

  test('which every leader appends first, so that this needs no proposal (6.4)', () => {
    expect(leaderOfOld().log.all.at(-1)).toMatchObject({ kind: 'empty', term: 4, index: 3 });
  });
});

describe('pipelining and flow control (10.2.2)', () => {
  test('entries are sent before earlier ones are answered, up to the window', () => {
    const group = new CoreGroup(3, { inflightMessagesMax: 2 });
    const leader = group.elect(1);
    group.isolate(3);
    group.took('append');
    const sent: number[] = [];
    for (let index = 2; index <= 5; index += 1) {
      leader.propose(`${index}`);
      leader.settle();
      const to3 = leader.outgoing.splice(0).filter(({ to }) => to === 3);
      sent.push(to3.length);
    }
    expect(sent).toEqual([1, 1, 0, 0]);
    const [peer] = leader.node.status().progress.filter(({ replica }) => replica === 3);
    expect(peer).toMatchObject({ state: 'replicate', isPaused: true, match: 1, next: 4 });
  });

  test('one message is bounded by bytes and by entries', () => {
    const group = new CoreGroup(3, { appendBytesMax: 4, appendEntriesMax: 3 });
    const leader = group.elect(1);
    for (const command of ['aa', 'bb', 'c', 'd', 'e', 'f', 'long one']) leader.propose(command);
    leader.take();
    const to2 = leader.outgoing.filter(({ to }) => to === 2) as AppendRequest[];
    expect(to2.map(({ entries }) => entries.length)).toEqual([2, 3, 1, 1]);
  });

  test('the window is bounded by bytes', () => {
    const group = new CoreGroup(3, { inflightBytesMax: 3, appendEntriesMax: 1 });
    const leader = group.elect(1);
    for (const command of ['aa', 'bb', 'cc']) leader.propose(command);
    leader.take();
    expect(leader.outgoing.filter(({ to }) => to === 2)).toHaveLength(2);
  });

  test('when everything on its way is lost, a heartbeat’s answer brings it back', () => {
    const group = new CoreGroup(3, { inflightMessagesMax: 2 });
    const leader = group.elect(1);
    group.cut = ({ kind, to }) => kind === 'append' && to === 3;
    for (const command of ['a', 'b', 'c', 'd']) {
      leader.propose(command);
      group.settle();
    }
    expect(group.at(3).node.status().lastIndex).toBe(1);
    group.heal();
    group.tick(4);
    expect(group.at(3).state.commands).toEqual(['a', 'b', 'c', 'd']);
  });

  test('when it cannot be reached, what was sent ahead is probed for', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(3);
    leader.propose('a');
    group.settle();
    leader.node.reportUnreachable(3);
    expect(leader.node.status().progress[2]).toMatchObject({ state: 'probe', next: 2 });
    expect(leader.run()).toMatchObject([{ kind: 'append', to: 3, previous: { index: 1 } }]);
    leader.node.reportUnreachable(3);
    expect(leader.run()).toEqual([]);
    leader.node.reportUnreachable(9);
    group.at(2).node.reportUnreachable(3);
  });

  test('proposals are refused when too much waits to be committed, but for the only one', () => {
    const group = new CoreGroup(3, { uncommittedBytesMax: 10 });
    const leader = group.elect(1);
    group.isolate(2, 3);
    leader.propose('larger than ten bytes');
    expect(() => leader.propose('x')).toThrow('uncommittedLimit');
    group.heal();
    group.settle();
    leader.propose('12345');
    leader.propose('12345');
    expect(() => leader.propose('x')).toThrow('uncommittedLimit');
    group.settle();
    leader.propose('x');
  });

  test('no more is handed out to be applied than the limit allows', () => {
    const group = new CoreGroup(1, { applyingBytesMax: 4 });
    const leader = group.elect(1);
    for (const command of ['aa', 'bb', 'cc', 'dd']) leader.propose(command);
    leader.take();
    leader.persist();
    expect(leader.take()?.committed).toHaveLength(2);
    expect(leader.take()).toBeUndefined();
    leader.apply();
    expect(leader.take()?.committed).toHaveLength(1);
  });
});

describe('snapshots (5.1, 5.3)', () => {
  /** Replica 3 missed entries that the leader has compacted away. */
  function lagging(): CoreGroup {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.isolate(3);
    for (const command of ['a', 'b', 'c', 'd']) leader.propose(command);
    group.settle();
    leader.compactTo(4);
    group.heal();
    return group;
  }

  test('a follower that needs what is compacted away gets the state, and goes on from there', () => {
    const group = lagging();
    group.tick(4);
    expect(group.at(3).state).toEqual(group.at(1).state);
    expect(group.at(3).log.compacted).toEqual({ term: 1, index: 5 });
    group.at(1).propose('e');
    group.settle();
    group.tick(2);
    expect(group.at(3).state.commands).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(group.took('snapshot')).toHaveLength(1);
  });

  test('it is wanted once, and nothing else is sent meanwhile', () => {
    const group = lagging();
    const leader = group.at(1);
    leader.hear({ kind: 'heartbeatReply', from: 3, to: 1, term: 1, context: 0 });
    leader.hear({
      kind: 'appendRejected',
      from: 3,
      to: 1,
      term: 1,
      rejected: 5,
      hint: { term: 1, index: 1 },
    });
    expect(leader.snapshotsWanted).toEqual([{ to: 3, minIndex: 4 }]);
    leader.propose('e');
    expect(leader.run().filter(({ to }) => to === 3)).toEqual([]);
    expect(leader.node.status().progress[2]).toMatchObject({
      state: 'snapshot',
      pendingSnapshot: 4,
    });
    leader.node.reportSnapshot(3, 'failed', 0);
    expect(leader.run().filter(({ to }) => to === 3)).toEqual([]);
    leader.hear({ kind: 'heartbeatReply', from: 3, to: 1, term: 1, context: 0 });
    expect(leader.snapshotsWanted).toHaveLength(2);
    group.at(2).node.reportSnapshot(3, 'finished', 5);
    leader.node.reportSnapshot(2, 'finished', 5);
    expect(() => leader.node.reportSnapshot(3, 'finished', 99)).toThrow('of what was applied');
  });

  test('a follower that did not answer for an election timeout is not sent a state', () => {
    const group = lagging();
    group.isolate(3);
    const leader = group.at(1);
    group.tick(2 * CORE_LIMITS.electionTicks);
    leader.node.reportUnreachable(3);
    leader.compactTo(5);
    group.settle();
    expect(leader.node.status().progress[2]).toMatchObject({ state: 'probe', isPaused: false });
    expect(group.took('snapshot')).toEqual([]);
  });

  const meta = { term: 2, index: 9, configuration: configurationOf([1, 2, 3]) };
  const snapshot = { kind: 'snapshot', from: 2, to: 1, term: 2, meta } as const;
  const staged = (): readonly string[] => ['state at 9'];

  test('it replaces a log that does not reach it, and counts when it is taken over', () => {
    const replica = follower([1, 1, 1], 2);
    replica.node.step(snapshot);
    const ready = replica.take();
    expect(ready).toMatchObject({
      snapshot: meta,
      entries: [],
      mustSync: true,
      hardState: { term: 2, commit: 9 },
    });
    expect(replica.outgoing).toEqual([]);
    replica.persist();
    expect(replica.outgoing).toMatchObject([{ kind: 'appendAccepted', index: 9 }]);
    expect(replica.node.status()).toMatchObject({ restoringIndex: 9, appliedIndex: 2 });
    replica.apply(staged);
    expect(replica.node.status()).toMatchObject({ restoringIndex: 0, appliedIndex: 9 });
    expect(replica.state.commands).toEqual(['state at 9']);
  });

  test('its configuration is in force from then on, not before', () => {
    const replica = follower();
    const configuration = configurationOf([1, 2, 3, 4]);
    replica.node.step({ ...snapshot, meta: { ...meta, configuration } });
    replica.take();
    replica.persist();
    expect(replica.node.configuration.voters).toEqual([1, 2, 3]);
    replica.apply(staged);
    expect(replica.node.configuration.voters).toEqual([1, 2, 3, 4]);
  });

  test('a log that has its last entry keeps what follows', () => {
    const replica = follower([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(replica.hear(snapshot)).toMatchObject([{ kind: 'appendAccepted', index: 9 }]);
    expect(replica.node.status()).toMatchObject({ commitIndex: 9, lastIndex: 11, firstIndex: 1 });
    expect(replica.state.commands).toHaveLength(9);
  });

  test('a log that has another entry there, or ends before, keeps nothing', () => {
    const replica = follower([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    replica.node.step(snapshot);
    replica.take();
    replica.persist();
    expect(replica.node.status()).toMatchObject({ firstIndex: 10, lastIndex: 9 });
    expect(replica.log.all).toEqual([]);
  });

  test('one that is behind what is committed is answered for what it holds', () => {
    const terms = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2];
    const replica = follower(terms, 10);
    expect(replica.hear(snapshot)).toMatchObject([{ kind: 'appendAccepted', index: 9 }]);
    expect(replica.node.status()).toMatchObject({ firstIndex: 1, lastIndex: 11 });
    replica.compactTo(10);
    expect(replica.hear(snapshot)).toMatchObject([{ kind: 'appendAccepted', index: 9 }]);
    expect(replica.node.status()).toMatchObject({ firstIndex: 11, lastIndex: 11 });
  });

  test('one whose configuration does not hold the replica is refused', () => {
    const replica = follower([1]);
    const others = { ...meta, configuration: configurationOf([2, 3]) };
    expect(replica.hear({ ...snapshot, meta: others })).toMatchObject([{ index: 0 }]);
    expect(replica.node.status()).toMatchObject({ lastIndex: 1, restoringIndex: 0 });
    const learner = { ...meta, configuration: configurationOf([2, 3], [1]) };
    replica.node.step({ ...snapshot, meta: learner });
    expect(replica.node.status().restoringIndex).toBe(9);
  });

  test('a second one waits until the first is taken over', () => {
    const replica = follower([1]);
    replica.node.step(snapshot);
    replica.take();
    replica.node.step({ ...snapshot, meta: { ...meta, index: 12 } });
    expect(replica.take()?.snapshot).toBeUndefined();
    while (replica.underWay.length > 0) replica.persist();
    replica.apply(staged);
    replica.node.step({ ...snapshot, meta: { ...meta, index: 12 } });
    expect(replica.take()?.snapshot).toMatchObject({ index: 12 });
  });

  test('entries behind it are taken, but applied only when it is taken over', () => {
    const replica = follower([1]);
    replica.node.step(snapshot);
    replica.node.step(append(2, meta, [2, 2], 11));
    replica.take();
    expect(replica.toApply).toEqual([]);
    replica.persist();
    replica.settle(staged);
    expect(replica.state.commands).toEqual(['state at 9', '\u000A', '\u000B']);
  });

  test('who is taking one over does not stand', () => {
    const replica = follower([1]);
    replica.node.step(snapshot);
    replica.take();
    replica.persist();
    replica.node.campaign();
    for (let tick = 0; tick < 40; tick += 1) replica.node.tick();
    expect(replica.node).toMatchObject({ role: 'follower', leader: 0, term: 2 });
    replica.apply(staged);
    replica.node.campaign();
    expect(replica.node.role).toBe('preCandidate');
  });
});
