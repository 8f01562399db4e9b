import type { Model } from './model.ts';
import { UNKNOWN, type Unknown } from './operation.ts';

/** What can be done to one key. `swap` writes where the value is the expected one; `add` takes a key without a number for 0. */
export type RegisterInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'swap';
      readonly key: string;
      readonly expected: string | undefined;
      readonly value: string;
    }
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
  | { readonly kind: 'add'; readonly key: string; readonly amount: number };

/** `value`: of a get, and what an append or add left; of a set undefined. `swapped`: of a swap. */
export interface RegisterOutput {
  readonly value: string | undefined;
  readonly swapped: boolean;
}

/** A key's value; undefined: none. */
export type RegisterState = string | undefined;

/** What the state and the answer are after `input`. */
export function applyRegister(
  state: RegisterState,
  input: RegisterInput,
): { readonly state: RegisterState; readonly output: RegisterOutput } {
  switch (input.kind) {
    case 'get':
      return { state, output: { value: state, swapped: false } };
    case 'set':
      return { state: input.value, output: { value: undefined, swapped: false } };
    case 'swap': {
      const swapped = state === input.expected;
      return { state: swapped ? input.value : state, output: { value: undefined, swapped } };
    }
    case 'append': {
      const value = (state ?? '') + input.value;
      return { state: value, output: { value, swapped: false } };
    }
    case 'add': {
      const value = `${(Number(state) || 0) + input.amount}`;
      return { state: value, output: { value, swapped: false } };
    }
  }
}

const show = (value: string | undefined): string => (value === undefined ? 'none' : `'${value}'`);

/** A map from keys to texts: one register a key. */
export const REGISTER_MODEL: Model<RegisterState, RegisterInput, RegisterOutput> = {
  initial: undefined,
  step: (state, input, output: RegisterOutput | Unknown) => {
    const after = applyRegister(state, input);
    if (output !== UNKNOWN) {
      const same = after.output.value === output.value && after.output.swapped === output.swapped;
      if (!same) return undefined;
    }
    return { state: after.state };
  },
  stateKey: show,
  partition: ({ key }) => key,
  describeInput: (input) => {
    switch (input.kind) {
      case 'get':
        return 'get';
      case 'set':
        return `set ${show(input.value)}`;
      case 'swap':
        return `swap ${show(input.expected)} for ${show(input.value)}`;
      case 'append':
        return `append ${show(input.value)}`;
      case 'add':
        return `add ${input.amount}`;
    }
  },
  describeOutput: ({ value, swapped }) => (swapped ? 'swapped' : show(value)),
};
