import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CORE_LIMITS, CoreReplica } from '../../../test/support/raft/core-replica.ts';
import { configurationOf } from './configuration.ts';
import type { EntryId, Term } from './entry.ts';
import type { AppendRequest, Heartbeat, PreVoteRequest, VoteRequest } from './message.ts';

// Sections and figures are those of Ongaro, "Consensus: Bridging Theory and Practice" (2014).

const START: EntryId = { term: 0, index: 0 };
const { electionTicks } = CORE_LIMITS;

const heartbeat = (term: Term, from = 2, to = 1): Heartbeat => ({
  kind: 'heartbeat',
  from,
  to,
  term,
  commit: 0,
  context: 0,
});
const vote = (term: Term, last = START, from = 2): VoteRequest => ({
  kind: 'vote',
  from,
  to: 1,
  term,
  last,
  committed: START,
  transfer: false,
});
const preVote = (term: Term, last = START, from = 2): PreVoteRequest => ({
  kind: 'preVote',
  from,
  to: 1,
  term,
  last,
  committed: START,
});
const append = (term: Term, previous: EntryId, ...terms: Term[]): AppendRequest => ({
  kind: 'append',
  from: 2,
  to: 1,
  term,
  previous,
  commit: 0,
  entries: terms.map((own, place) => ({
    kind: 'command',
    data: new Uint8Array(),
    term: own,
    index: previous.index + 1 + place,
  })),
});

const one = (voters = 3): CoreReplica =>
  new CoreReplica(1, configurationOf(Array.from({ length: voters }, (_, place) => place + 1)));

/** A replica that stands for term 1. */
function candidate(voters = 3): CoreReplica {
  const replica = one(voters);
  replica.node.campaign();
  const asked = replica.run();
  for (const { to } of asked) {
    if (replica.node.role === 'candidate') break;
    replica.node.step({
      kind: 'preVoteReply',
      from: to,
      to: 1,
      term: 1,
      committed: START,
      granted: true,
    });
  }
  return replica;
}

const voteReply = (from: number, granted: boolean, term = 1) =>
  ({ kind: 'voteReply', from, to: 1, term, committed: START, granted }) as const;

describe('terms (3.3)', () => {
  test.each([
    ['follower', () => one()],
    ['candidate', () => candidate()],
    ['leader', () => new CoreGroup(3).elect(1)],
  ])('a %s that hears of a newer term enters it as a follower', (_, make) => {
    const replica = make();
    replica.hear(heartbeat(7));
    expect(replica.node).toMatchObject({ term: 7, role: 'follower', leader: 2 });
    expect(replica.node.status().vote).toBe(0);
  });

  test('an older term’s leader is told the newer one, and nothing it says counts', () => {
    const replica = one();
    replica.hear(heartbeat(7));
    const before = replica.node.status();
    for (const message of [heartbeat(6), append(6, START, 6)]) {
      expect(replica.hear(message)).toEqual([
        { kind: 'heartbeatReply', from: 1, to: 2, term: 7, context: 0 },
      ]);
    }
    expect(replica.node.status()).toEqual(before);
  });

  test('an older term’s candidate is told the newer one', () => {
    const replica = one();
    replica.hear(heartbeat(7));
    expect(replica.hear(vote(6))).toMatchObject([{ kind: 'voteReply', term: 7, granted: false }]);
    expect(replica.hear(preVote(6))).toMatchObject([
      { kind: 'preVoteReply', term: 7, granted: false },
    ]);
  });

  test('answers of an older term are dropped', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.hear(heartbeat(3));
    const before = leader.node.status();
    expect(leader.hear(voteReply(3, true, 2))).toEqual([]);
    const accepted = { kind: 'appendAccepted', from: 3, to: 1, term: 2, index: 1 } as const;
    expect(leader.hear(accepted)).toEqual([]);
    expect(leader.node.status()).toEqual(before);
  });

  test('what is for another replica, or from oneself, is dropped', () => {
    const replica = one();
    expect(replica.hear({ ...heartbeat(7), to: 3 })).toEqual([]);
    expect(replica.hear({ ...heartbeat(7), from: 1 })).toEqual([]);
    expect(replica.node.term).toBe(0);
  });
});

describe('leader election (3.4)', () => {
  test('a replica begins as a follower, and stays one while it hears from a leader', () => {
    const replica = one();
    for (let tick = 0; tick < 10 * electionTicks; tick += 1) {
      if (tick % (electionTicks - 1) === 0) replica.hear(heartbeat(1));
      replica.node.tick();
      expect(replica.node.role).toBe('follower');
    }
  });

  test('without word from a leader it stands, at the earliest after the shortest timeout and before one and a half times that', () => {
    const seen = new Set<number>();
    const replica = one();
    for (let round = 0; round < 200; round += 1) {
      replica.hear(heartbeat(1));
      let ticks = 0;
      while (replica.node.role === 'follower') {
        replica.node.tick();
        ticks += 1;
      }
      seen.add(ticks);
    }
    const timeouts = [...seen].toSorted((a, b) => a - b);
    const length = electionTicks / 2;
    expect(timeouts).toEqual(Array.from({ length }, (_, at) => electionTicks + at));
  });

  test('a candidate begins a term, votes for itself and asks all the others', () => {
    const replica = candidate();
    expect(replica.node.status()).toMatchObject({ term: 1, vote: 1, role: 'candidate' });
    expect(replica.run()).toMatchObject([
      { kind: 'vote', to: 2, term: 1, last: START, transfer: false },
      { kind: 'vote', to: 3, term: 1, last: START, transfer: false },
    ]);
  });

  test.each([
    [3, [true], 'leader'],
    [3, [], 'candidate'],
    [3, [false], 'candidate'],
    [3, [false, false], 'follower'],
    [5, [true], 'candidate'],
    [5, [true, false, true], 'leader'],
    [5, [true, false, false], 'candidate'],
    [5, [false, false, false], 'follower'],
    [4, [true], 'candidate'],
    [4, [true, true], 'leader'],
    [4, [true, false, false], 'follower'],
  ])('of %d, with the answers %j it is a %s', (voters, answers, role) => {
    const replica = candidate(voters);
    replica.run();
    for (const [place, granted] of answers.entries()) replica.hear(voteReply(place + 2, granted));
    expect(replica.node.role).toBe(role);
  });

  test('votes of one replica count once, and those of strangers and learners never', () => {
    const replica = candidate(5);
    replica.run();
    for (const from of [2, 2, 9, 9]) replica.hear(voteReply(from, true));
    expect(replica.node.role).toBe('candidate');
    replica.hear(voteReply(3, false));
    replica.hear(voteReply(3, true));
    expect(replica.node.role).toBe('candidate');
  });

  test('a follower votes for one candidate a term, first come, and again for the same', () => {
    const replica = one();
    expect(replica.hear(vote(2))).toMatchObject([{ kind: 'voteReply', to: 2, granted: true }]);
    expect(replica.hear(vote(2, START, 3))).toMatchObject([{ to: 3, granted: false }]);
    expect(replica.hear(vote(2))).toMatchObject([{ to: 2, granted: true }]);
    expect(replica.hear(vote(3, START, 3))).toMatchObject([{ to: 3, term: 3, granted: true }]);
  });

  test('it remembers its vote when it comes back', () => {
    const replica = one();
    replica.hear(vote(2));
    replica.restart();
    expect(replica.node.status()).toMatchObject({ term: 2, vote: 2 });
    expect(replica.hear(vote(2, START, 3))).toMatchObject([{ granted: false }]);
  });

  test('it does not vote in the term of a leader it knows', () => {
    const replica = one();
    replica.hear(heartbeat(2));
    expect(replica.hear(vote(2, { term: 9, index: 9 }, 3))).toMatchObject([{ granted: false }]);
  });

  test('a vote gives its candidate time to win', () => {
    const replica = one();
    for (let tick = 1; tick < electionTicks; tick += 1) replica.node.tick();
    replica.hear(vote(2));
    for (let tick = 1; tick < electionTicks; tick += 1) replica.node.tick();
    expect(replica.node.role).toBe('follower');
  });

  test('also in a term that was known before', () => {
    const replica = one();
    replica.hear(append(1, START, 1));
    replica.node.forgetLeader();
    replica.hear(vote(5, START, 3));
    for (let tick = 1; tick < electionTicks; tick += 1) replica.node.tick();
    expect(replica.hear(vote(5, { term: 1, index: 1 }))).toMatchObject([{ granted: true }]);
    for (let tick = 1; tick < electionTicks; tick += 1) replica.node.tick();
    expect(replica.node.role).toBe('follower');
  });

  test('a candidate follows a leader of its own term', () => {
    const replica = candidate();
    replica.run();
    replica.hear(heartbeat(1));
    expect(replica.node).toMatchObject({ role: 'follower', leader: 2, term: 1 });
  });

  test('a candidate that does not win in time stands again', () => {
    const replica = candidate();
    replica.run();
    const asked = replica.wait(2 * electionTicks);
    expect(asked).toMatchObject([{ kind: 'preVote', term: 2 }, { kind: 'preVote' }]);
    expect(replica.node.term).toBe(1);
  });

  test('split votes are resolved by timeouts that differ', () => {
    const group = new CoreGroup(4);
    for (const { node } of group.replicas.values()) node.campaign();
    group.tick(10 * electionTicks);
    const roles = [...group.replicas.values()].map(({ node }) => node.role);
    expect(roles.filter((role) => role === 'leader')).toHaveLength(1);
  });

  test('a leader tells everyone at once, and then with every heartbeat', () => {
    const replica = candidate();
    replica.run();
    const first = replica.hear(voteReply(2, true));
    expect(first).toMatchObject([
      { kind: 'append', to: 2, term: 1, entries: [{ kind: 'empty' }] },
      { kind: 'append', to: 3, term: 1 },
    ]);
    const { heartbeatTicks } = CORE_LIMITS;
    for (let tick = 1; tick < heartbeatTicks; tick += 1) replica.node.tick();
    expect(replica.run()).toEqual([]);
    replica.node.tick();
    expect(replica.run()).toMatchObject([
      { kind: 'heartbeat', to: 2 },
      { kind: 'heartbeat', to: 3 },
    ]);
  });
});

describe('election restriction (3.6.1)', () => {
  const log = (): CoreReplica => {
    const replica = one();
    replica.hear(append(2, START, 1, 2, 2));
    replica.node.forgetLeader();
    return replica;
  };

  test.each([
    [{ term: 2, index: 3 }, true],
    [{ term: 2, index: 4 }, true],
    [{ term: 3, index: 1 }, true],
    [{ term: 2, index: 2 }, false],
    [{ term: 1, index: 9 }, false],
    [START, false],
  ])('a log that ends with %j gets the vote of one that ends at 2.3: %s', (last, granted) => {
    expect(log().hear(vote(5, last))).toMatchObject([{ kind: 'voteReply', term: 5, granted }]);
    expect(log().hear(preVote(5, last))).toMatchObject([{ kind: 'preVoteReply', granted }]);
  });

  test('a refused candidate leaves the vote free for another', () => {
    const replica = log();
    replica.hear(vote(5));
    expect(replica.node.status()).toMatchObject({ term: 5, vote: 0 });
    expect(replica.hear(vote(5, { term: 2, index: 3 }, 3))).toMatchObject([{ granted: true }]);
  });
});

describe('pre-votes (9.6)', () => {
  test('are asked for the next term, which does not begin by that', () => {
    const replica = one();
    const asked = replica.wait(2 * electionTicks);
    expect(asked).toMatchObject([{ kind: 'preVote', term: 1 }, { kind: 'preVote' }]);
    expect(replica.node.status()).toMatchObject({ role: 'preCandidate', term: 0, vote: 0 });
  });

  test('are answered without any change, as often as they are asked', () => {
    const replica = one();
    const before = replica.node.status();
    for (const from of [2, 3, 2]) {
      expect(replica.hear(preVote(8, START, from))).toEqual([
        { kind: 'preVoteReply', from: 1, to: from, term: 8, committed: START, granted: true },
      ]);
    }
    expect(replica.node.status()).toEqual(before);
    expect(replica.node.hasReady()).toBe(false);
  });

  test('are refused with the own term', () => {
    const replica = one();
    replica.hear(append(3, START, 3));
    replica.node.forgetLeader();
    expect(replica.hear(preVote(5))).toMatchObject([{ term: 3, granted: false }]);
    expect(replica.hear(preVote(3, { term: 3, index: 9 }))).toMatchObject([{ granted: false }]);
  });

  test('decide by a majority, and a refusal of a newer term ends them', () => {
    const reply = (from: number, term: Term, granted: boolean) =>
      ({ kind: 'preVoteReply', from, to: 1, term, committed: START, granted }) as const;
    const standing = (): CoreReplica => {
      const replica = one();
      replica.node.campaign();
      return replica;
    };
    const won = standing();
    won.hear(reply(2, 1, true));
    expect(won.node).toMatchObject({ role: 'candidate', term: 1 });
    const lost = standing();
    lost.hear(reply(2, 0, false));
    lost.hear(reply(3, 0, false));
    expect(lost.node).toMatchObject({ role: 'follower', term: 0 });
    const late = standing();
    late.hear(reply(2, 7, false));
    expect(late.node).toMatchObject({ role: 'follower', term: 7 });
    const other = standing();
    other.hear(reply(2, 9, true));
    other.hear(voteReply(3, true, 0));
    expect(other.node).toMatchObject({ role: 'preCandidate', term: 0 });
  });

  test('keep a replica that was cut off from raising terms', () => {
    const group = new CoreGroup(3);
    group.elect(1);
    group.isolate(3);
    group.tick(20 * electionTicks);
    expect(group.at(3).node).toMatchObject({ role: 'preCandidate', term: 1 });
    group.heal();
    group.tick(2 * electionTicks);
    expect(group.at(1).node).toMatchObject({ role: 'leader', term: 1 });
    expect(group.at(3).node.leader).toBe(1);
  });
});

describe('disruptive servers (4.2.3)', () => {
  test('votes and pre-votes are ignored while a leader was heard within the shortest timeout', () => {
    const replica = one();
    replica.hear(heartbeat(1));
    const last = { term: 9, index: 9 };
    for (let tick = 0; tick < electionTicks; tick += 1) {
      expect(replica.hear(vote(5, last, 3))).toEqual([]);
      expect(replica.hear(preVote(5, last, 3))).toEqual([]);
      replica.node.tick();
    }
    expect(replica.node.term).toBe(1);
    expect(replica.hear(preVote(5, last, 3))).toMatchObject([{ granted: true }]);
    expect(replica.hear(vote(5, last, 3))).toMatchObject([{ term: 5, granted: true }]);
  });

  test('by the leader itself too', () => {
    const leader = new CoreGroup(3).elect(1);
    expect(leader.hear(vote(9, { term: 9, index: 9 }))).toEqual([]);
    expect(leader.node).toMatchObject({ role: 'leader', term: 1 });
  });

  test('but not when the leader wants the election', () => {
    const replica = one();
    replica.hear(heartbeat(1));
    const request = { ...vote(2, { term: 9, index: 9 }, 3), transfer: true };
    expect(replica.hear(request)).toMatchObject([{ kind: 'voteReply', term: 2, granted: true }]);
  });

  test('nor when the follower is told to forget its leader', () => {
    const replica = one();
    replica.hear(heartbeat(1));
    replica.node.forgetLeader();
    expect(replica.node.leader).toBe(0);
    expect(replica.hear(vote(2, START, 3))).toMatchObject([{ granted: true }]);
  });

  test('a leader forgets nobody', () => {
    const leader = new CoreGroup(3).elect(1);
    leader.node.forgetLeader();
    expect(leader.node.leader).toBe(1);
  });
});

describe('a leader without its quorum steps down (6.2)', () => {
  test('when every follower has stopped waiting for it', () => {
    const group = new CoreGroup(5);
    const leader = group.elect(1);
    group.cut = ({ from, to }) => [3, 4, 5].includes(from) || [3, 4, 5].includes(to);
    group.tick(2 * electionTicks);
    expect(leader.node).toMatchObject({ role: 'follower', leader: 0, term: 1 });
  });

  test('but stays while a majority answers', () => {
    const group = new CoreGroup(5);
    const leader = group.elect(1);
    group.isolate(4, 5);
    group.tick(5 * electionTicks);
    expect(leader.node.role).toBe('leader');
  });

  test.each([
    { kind: 'appendAccepted', from: 2, to: 1, term: 1, index: 1 } as const,
    { kind: 'appendRejected', from: 2, to: 1, term: 1, rejected: 1, hint: START } as const,
    { kind: 'heartbeatReply', from: 2, to: 1, term: 1, context: 0 } as const,
  ])('$kind is an answer', (answer) => {
    const leader = new CoreGroup(3).elect(1);
    for (let tick = 0; tick < 5 * electionTicks; tick += 1) {
      if (tick % (electionTicks - 1) === 0) leader.node.step(answer);
      leader.node.tick();
    }
    expect(leader.node.role).toBe('leader');
    for (let tick = 0; tick < 1.5 * electionTicks; tick += 1) leader.node.tick();
    expect(leader.node.role).toBe('follower');
  });

  test('learners do not count', () => {
    const group = new CoreGroup(configurationOf([1, 2, 3], [4, 5]));
    const leader = group.elect(1);
    group.isolate(2, 3);
    group.tick(2 * electionTicks);
    expect(leader.node.role).toBe('follower');
  });
});

test('two leaders of one term are never taken for possible (figure 3.2)', () => {
  const replica = one();
  replica.hear(heartbeat(1, 2));
  expect(() => replica.node.step(heartbeat(1, 3))).toThrow('one leader');
  const leader = new CoreGroup(3).elect(1);
  expect(() => leader.node.step(heartbeat(1, 2))).toThrow('one leader');
});
