import type { Counter } from 'prom-client';

/** A counter of something that is counted elsewhere. */
export class CounterTotal<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #totals = new Map<string, number>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** Brings the counter to `total`; a smaller one than before means that the count began anew, at 0. */
  reach(labels: Partial<Record<Label, string>>, total: number): void {
    const key = JSON.stringify(labels);
    const before = this.#totals.get(key) ?? 0;
    this.#totals.set(key, total);
    this.#counter.inc(labels, total < before ? total : total - before);
  }

  /** What has these labels is no longer there: it is no longer shown. */
  forget(labels: Partial<Record<Label, string>>): void {
    this.#totals.delete(JSON.stringify(labels));
    this.#counter.remove(labels);
  }
}
