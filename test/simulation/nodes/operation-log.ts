import type { Operation } from '../linearizability/operation.ts';

/** An operation of a client, as it goes on. */
export interface OngoingOperation<Input, Output> {
  readonly client: string;
  readonly calledAt: number;
  readonly input: Input;
  returned: { readonly at: number; readonly output: Output } | undefined;
  /** Certainly without effect, or without interest: left out. */
  isVoid: boolean;
}

/** What clients asked for and saw. */
export class OperationLog<Input, Output> {
  readonly operations: OngoingOperation<Input, Output>[] = [];

  call(client: string, calledAt: number, input: Input): OngoingOperation<Input, Output> {
    const operation = { client, calledAt, input, returned: undefined, isVoid: false };
    this.operations.push(operation);
    return operation;
  }

  /** What is to be explained. */
  get history(): readonly Operation<Input, Output>[] {
    return this.operations.filter(({ isVoid }) => !isVoid);
  }
}
