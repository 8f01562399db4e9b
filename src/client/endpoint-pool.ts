import { must } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import type { EndpointHealth } from './endpoint-health.ts';

/**
 * Chooses where a request goes. Writes stay with one endpoint while it works, so that its connection and its knowledge of leaders are warm; reads are spread:
 * of two endpoints drawn by chance, the one with less to do gets it.
 */
export class EndpointPool {
  readonly #all: readonly EndpointHealth[];
  readonly #random: Random;
  #preferred: EndpointHealth | undefined;

  /** @param options.endpoints - at least one */
  constructor(options: { readonly endpoints: readonly EndpointHealth[]; readonly random: Random }) {
    this.#all = options.endpoints;
    this.#random = options.random;
  }

  /** @param tried - not chosen again while there is another one that is usable */
  choose(isWrite: boolean, tried: ReadonlySet<EndpointHealth>): EndpointHealth {
    const usable = this.#all.filter((each) => each.isUsable);
    const fresh = usable.filter((each) => !tried.has(each));
    // With nobody left, any of them may have come back before its probe says so.
    const candidates = [fresh, usable, this.#all].find((each) => each.length > 0) ?? this.#all;
    if (!isWrite) return this.#lighterOfTwo(candidates);
    if (this.#preferred === undefined || !candidates.includes(this.#preferred)) {
      this.#preferred = this.#lighterOfTwo(candidates);
    }
    return this.#preferred;
  }

  /** Whether there is a usable endpoint that was not tried. */
  hasFresh(tried: ReadonlySet<EndpointHealth>): boolean {
    return this.#all.some((each) => each.isUsable && !tried.has(each));
  }

  [Symbol.dispose](): void {
    for (const each of this.#all) each[Symbol.dispose]();
  }

  #lighterOfTwo(candidates: readonly EndpointHealth[]): EndpointHealth {
    const first = this.#random.below(candidates.length);
    const one = must(candidates[first], 'there is a candidate');
    if (candidates.length === 1) return one;
    const step = 1 + this.#random.below(candidates.length - 1);
    const other = must(candidates[(first + step) % candidates.length], 'there are two');
    return other.load < one.load ? other : one;
  }
}
