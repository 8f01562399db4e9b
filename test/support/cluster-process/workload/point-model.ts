import type { Model } from '../../../simulation/linearizability/model.ts';
import { UNKNOWN } from '../../../simulation/linearizability/operation.ts';

/** What is done to one point. `write` puts it there with a value and no note; `note` adds a note, where it is there. */
export interface PointInput {
  readonly kind: 'write' | 'note' | 'delete' | 'read';
  readonly key: number;
  /** Of a write and a note; no two have the same. */
  readonly text?: string;
}

/** `seen`: of a read, undefined where the point is not there. `changed`: of a write, how many points it says that it changed. */
export interface PointOutput {
  readonly seen?: PointState;
  readonly changed?: number;
}

/** A point as clients know it; undefined: it is not there. */
export type PointState = { readonly value: string; readonly note: string } | undefined;

/** Points by their keys, each by itself. */
export const POINT_MODEL: Model<PointState, PointInput, PointOutput> = {
  initial: undefined,
  step(state, input, output) {
    if (input.kind === 'read') {
      const isSame = output === UNKNOWN || stateText(output.seen) === stateText(state);
      return isSame ? { state } : undefined;
    }
    const { state: after, changed } = written(state, input);
    const isTold = output !== UNKNOWN && output.changed !== undefined;
    return isTold && output.changed !== changed ? undefined : { state: after };
  },
  stateKey: stateText,
  partition: ({ key }) => String(key),
  describeInput: ({ kind, text = '' }) => `${kind} ${text}`,
  describeOutput: ({ seen, changed }) =>
    changed === undefined ? stateText(seen) : `changed ${changed}`,
};

function written(
  state: PointState,
  { kind, text = '' }: PointInput,
): { readonly state: PointState; readonly changed: number } {
  if (kind === 'write') return { state: { value: text, note: '' }, changed: 1 };
  if (state === undefined) return { state, changed: 0 };
  if (kind === 'delete') return { state: undefined, changed: 1 };
  return { state: { ...state, note: text }, changed: 1 };
}

/** A point as text. */
export function stateText(state: PointState): string {
  return state === undefined ? 'none' : `${state.value}+${state.note}`;
}
