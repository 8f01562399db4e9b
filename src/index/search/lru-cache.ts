import type { LookupCounts } from './lookup-counts.ts';

/** The values used last, at most `capacity` of them. */
export class LruCache<V> {
  readonly #capacity: number;
  readonly #lookups: LookupCounts | undefined;
  readonly #values = new Map<string, V>();

  /** @param lookups - told of every `get` */
  constructor(capacity: number, lookups?: LookupCounts) {
    this.#capacity = capacity;
    this.#lookups = lookups;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) {
      this.#lookups?.miss();
      return undefined;
    }
    this.#lookups?.hit();
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#capacity) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
