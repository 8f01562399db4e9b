import type { Operation } from '../linearizability/operation.ts';
import type { RegisterInput, RegisterOutput } from '../linearizability/register-model.ts';

/** An operation of a client, as it goes on. */
export interface RecordedOperation {
  readonly id: string;
  readonly group: number;
  readonly client: string;
  readonly calledAt: number;
  readonly input: RegisterInput;
  /** Of the group when it was called: what is acknowledged before is at or below it. */
  readonly commitAtCall: number;
  returned: { readonly at: number; readonly output: RegisterOutput } | undefined;
  /** It was refused: certainly without effect. */
  isRefused: boolean;
}

/** What all clients saw. */
export class History {
  readonly operations: RecordedOperation[] = [];

  /** An operation begins. */
  call(operation: Omit<RecordedOperation, 'returned' | 'isRefused'>): RecordedOperation {
    const recorded = { ...operation, returned: undefined, isRefused: false };
    this.operations.push(recorded);
    return recorded;
  }

  /** What is to be explained, of one group. */
  ofGroup(group: number): readonly Operation<RegisterInput, RegisterOutput>[] {
    return this.operations
      .filter((operation) => operation.group === group && !operation.isRefused)
      .filter(({ input, returned }) => input.kind !== 'get' || returned !== undefined);
  }
}
