import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { checkLinearizable } from './check-linearizable.ts';
import { UNKNOWN, type Operation } from './operation.ts';
import { randomHistory } from './random-history.ts';
import {
  applyRegister,
  REGISTER_MODEL,
  type RegisterInput,
  type RegisterOutput,
  type RegisterState,
} from './register-model.ts';

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const check = (history: readonly RegisterOperation[], stepsMax?: number) =>
  checkLinearizable(history, REGISTER_MODEL, stepsMax);

const set = (span: readonly [number, number?], value: string, client = 'a'): RegisterOperation =>
  operation(client, span, { kind: 'set', key: 'k', value }, { value: undefined, swapped: false });
const get = (
  span: readonly [number, number?],
  value: string | undefined,
  client = 'b',
): RegisterOperation =>
  operation(client, span, { kind: 'get', key: 'k' }, { value, swapped: false });

function operation(
  client: string,
  [calledAt, at]: readonly [number, number?],
  input: RegisterInput,
  output: RegisterOutput,
): RegisterOperation {
  return { client, calledAt, input, returned: at === undefined ? undefined : { at, output } };
}

/** Tries all orders. */
function isLinearizableByTrying(
  left: readonly RegisterOperation[],
  states: ReadonlyMap<string, RegisterState>,
): boolean {
  if (left.every(({ returned }) => returned === undefined)) return true;
  const firstReturn = Math.min(...left.map(({ returned }) => returned?.at ?? Infinity));
  return left.some((each) => {
    if (each.calledAt > firstReturn) return false;
    const { key } = each.input;
    const output = each.returned === undefined ? UNKNOWN : each.returned.output;
    const after = REGISTER_MODEL.step(states.get(key), each.input, output);
    if (after === undefined) return false;
    const others = left.filter((other) => other !== each);
    return isLinearizableByTrying(others, new Map([...states, [key, after.state]]));
  });
}

describe('a history', () => {
  test('of reads that see the newest write is linearizable', () => {
    const history = [set([1, 2], 'x'), get([3, 4], 'x'), set([5, 6], 'y'), get([7, 8], 'y')];
    expect(check(history).result).toBe('linearizable');
  });

  test('with a stale read is not, and the text tells the shortest prefix that fails', () => {
    const history = [
      set([1, 2], 'x'),
      set([3, 4], 'y'),
      get([5, 7], 'x'),
      get([6, 8], 'y', 'c'),
      set([9, 10], 'z'),
    ];
    expect(check(history)).toMatchObject({
      result: 'violation',
      partition: 'k',
      explanation: [
        'k: nothing explains what was seen by 7',
        "before, it could have been 'y', in this order:",
        "    1…2 a: set 'x' → none",
        "    3…4 a: set 'y' → none",
        'operations by their calls:',
        "    1…2 a: set 'x' → none",
        "    3…4 a: set 'y' → none",
        "  > 5…7 b: get → 'x'",
        '    6… c: get → unknown',
      ].join('\n'),
    });
  });

  test('may order what is concurrent in either way, but for all readers in the same', () => {
    const writes = [set([1, 10], 'x'), set([1, 10], 'y', 'c')];
    const either = (first: string, second: string) =>
      check([...writes, get([2, 3], first), get([4, 5], second), get([11, 12], second)]).result;
    expect([either('x', 'y'), either('y', 'x')]).toEqual(['linearizable', 'linearizable']);
    expect(check([...writes, get([2, 3], 'x'), get([4, 5], 'y'), get([6, 7], 'x')]).result).toBe(
      'violation',
    );
  });

  test('in which a write of unknown outcome shows late, or never, is linearizable', () => {
    const history = [set([1], 'x'), get([2, 3], undefined), get([4, 5], undefined)];
    expect(check(history).result).toBe('linearizable');
    expect(check([...history, get([6, 7], 'x')]).result).toBe('linearizable');
  });

  test('in which a write of unknown outcome shows before its call, twice, or goes again is not', () => {
    expect(check([get([1, 2], 'x'), set([3], 'x')]).result).toBe('violation');
    expect(
      check([set([1], 'x'), get([2, 3], 'x'), set([4, 5], 'y'), get([6, 7], 'x')]).result,
    ).toBe('violation');
    expect(check([set([1], 'x'), get([2, 3], 'x'), get([4, 5], undefined)]).result).toBe(
      'violation',
    );
  });

  test('takes a call at the time of a return for concurrent', () => {
    expect(check([set([1, 5], 'x'), get([5, 6], undefined)]).result).toBe('linearizable');
    expect(check([set([1, 5], 'x'), get([6, 7], undefined)]).result).toBe('violation');
  });

  test('that takes too much work is unknown, unless another key shows a violation', () => {
    const many = Array.from({ length: 10 }, (_, i) => set([1, 100], `${i}`, `w${i}`));
    const hard = [...many, get([101, 102], 'never')];
    expect(check(hard, 100).result).toBe('unknown');
    expect(check(hard).result).toBe('violation');
    const key = { kind: 'get', key: 'other' } as const;
    const wrong = operation('d', [1, 2], key, { value: 'q', swapped: false });
    expect(check([...hard, wrong], 100)).toMatchObject({ result: 'violation', partition: 'other' });
  });

  test('with twenty equal operations of unknown outcome is decided at once', () => {
    const add = { kind: 'add', key: 'k', amount: 1 } as const;
    const unknown = Array.from({ length: 20 }, (_, i) =>
      operation(`a${i}`, [1], add, { value: undefined, swapped: false }),
    );
    expect(check([...unknown, get([2, 3], '20')], 1000).result).toBe('linearizable');
    expect(check([...unknown, get([2, 3], '21')], 1000).result).toBe('violation');
  });
});

const seeds = fc.integer({ min: 1, max: 2 ** 31 });

describe('histories of a right machine', () => {
  test('are linearizable, whatever runs beside what', () => {
    const sizes = fc.record({
      operations: fc.integer({ min: 1, max: 60 }),
      keys: fc.integer({ min: 1, max: 3 }),
      clients: fc.integer({ min: 1, max: 6 }),
      unknownChance: fc.constantFrom(0, 0.02, 0.1),
    });
    fc.assert(
      fc.property(seeds, sizes, (seed, options) => {
        const verdict = check(randomHistory(seededRandom(seed), options));
        expect(verdict.result).toBe('linearizable');
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('are judged as by trying all orders, also when an output is another', () => {
    const judged = { linearizable: 0, violation: 0, unknown: 0 };
    const options = { operations: 7, keys: 1, clients: 3, unknownChance: 0.1 };
    for (let seed = 1; seed <= 600; seed++) {
      const random = seededRandom(seed);
      const history = randomHistory(random, options).map((each) => {
        if (each.returned === undefined || random.below(6) > 0) return each;
        const value = random.below(2) === 0 ? undefined : `${random.below(8)}`;
        const output = { value, swapped: each.returned.output.swapped };
        return { ...each, returned: { ...each.returned, output } };
      });
      const { result } = check(history);
      judged[result] += 1;
      expect(result).toBe(
        isLinearizableByTrying(history, new Map()) ? 'linearizable' : 'violation',
      );
    }
    expect(Math.min(judged.linearizable, judged.violation)).toBeGreaterThan(100);
  });
});

describe('a machine that', () => {
  /** How many of 100 histories show it. */
  function shownIn(makeApply: (random: ReturnType<typeof seededRandom>) => typeof applyRegister) {
    let shown = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      const apply = makeApply(random);
      const history = randomHistory(random, {
        ...{ operations: 100, keys: 2, clients: 4, unknownChance: 0.01 },
        apply,
      });
      if (check(history).result === 'violation') shown += 1;
    }
    return shown;
  }

  test('sometimes reads what was there before is caught', () => {
    const shown = shownIn((random) => {
      const before = new Map<string, RegisterState>();
      return (state, input) => {
        if (input.kind === 'get' && before.has(input.key) && random.below(4) === 0) {
          return { state, output: { value: before.get(input.key), swapped: false } };
        }
        if (input.kind === 'set') before.set(input.key, state);
        return applyRegister(state, input);
      };
    });
    expect(shown).toBeGreaterThan(95);
  });

  test('sometimes loses a write is caught', () => {
    const shown = shownIn((random) => (state, input) => {
      const after = applyRegister(state, input);
      return random.below(8) === 0 ? { ...after, state } : after;
    });
    expect(shown).toBeGreaterThan(95);
  });

  test('sometimes applies a write twice is caught', () => {
    const shown = shownIn((random) => (state, input) => {
      const once = applyRegister(state, input);
      return random.below(4) === 0
        ? { ...applyRegister(once.state, input), output: once.output }
        : once;
    });
    expect(shown).toBeGreaterThan(95);
  });
});

test('ten thousand operations over twenty keys take a few steps each', () => {
  const options = { operations: 10_000, keys: 20, clients: 5, unknownChance: 0 };
  const verdict = check(randomHistory(seededRandom(7), options));
  expect(verdict.result).toBe('linearizable');
  expect(verdict.steps).toBeLessThan(30_000);
});
