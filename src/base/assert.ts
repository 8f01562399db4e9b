/** A broken invariant: a bug in this program, never an expected failure. It is not caught; it ends the process. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * States an invariant; stays on in production.
 *
 * @throws {InvariantError} when `condition` does not hold
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The value, which the caller knows to be present. */
export function must<T>(value: T | undefined | null, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
