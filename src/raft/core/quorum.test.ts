import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Configuration, configurationOf, type ReplicaId } from './configuration.ts';
import {
  isQuorum,
  majorityIndex,
  majorityVote,
  quorumIndex,
  quorumVote,
  type VoteResult,
} from './quorum.ts';

const reachedBy =
  (indexes: readonly number[]) =>
  (replica: ReplicaId): number =>
    indexes[replica - 1] ?? 0;
const joint = (voters: readonly number[], outgoing: readonly number[]): Configuration => ({
  ...configurationOf(voters),
  outgoing,
});

describe('how far a majority came', () => {
  test.each([
    [[], Infinity],
    [[4], 4],
    [[4, 9], 4],
    [[4, 9, 1], 4],
    [[9, 9, 1], 9],
    [[0, 0, 9], 0],
    [[5, 6, 7, 8], 6],
    [[8, 5, 7, 6, 9], 7],
  ])('%j: %d', (indexes, expected) => {
    const voters = indexes.map((_, place) => place + 1);
    expect(majorityIndex(voters, reachedBy(indexes))).toBe(expected);
  });

  test('is not asked of learners', () => {
    const configuration = configurationOf([1, 2, 3], [4, 5]);
    expect(quorumIndex(configuration, reachedBy([3, 0, 0, 9, 9]))).toBe(0);
  });

  test('is the smaller one of the two halves of a joint configuration', () => {
    const reached = reachedBy([7, 7, 2, 3, 3]);
    expect(quorumIndex(joint([1, 2, 3], [3, 4, 5]), reached)).toBe(3);
    expect(quorumIndex(joint([3, 4, 5], [1, 2, 3]), reached)).toBe(3);
  });

  test('counts a replica in both halves in each', () => {
    expect(quorumIndex(joint([1, 2], [1]), reachedBy([8, 5]))).toBe(5);
    expect(quorumIndex(joint([1], [1, 2]), reachedBy([8, 5]))).toBe(5);
  });
});

describe('who is a quorum', () => {
  test.each([
    [[1, 2, 3], [], [1, 2], true],
    [[1, 2, 3], [], [1, 4, 5], false],
    [[1, 2, 3, 4], [], [1, 2], false],
    [[1, 2, 3], [3, 4, 5], [1, 2], false],
    [[1, 2, 3], [3, 4, 5], [1, 3, 4], true],
    [[1], [], [1], true],
    [[], [], [1], false],
  ])('of %j and %j: %j is %j', (voters, outgoing, there, expected) => {
    expect(isQuorum(joint(voters, outgoing), (replica) => there.includes(replica))).toBe(expected);
  });
});

describe('how a vote stands', () => {
  test.each<[string, VoteResult]>([
    ['', 'won'],
    ['y', 'won'],
    ['n', 'lost'],
    ['_', 'pending'],
    ['y_', 'pending'],
    ['yn', 'lost'],
    ['yy_', 'won'],
    ['yn_', 'pending'],
    ['nn_', 'lost'],
    ['yynn', 'lost'],
    ['yy__n', 'pending'],
    ['yyy__', 'won'],
  ])('%j: %s', (votes, expected) => {
    const voters = votes.split('').map((_, place) => place + 1);
    expect(majorityVote(voters, votesOf(votes))).toBe(expected);
  });

  test('is won only in both halves, and lost in either', () => {
    expect(quorumVote(joint([1, 2, 3], [4, 5, 6]), votesOf('yy_yy_'))).toBe('won');
    expect(quorumVote(joint([1, 2, 3], [4, 5, 6]), votesOf('yy_y__'))).toBe('pending');
    expect(quorumVote(joint([1, 2, 3], [4, 5, 6]), votesOf('___nn_'))).toBe('lost');
  });

  test('does not change by votes of learners and strangers', () => {
    expect(quorumVote(configurationOf([1, 2, 3], [4]), votesOf('y__yy'))).toBe('pending');
  });
});

function votesOf(text: string): ReadonlyMap<ReplicaId, boolean> {
  const given = text
    .split('')
    .flatMap((vote, place) => (vote === '_' ? [] : [[place + 1, vote === 'y'] as const]));
  return new Map(given);
}

/** Every way to choose a majority of `voters`. */
function majorities(voters: readonly ReplicaId[]): ReplicaId[][] {
  let subsets: ReplicaId[][] = [[]];
  for (const voter of voters) subsets = subsets.flatMap((each) => [each, [...each, voter]]);
  return subsets.filter(({ length }) => length * 2 > voters.length);
}

const half = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 5 });

test('majorities come to the same by trying every one of them', () => {
  const indexes = fc.array(fc.nat(20), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(half, half, indexes, (voters, outgoing, index) => {
      const slow = Math.min(
        ...[voters, outgoing].map((side) =>
          side.length === 0
            ? Infinity
            : Math.max(...majorities(side).map((all) => Math.min(...all.map(reachedBy(index))))),
        ),
      );
      expect(quorumIndex(joint(voters, outgoing), reachedBy(index))).toBe(slow);
    }),
  );
});

test('votes come to the same by trying every majority', () => {
  const text = fc.array(fc.constantFrom('y', 'n', '_'), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(half, half, text, (voters, outgoing, given) => {
      const votes = votesOf(given.join(''));
      const some = (side: readonly ReplicaId[], fits: (vote: boolean | undefined) => boolean) =>
        side.length === 0 || majorities(side).some((all) => all.every((id) => fits(votes.get(id))));
      const won = [voters, outgoing].every((side) => some(side, (vote) => vote === true));
      const winnable = [voters, outgoing].every((side) => some(side, (vote) => vote !== false));
      const slow = won ? 'won' : winnable ? 'pending' : 'lost';
      expect(quorumVote(joint(voters, outgoing), votes)).toBe(slow);
    }),
  );
});

test('what a majority reached goes up when any replica goes on', () => {
  const indexes = fc.array(fc.nat(20), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(half, half, indexes, fc.nat(5), (voters, outgoing, index, place) => {
      const before = quorumIndex(joint(voters, outgoing), reachedBy(index));
      const further = index.with(place, (index[place] ?? 0) + 3);
      const after = quorumIndex(joint(voters, outgoing), reachedBy(further));
      expect(after).toBeGreaterThanOrEqual(before);
    }),
  );
});
