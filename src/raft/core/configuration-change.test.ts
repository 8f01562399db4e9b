import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertConfiguration,
  changedConfiguration,
  isJoint,
  isVoter,
  membersOf,
} from './configuration-change.ts';
import {
  type Configuration,
  type ConfigurationChange,
  type ConfigurationStep,
  configurationOf,
} from './configuration.ts';
import { majorityVote } from './quorum.ts';

/** `+4`: a voter comes, `~4`: a learner, `-4`: someone goes; none: leave the joint configuration. */
function change(text: string, leave: 'auto' | 'explicit' = 'auto'): ConfigurationChange {
  const kinds = { '+': 'addVoter', '~': 'addLearner', '-': 'remove' } as const;
  const steps = text.split(' ').flatMap((word): ConfigurationStep[] => {
    const kind = kinds[word[0] as '+' | '~' | '-'] as ConfigurationStep['kind'] | undefined;
    return kind === undefined ? [] : [{ kind, replica: Number(word.slice(1)) }];
  });
  return { steps, leave, context: new Uint8Array() };
}

/** `1 2&2 3 learners 4 next 1 auto`. */
function show(configuration: ReturnType<typeof changedConfiguration>): string {
  if ('invalid' in configuration) return configuration.invalid;
  const { voters, outgoing, learners, learnersNext, autoLeave } = configuration;
  return [
    voters.join(' ') + (outgoing.length > 0 ? `&${outgoing.join(' ')}` : ''),
    learners.length > 0 ? ` learners ${learners.join(' ')}` : '',
    learnersNext.length > 0 ? ` next ${learnersNext.join(' ')}` : '',
    autoLeave ? ' auto' : '',
  ].join('');
}

function after(start: Configuration, ...changes: readonly ConfigurationChange[]): string {
  let current = start;
  for (const each of changes) {
    const next = changedConfiguration(current, each);
    if ('invalid' in next) return next.invalid;
    current = next;
  }
  return show(current);
}

const THREE = configurationOf([1, 2, 3]);

describe('at most one voter comes or goes without a joint configuration', () => {
  test.each([
    ['+4', '1 2 3 4'],
    ['-3', '1 2'],
    ['~4', '1 2 3 learners 4'],
    ['~3', '1 2 learners 3'],
    ['~5 ~4', '1 2 3 learners 4 5'],
    ['+4 ~5', '1 2 3 4 learners 5'],
    ['+3', '1 2 3'],
    ['-9', '1 2 3'],
  ])('%s: %s', (text, expected) => {
    expect(after(THREE, change(text))).toBe(expected);
    expect(after(THREE, change(text, 'explicit'))).toBe(expected);
  });

  test('a learner becomes a voter, or goes', () => {
    const start = configurationOf([1, 2, 3], [4]);
    expect(after(start, change('+4'))).toBe('1 2 3 4');
    expect(after(start, change('-4'))).toBe('1 2 3');
    expect(after(start, change('~4'))).toBe('1 2 3 learners 4');
  });
});

describe('more go through a joint configuration', () => {
  test.each([
    ['+4 -3', '1 2 4&1 2 3 auto', '1 2 4'],
    ['+4 +5', '1 2 3 4 5&1 2 3 auto', '1 2 3 4 5'],
    ['-2 -3', '1&1 2 3 auto', '1'],
    ['+4 ~1', '2 3 4&1 2 3 next 1 auto', '2 3 4 learners 1'],
    ['+4 ~1 ~9', '2 3 4&1 2 3 learners 9 next 1 auto', '2 3 4 learners 1 9'],
    ['~1 ~2 +8', '3 8&1 2 3 next 1 2 auto', '3 8 learners 1 2'],
  ])('%s: %s, then %s', (text, joint, end) => {
    expect(after(THREE, change(text))).toBe(joint);
    expect(after(THREE, change(text), change(''))).toBe(end);
  });

  test('which is left by itself only when that was asked for', () => {
    expect(after(THREE, change('+4 -3', 'explicit'))).toBe('1 2 4&1 2 3');
  });

  test('learners that become voters do so at once', () => {
    const start = configurationOf([1, 2, 3], [4, 5]);
    expect(after(start, change('+4 -1'))).toBe('2 3 4&1 2 3 learners 5 auto');
  });
});

describe('a change is refused', () => {
  test.each([
    ['-1 -2 -3', 'no voter would be left'],
    ['~1 ~2 -3', 'no voter would be left'],
    ['+4 -4', 'a replica is named twice'],
    ['', 'no joint configuration is to be left'],
    ['+0', '0 is no replica id'],
    ['+1.5', '1.5 is no replica id'],
  ])('%j: %s', (text, reason) => {
    expect(after(THREE, change(text))).toBe(reason);
  });

  test('in a joint configuration', () => {
    const reason = 'a joint configuration has to be left first';
    expect(after(THREE, change('+4 -3'), change('+5'))).toBe(reason);
  });

  test('with more steps than any group has members', () => {
    const steps = Array.from({ length: 1025 }, (_, place) => `+${place + 1}`);
    expect(after(THREE, change(steps.join(' ')))).toBe('more than 1024 steps');
  });
});

test.each([
  [{ voters: [2, 1] }, 'ascend'],
  [{ voters: [0, 1] }, 'ascend'],
  [{ learners: [1] }, 'a learner is no voter'],
  [{ outgoing: [4], learners: [4] }, 'a learner is no voter'],
  [{ outgoing: [4], learnersNext: [5] }, 'was a voter'],
  [{ outgoing: [1, 4], learnersNext: [1] }, 'no voter any more'],
  [{ autoLeave: true }, 'only a joint'],
  [{ voters: [], learners: [4] }, 'someone decides'],
  [{ voters: [], outgoing: [4] }, 'someone decides'],
])('a configuration with %j does not hold', (wrong, message) => {
  expect(() => assertConfiguration({ ...THREE, ...wrong })).toThrow(message);
});

test('members are all that entries are sent to, voters those whose vote counts in either half', () => {
  const joint = changedConfiguration(configurationOf([1, 2, 3], [7]), change('+4 ~1'));
  if ('invalid' in joint) throw new Error(joint.invalid);
  expect(membersOf(joint)).toEqual([1, 2, 3, 4, 7]);
  expect([1, 2, 4, 7, 8].map((id) => isVoter(joint, id))).toEqual([true, true, true, false, false]);
  expect([isJoint(joint), isJoint(THREE)]).toEqual([true, false]);
});

const step = fc.record({
  kind: fc.constantFrom('addVoter' as const, 'addLearner' as const, 'remove' as const),
  replica: fc.integer({ min: 1, max: 7 }),
});
const steps = fc.uniqueArray(step, { maxLength: 6, selector: ({ replica }) => replica });

test('a joint change comes to the same as its steps one after the other, where those are possible', () => {
  fc.assert(
    fc.property(steps, steps, (before, then) => {
      const start = applySingly(configurationOf([1, 2, 3]), before);
      if (start === undefined || then.length === 0) return;
      const singly = applySingly(start, then);
      const changed = changedConfiguration(start, changeBy(then));
      if (singly === undefined) return;
      if ('invalid' in changed) throw new Error(changed.invalid);
      expect(isJoint(changed) ? after(changed, change('')) : show(changed)).toBe(show(singly));
    }),
  );
});

test('majorities of a configuration and of the one that follows always share a replica', () => {
  fc.assert(
    fc.property(steps, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (then, side) => {
      if (then.length === 0) return;
      const next = changedConfiguration(THREE, changeBy(then));
      if ('invalid' in next) return;
      const ofSide = (wanted: boolean) =>
        new Map(side.map((inside, id) => [id, inside === wanted] as const));
      const halves = isJoint(next) ? [next.outgoing] : [next.voters];
      const elected = halves.every((half) => majorityVote(half, ofSide(false)) === 'won');
      expect(majorityVote(THREE.voters, ofSide(true)) === 'won' && elected).toBe(false);
    }),
  );
});

function changeBy(list: readonly ConfigurationStep[]): ConfigurationChange {
  return { steps: list, leave: 'auto', context: new Uint8Array() };
}

function applySingly(
  start: Configuration,
  list: readonly ConfigurationStep[],
): Configuration | undefined {
  let current = start;
  for (const each of list) {
    const next = changedConfiguration(current, changeBy([each]));
    if ('invalid' in next) return undefined;
    expect(isJoint(next)).toBe(false);
    current = next;
  }
  return current;
}
