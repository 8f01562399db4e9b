import type { Unknown } from './operation.ts';

/** What a single copy of the object would do, one operation after the other. States are values: `step` makes a new one. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /** The state after `input`, where `output` is what it could answer in `state` ({@link Unknown}: whatever it answered); undefined where it is not. */
  step(state: State, input: Input, output: Output | Unknown): { readonly state: State } | undefined;
  /** Equal for equal states, and only for them. */
  stateKey(state: State): string;
  /** Inputs of different partitions do not affect each other: each partition is linearizable or not by itself (Herlihy and Wing 1990, locality). */
  partition(input: Input): string;
  /** Equal for equal inputs of a partition, and only for them; read by people too. */
  describeInput(input: Input): string;
  describeOutput(output: Output): string;
}
