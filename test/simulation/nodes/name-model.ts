import type { Model } from '../linearizability/model.ts';
import { UNKNOWN } from '../linearizability/operation.ts';

/** What can be done to a name of the catalog: a collection's, or an alias's, which `set` points at a collection. */
export type NameInput =
  | { readonly kind: 'create' | 'drop' | 'exists'; readonly name: string }
  | { readonly kind: 'set'; readonly name: string; readonly to: string };

/** Whether it was made, was there, or was seen; `to`: what an alias is. */
export interface NameOutput {
  readonly was: boolean;
}

/** What a name stands for; empty: nothing. */
export type NameState = string;

/** The catalog's names, each by itself. */
export const NAME_MODEL: Model<NameState, NameInput, NameOutput> = {
  initial: '',
  step: (state, input, output) => {
    const isThere = state !== '';
    if (output !== UNKNOWN && input.kind !== 'set') {
      const expected = input.kind === 'create' ? !isThere : isThere;
      if (output.was !== expected) return undefined;
    }
    switch (input.kind) {
      case 'create':
        return { state: isThere ? state : input.name };
      case 'drop':
        return { state: '' };
      case 'set':
        return { state: input.to };
      case 'exists':
        return { state };
    }
  },
  stateKey: (state) => state,
  partition: ({ name }) => name,
  describeInput: ({ kind }) => kind,
  describeOutput: ({ was }) => `${was}`,
};
