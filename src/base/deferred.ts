/** A promise with its ends in hand. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A new promise, neither resolved nor rejected. */
export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}
