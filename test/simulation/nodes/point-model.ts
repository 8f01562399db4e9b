import type { Model } from '../linearizability/model.ts';
import { UNKNOWN } from '../linearizability/operation.ts';

/** What can be done to one point. `deleteIf`: where its value is the expected one. */
export type PointInput =
  | { readonly kind: 'read' | 'exists' | 'delete'; readonly key: string }
  | {
      readonly kind: 'upsert' | 'overwrite' | 'setNote' | 'deleteIf';
      readonly key: string;
      readonly value: string;
    };

/** `seen`: of a read, the point as text, `''` where it is not there. `changed`: how many points a write says that it changed; undefined: it does not say of which. */
export interface PointOutput {
  readonly seen?: string;
  readonly changed?: number | undefined;
}

/** A point: its value, and what was noted since; undefined: it is not there. */
export type PointState = { readonly value: string; readonly note: string } | undefined;

/** A point as text. */
export const pointText = (state: PointState): string =>
  state === undefined ? '' : `${state.value}+${state.note}`;

function stepped(
  state: PointState,
  input: PointInput,
): { readonly state: PointState; readonly changed: number } {
  switch (input.kind) {
    case 'upsert':
      return { state: { value: input.value, note: '' }, changed: 1 };
    case 'delete':
      return { state: undefined, changed: state === undefined ? 0 : 1 };
    case 'deleteIf':
      return state?.value === input.value
        ? { state: undefined, changed: 1 }
        : { state, changed: 0 };
    case 'overwrite':
      if (state === undefined) return { state, changed: 0 };
      return { state: { value: input.value, note: '' }, changed: 1 };
    case 'setNote':
      if (state === undefined) return { state, changed: 0 };
      return { state: { ...state, note: input.value }, changed: 1 };
    case 'read':
    case 'exists':
      return { state, changed: 0 };
  }
}

/** A map from keys to points. */
export const POINT_MODEL: Model<PointState, PointInput, PointOutput> = {
  initial: undefined,
  step: (state, input, output) => {
    const after = stepped(state, input);
    if (output === UNKNOWN) return { state: after.state };
    if (input.kind === 'read' && output.seen !== pointText(state)) return undefined;
    if (input.kind === 'exists' && (output.seen !== '') !== (state !== undefined)) return undefined;
    if (output.changed !== undefined && output.changed !== after.changed) return undefined;
    return { state: after.state };
  },
  stateKey: pointText,
  partition: ({ key }) => key,
  describeInput: (input) => `${input.kind} ${'value' in input ? input.value : ''}`,
  describeOutput: ({ seen, changed }) => `${seen ?? ''} ${changed ?? ''}`,
};
