import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CORE_LIMITS, CoreReplica } from '../../../test/support/raft/core-replica.ts';
import {
  type ConfigurationChange,
  type ConfigurationStep,
  configurationOf,
} from './configuration.ts';
import type { LogIndex } from './entry.ts';
import type { Message } from './message.ts';

// Sections are those of Ongaro, "Consensus: Bridging Theory and Practice" (2014). A change takes effect when it is applied.

const { electionTicks } = CORE_LIMITS;

const step = (kind: ConfigurationStep['kind'], replica: number): ConfigurationStep => ({
  kind,
  replica,
});
const change = (
  steps: readonly ConfigurationStep[],
  leave: 'auto' | 'explicit' = 'auto',
): ConfigurationChange => ({ steps, leave, context: new Uint8Array() });
const LEAVE = change([]);
const REPLACE_3_BY_4 = [step('addVoter', 4), step('remove', 3)];

const accepted = (from: number, index: LogIndex, term = 1): Message => ({
  kind: 'appendAccepted',
  from,
  to: 1,
  term,
  index,
});

/** Two replicas, of which the first leads and is to go. */
function leavingLeader(): { group: CoreGroup; leader: CoreReplica } {
  const group = new CoreGroup(3);
  const leader = group.elect(1);
  group.cut = ({ kind }) => kind === 'append';
  leader.node.proposeConfiguration(change([step('remove', 1)]));
  leader.settle();
  for (const from of [2, 3]) {
    for (const message of leader.outgoing) if (message.to === from) group.at(from).hear(message);
  }
  leader.outgoing = [];
  for (const from of [2, 3]) leader.hear(accepted(from, 2));
  return { group, leader };
}

describe('safety of changes (4.1)', () => {
  test('a change is refused until the leader has applied an entry of its term', () => {
    const group = new CoreGroup(3);
    group.cut = ({ kind }) => kind === 'append';
    const leader = group.elect(1);
    const add = change([step('addVoter', 4)]);
    expect(leader.node.proposeConfiguration(add)).toEqual({ refused: 'configurationPending' });
    leader.hear(accepted(2, 1));
    expect(leader.node.proposeConfiguration(add)).toEqual({ term: 1, index: 2 });
  });

  test('a second change is refused until the first is applied', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addLearner', 4)]));
    const add = change([step('addVoter', 5)]);
    expect(leader.node.proposeConfiguration(add)).toEqual({ refused: 'configurationPending' });
    leader.settle();
    leader.node.step(accepted(2, 2));
    leader.take();
    leader.persist();
    leader.take();
    expect(leader.node.proposeConfiguration(add)).toEqual({ refused: 'configurationPending' });
    leader.apply();
    expect(leader.node.proposeConfiguration(add)).toEqual({ term: 1, index: 3 });
  });

  test('a change that does not fit is refused with a reason, and leaves no entry', () => {
    const leader = new CoreGroup(3).elect(1);
    expect(leader.node.proposeConfiguration(LEAVE)).toEqual({
      refused: 'invalidConfiguration',
      reason: 'no joint configuration is to be left',
    });
    expect(leader.node.status().lastIndex).toBe(1);
  });

  test('only a leader takes one, and not while it hands over', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    const add = change([step('addVoter', 4)]);
    expect(group.at(2).node.proposeConfiguration(add)).toEqual({ refused: 'notLeader' });
    group.cut = () => true;
    leader.propose('a');
    leader.node.transferLeadership(2);
    expect(leader.node.proposeConfiguration(add)).toEqual({ refused: 'transferring' });
  });

  test('a change takes effect when it is applied', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    leader.settle();
    leader.node.step(accepted(2, 2));
    expect(leader.node.configuration.voters).toEqual([1, 2, 3]);
    leader.settle();
    expect(leader.node.configuration.voters).toEqual([1, 2, 3, 4]);
    expect(leader.state.configuration.voters).toEqual([1, 2, 3, 4]);
  });

  test('and only once it is durable that it is committed', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.propose('a');
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    leader.settle();
    leader.node.step(accepted(2, 3));
    expect(leader.take()).toMatchObject({
      hardState: { commit: 3 },
      mustSync: true,
      committed: [{ index: 2 }],
    });
    leader.apply();
    expect(leader.take()).toBeUndefined();
    leader.persist();
    expect(leader.take()?.committed).toMatchObject([{ kind: 'configuration', index: 3 }]);
  });

  test('also when its commit index was handed out before, without need of an fsync', () => {
    const group = new CoreGroup(3, { applyingBytesMax: 1 });
    const leader = group.elect(1);
    leader.propose('a');
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    leader.settle();
    leader.node.step(accepted(2, 3));
    expect(leader.take()).toMatchObject({ hardState: { commit: 3 }, mustSync: false });
    leader.persist();
    expect(leader.take()).toBeUndefined();
    leader.apply();
    expect(leader.take()).toMatchObject({
      hardState: { commit: 3 },
      mustSync: true,
      committed: [],
    });
    expect(leader.node.hasReady()).toBe(false);
    leader.propose('b');
    leader.take();
    leader.propose('c');
    expect(leader.take()).toMatchObject({ hardState: undefined, committed: [] });
    leader.persist();
    expect(leader.take()?.committed).toMatchObject([{ index: 3 }]);
  });

  test('nobody stands while a committed change is not applied', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    leader.settle();
    const follower = group.at(2);
    for (const message of leader.outgoing.splice(0)) {
      if (message.to === 2) follower.node.step(message);
    }
    follower.node.step({ kind: 'heartbeat', from: 1, to: 2, term: 1, commit: 2, context: 0 });
    while (follower.take() !== undefined) while (follower.underWay.length > 0) follower.persist();
    follower.node.campaign();
    follower.node.step({ kind: 'timeoutNow', from: 1, to: 2, term: 1 });
    for (let tick = 0; tick < 2 * electionTicks; tick += 1) follower.node.tick();
    expect(follower.node).toMatchObject({ role: 'follower', term: 1, leader: 0 });
    follower.settle();
    follower.node.campaign();
    expect(follower.node.role).toBe('preCandidate');
  });

  test('who stands starts over when it learns that a change is committed', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    leader.settle();
    const follower = group.at(2);
    for (const message of leader.outgoing.splice(0)) if (message.to === 2) follower.hear(message);
    follower.node.forgetLeader();
    follower.node.campaign();
    follower.node.step({
      kind: 'preVoteReply',
      from: 3,
      to: 2,
      term: 2,
      committed: { term: 1, index: 2 },
      granted: true,
    });
    expect(follower.node).toMatchObject({ role: 'follower', term: 1, commitIndex: 2 });
    follower.settle();
    expect(follower.node.configuration.voters).toEqual([1, 2, 3, 4]);
  });
});

describe('catching up new servers (4.2.1)', () => {
  test('a learner gets everything and does not count', () => {
    const group = new CoreGroup(1);
    const leader = group.elect(1);
    leader.propose('a');
    group.settle();
    group.join(4);
    leader.node.proposeConfiguration(change([step('addLearner', 4)]));
    group.settle();
    expect(group.at(4).state.commands).toEqual(['a']);
    group.isolate(4);
    leader.propose('b');
    group.settle();
    expect(leader.node.commitIndex).toBe(leader.node.status().lastIndex);
    expect(leader.node.status().progress).toMatchObject([
      { replica: 1, isLearner: false },
      { replica: 4, isLearner: true },
    ]);
  });

  test('it does not stand, and no longer counts on a leader that is silent', () => {
    const group = new CoreGroup(configurationOf([1], [4]));
    group.elect(1);
    group.isolate(4);
    group.at(4).node.campaign();
    group.tick(3 * electionTicks);
    expect(group.at(4).node).toMatchObject({ role: 'follower', leader: 0 });
    group.at(4).node.step({ kind: 'timeoutNow', from: 1, to: 4, term: 1 });
    expect(group.at(4).node).toMatchObject({ role: 'follower', term: 1 });
  });

  test('it votes when it is asked: it may have been promoted and not know', () => {
    const group = new CoreGroup(configurationOf([1, 2], [3]));
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addVoter', 3)]));
    group.cut = ({ to }) => to === 3;
    group.settle();
    expect(leader.node.configuration.voters).toEqual([1, 2, 3]);
    expect(group.at(3).node.configuration.voters).toEqual([1, 2]);
    const last = { term: 1, index: 2 };
    group.at(3).node.forgetLeader();
    expect(
      group.at(3).hear({
        kind: 'vote',
        from: 2,
        to: 3,
        term: 2,
        last,
        committed: last,
        transfer: false,
      }),
    ).toMatchObject([{ kind: 'voteReply', granted: true }]);
  });

  test('a replica that is in no configuration yet waits to be told, and never stands', () => {
    const replica = new CoreReplica(9, configurationOf([]));
    replica.node.campaign();
    expect(replica.wait(5 * electionTicks)).toEqual([]);
    const sent = replica.hear({
      kind: 'heartbeat',
      from: 1,
      to: 9,
      term: 3,
      commit: 0,
      context: 0,
    });
    expect(sent).toMatchObject([{ kind: 'heartbeatReply', term: 3 }]);
  });

  test('a new voter does not cost the leader its quorum before it can answer', () => {
    const group = new CoreGroup(1);
    const leader = group.elect(1);
    for (let tick = 1; tick < electionTicks; tick += 1) leader.node.tick();
    leader.node.proposeConfiguration(change([step('addVoter', 4)]));
    group.settle();
    leader.node.tick();
    expect(leader.node.role).toBe('leader');
  });

  test('a removed peer is sent nothing more, and what it says does not matter', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('remove', 3)]));
    group.settle();
    leader.propose('a');
    expect(leader.run().filter(({ to }) => to === 3)).toEqual([]);
    leader.node.step(accepted(3, 3));
    leader.node.step({ kind: 'heartbeatReply', from: 3, to: 1, term: 1, context: 0 });
    const hint = { term: 0, index: 0 };
    leader.node.step({ kind: 'appendRejected', from: 3, to: 1, term: 1, rejected: 1, hint });
    expect(leader.node.status().progress.map(({ replica }) => replica)).toEqual([1, 2]);
    expect(leader.node.commitIndex).toBe(2);
  });
});

describe('joint consensus (4.3)', () => {
  test('both majorities have to agree while it lasts', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.join(4);
    group.join(5);
    const steps = [step('addVoter', 4), step('addVoter', 5), step('remove', 2), step('remove', 3)];
    leader.node.proposeConfiguration(change(steps, 'explicit'));
    group.settle();
    expect(leader.node.configuration).toMatchObject({ voters: [1, 4, 5], outgoing: [1, 2, 3] });
    const { commitIndex } = leader.node;
    group.isolate(2, 3);
    leader.propose('a');
    group.settle();
    expect(leader.node.commitIndex).toBe(commitIndex);
    group.heal();
    group.isolate(4, 5);
    leader.propose('b');
    group.tick(4);
    expect(leader.node.commitIndex).toBe(commitIndex + 1);
    group.heal();
    group.tick(4);
    expect(leader.node.commitIndex).toBe(commitIndex + 2);
  });

  test('an election needs both majorities too', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.join(4);
    group.join(5);
    const steps = [step('addVoter', 4), step('addVoter', 5), step('remove', 2), step('remove', 3)];
    leader.node.proposeConfiguration(change(steps, 'explicit'));
    group.settle();
    group.tick(2);
    group.isolate(1, 2, 3);
    group.tick(2 * electionTicks);
    group.at(4).node.campaign();
    group.settle();
    expect(group.at(4).node.role).toBe('preCandidate');
    group.isolate(1, 4);
    group.at(2).node.campaign();
    group.settle();
    expect(group.at(2).node.role).not.toBe('leader');
    group.isolate(1);
    group.at(2).node.campaign();
    group.settle();
    expect(group.at(2).node.role).toBe('leader');
  });

  test('the leader leaves it by itself', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.join(4);
    leader.node.proposeConfiguration(change(REPLACE_3_BY_4));
    group.settle();
    expect(leader.node.configuration).toMatchObject({ voters: [1, 2, 4], outgoing: [] });
  });

  test('or does not, where that is not wanted, until it is told', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.join(4);
    leader.node.proposeConfiguration(change(REPLACE_3_BY_4, 'explicit'));
    group.settle();
    group.tick(electionTicks);
    expect(leader.node.configuration.outgoing).toEqual([1, 2, 3]);
    const another = leader.node.proposeConfiguration(change([step('addVoter', 5)]));
    expect(another).toMatchObject({ refused: 'invalidConfiguration' });
    leader.node.proposeConfiguration(LEAVE);
    group.settle();
    expect(leader.node.configuration).toMatchObject({ voters: [1, 2, 4], outgoing: [] });
  });

  test('a new leader leaves what an old one entered', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('addVoter', 4), step('addVoter', 5)]));
    group.join(4);
    group.join(5);
    leader.node.transferLeadership(2);
    group.settle();
    // The change was committed and not applied where leadership should go.
    expect(group.at(2).node.role).toBe('follower');
    group.tick(2);
    expect(group.at(2).node.role).toBe('leader');
    group.tick(2);
    expect(group.at(2).node.configuration.outgoing).toEqual([]);
    expect(group.at(2).node.configuration.voters).toEqual([1, 2, 3, 4, 5]);
  });

  test('it is not left while leadership is handed over, but afterwards', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change(REPLACE_3_BY_4));
    leader.settle();
    leader.node.step(accepted(2, 2));
    leader.propose('a');
    leader.node.transferLeadership(2);
    leader.settle();
    expect(leader.node.configuration.outgoing).toEqual([1, 2, 3]);
    for (let tick = 1; tick < electionTicks; tick += 1) leader.node.tick();
    leader.settle();
    expect(leader.node.status()).toMatchObject({ transferee: 2, lastIndex: 3 });
    leader.node.step({ kind: 'heartbeatReply', from: 2, to: 1, term: 1, context: 0 });
    leader.node.step({ kind: 'heartbeatReply', from: 4, to: 1, term: 1, context: 0 });
    leader.node.tick();
    leader.settle();
    expect(leader.node.status()).toMatchObject({ transferee: 0, lastIndex: 4 });
  });

  test('a voter that becomes a learner decides until it is left, a leader too', () => {
    const group = new CoreGroup(3);
    const leader = group.elect(1);
    group.join(4);
    const steps = [step('addVoter', 4), step('addLearner', 1)];
    leader.node.proposeConfiguration(change(steps, 'explicit'));
    group.settle();
    expect(leader.node.configuration).toMatchObject({ learners: [], learnersNext: [1] });
    group.tick(3 * electionTicks);
    expect(leader.node.role).toBe('leader');
    leader.node.proposeConfiguration(LEAVE);
    group.settle();
    expect(leader.node).toMatchObject({ role: 'follower' });
    expect(group.at(2).node.configuration).toMatchObject({ voters: [2, 3, 4], learners: [1] });
  });
});

describe('removing the current leader (4.2.2)', () => {
  test('it leads until a majority of the others knows, taking no proposals, and does not count', () => {
    const { leader } = leavingLeader();
    expect(leader.node.status()).toMatchObject({ role: 'leader', isLeaving: true });
    expect(leader.node.propose(new Uint8Array())).toEqual({ refused: 'notLeader' });
    expect(leader.node.transferLeadership(2)).toBe('notLeader');
    expect(leader.node.configuration.voters).toEqual([2, 3]);
    leader.outgoing = [];
    leader.hear({ kind: 'heartbeatReply', from: 2, to: 1, term: 1, context: 1 });
    expect(leader.node.role).toBe('leader');
    leader.hear({ kind: 'heartbeatReply', from: 3, to: 1, term: 1, context: 1 });
    expect(leader.node).toMatchObject({ role: 'follower', leader: 0 });
  });

  test('a peer that did not get the entry does not confirm it', () => {
    const group = new CoreGroup(4);
    const leader = group.elect(1);
    group.isolate(4);
    leader.node.proposeConfiguration(change([step('remove', 1)]));
    leader.settle();
    for (const from of [2, 3]) leader.hear(accepted(from, 2));
    const contexts = leader
      .wait(2)
      .flatMap((message) =>
        message.kind === 'heartbeat' ? [[message.to, message.commit, message.context]] : [],
      );
    expect(contexts).toEqual([
      [2, 2, 1],
      [3, 2, 1],
      [4, 1, 0],
    ]);
  });

  test('it steps down in any case when they do not answer', () => {
    const { leader } = leavingLeader();
    leader.wait(1);
    for (let tick = 0; tick < 2 * electionTicks; tick += 1) leader.node.tick();
    expect(leader.node.role).toBe('follower');
    leader.node.campaign();
    expect(leader.wait(3 * electionTicks)).toEqual([]);
  });

  test('the others go on without it', () => {
    const group = new CoreGroup(2);
    const leader = group.elect(1);
    leader.node.proposeConfiguration(change([step('remove', 1)]));
    group.settle();
    expect(leader.node.role).toBe('follower');
    group.isolate(1);
    group.tick(2 * electionTicks);
    expect(group.at(2).node.role).toBe('leader');
    group.at(2).propose('a');
    group.settle();
    expect(group.at(2).state.commands).toEqual(['a']);
  });
});

test('fewer voters may commit at once what was sent before', () => {
  const group = new CoreGroup(4);
  const leader = group.elect(1);
  leader.node.proposeConfiguration(change([step('remove', 4)]));
  leader.propose('a');
  leader.settle();
  leader.node.step(accepted(2, 3));
  leader.node.step(accepted(3, 2));
  expect(leader.node.commitIndex).toBe(2);
  leader.settle();
  expect(leader.node.commitIndex).toBe(3);
});

test('a change that the configuration does not allow is never applied', () => {
  const { node } = new CoreGroup(3).at(1);
  expect(() => node.applyConfiguration(LEAVE)).toThrow('fits the configuration');
});

test('the last voter recovers alone, by what the others know to be committed', () => {
  const group = new CoreGroup(2);
  const leader = group.elect(1);
  leader.node.proposeConfiguration(change([step('addLearner', 2)]));
  group.settle();
  group.tick(2);
  const survivor = group.at(1);
  // Its disk is as it was before it learnt that the change is committed.
  survivor.log.hardState = { ...survivor.log.hardState, commit: 1 };
  survivor.state.last = { term: 1, index: 1 };
  survivor.state.configuration = configurationOf([1, 2]);
  survivor.restart();
  group.at(2).log.write({
    entries: [{ kind: 'command', data: new Uint8Array(), term: 1, index: 3 }],
    snapshot: undefined,
    hardState: undefined,
  });
  group.at(2).restart();
  group.tick(3 * electionTicks);
  expect(survivor.node).toMatchObject({ role: 'leader' });
  expect(survivor.node.configuration).toMatchObject({ voters: [1], learners: [2] });
});
