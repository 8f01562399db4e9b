/** What is given for the output of an operation whose outcome nobody knows: it may have taken effect at any time since its call, may yet, or never. */
export const UNKNOWN: unique symbol = Symbol('unknown');
export type Unknown = typeof UNKNOWN;

/** How an operation ended, as its client saw it. */
export interface Returned<Output> {
  /** Not before its call; the same unit as there. */
  readonly at: number;
  readonly output: Output;
}

/**
 * One operation of a history. An operation that surely did not take effect is left out of the history. Times are of one clock that all clients share; any
 * unit. What returns and what is called at the same time count as concurrent.
 */
export interface Operation<Input, Output> {
  /** Who asked; for people. */
  readonly client: string;
  readonly calledAt: number;
  readonly input: Input;
  /** undefined: the outcome is not known. */
  readonly returned: Returned<Output> | undefined;
}
