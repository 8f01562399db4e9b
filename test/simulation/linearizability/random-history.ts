import type { Random } from '../../../src/base/random.ts';
import type { Operation } from './operation.ts';
import {
  applyRegister,
  type RegisterInput,
  type RegisterOutput,
  type RegisterState,
} from './register-model.ts';

/** What a made-up history is like. */
export interface HistoryOptions {
  readonly operations: number;
  readonly keys: number;
  readonly clients: number;
  /** That the outcome of an operation is not known to its client; in [0, 1]. */
  readonly unknownChance: number;
  /** Another machine than the right one. */
  readonly apply?: typeof applyRegister;
}

/** One operation on its way. */
interface Pending {
  readonly client: string;
  readonly calledAt: number;
  readonly input: RegisterInput;
  output: RegisterOutput | undefined;
  /** Nobody waits for it any more. */
  isUnknown: boolean;
}

/** An input whose written value is not written by any other. */
export function randomInput(random: Random, keys: number, unique: number): RegisterInput {
  const key = `k${random.below(keys)}`;
  const value = `${unique}`;
  switch (random.below(8)) {
    case 0:
    case 1:
      return { kind: 'set', key, value };
    case 2:
      return { kind: 'append', key, value: `.${value}` };
    case 3:
      return { kind: 'add', key, amount: 1 };
    case 4: {
      const expected = random.below(4) === 0 ? undefined : `${random.below(unique + 1)}`;
      return { kind: 'swap', key, expected, value };
    }
    default:
      return { kind: 'get', key };
  }
}

/** What clients of one map see that takes each operation at a moment between its call and its return; time is the number of a happening. */
export function randomHistory(
  random: Random,
  options: HistoryOptions,
): readonly Operation<RegisterInput, RegisterOutput>[] {
  const { operations, keys, clients, unknownChance, apply = applyRegister } = options;
  const states = new Map<string, RegisterState>();
  const pending: Pending[] = [];
  const done: Operation<RegisterInput, RegisterOutput>[] = [];
  let called = 0;
  const waiting = (): number => pending.filter(({ isUnknown }) => !isUnknown).length;
  for (let now = 1; called < operations || waiting() > 0; now++) {
    const place = random.below(clients);
    const each = pending[place];
    if (
      called < operations &&
      waiting() < clients &&
      (each === undefined || random.below(3) === 0)
    ) {
      called += 1;
      const input = randomInput(random, keys, called);
      pending.push({
        client: `c${place}`,
        calledAt: now,
        input,
        output: undefined,
        isUnknown: false,
      });
    } else if (each === undefined) {
      continue;
    } else if (!each.isUnknown && random.next() < unknownChance) {
      each.isUnknown = true;
      const { client, calledAt, input } = each;
      done.push({ client, calledAt, input, returned: undefined });
    } else if (each.output === undefined) {
      const { state, output } = apply(states.get(each.input.key), each.input);
      states.set(each.input.key, state);
      each.output = output;
    } else {
      pending.splice(place, 1);
      const { client, calledAt, input, output } = each;
      if (!each.isUnknown) done.push({ client, calledAt, input, returned: { at: now, output } });
    }
  }
  return done;
}
