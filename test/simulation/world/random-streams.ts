import { seededRandom, type Random } from '../../../src/base/random.ts';

/** Draws of one concern; the same seed and name give the same ones, however much other concerns draw. */
export interface RandomStream extends Random {
  /** Whether something of probability `chance`, in [0, 1], happens. Draws nothing for 0. */
  happens(chance: number): boolean;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Exponential with this mean, at most ten times it. */
  exponential(mean: number): number;
  /** One of the items, of which there is at least one. */
  pick<T>(items: readonly T[]): T;
  /** In a new order. */
  shuffled<T>(items: readonly T[]): T[];
}

function streamOf(random: Random): RandomStream {
  return {
    next: () => random.next(),
    below: (bound) => random.below(bound),
    happens: (chance) => chance > 0 && random.next() < chance,
    between: (low, high) => low + random.next() * (high - low),
    exponential: (mean) => Math.min(-Math.log(1 - random.next()), 10) * mean,
    pick: (items) => items[random.below(items.length)] as (typeof items)[number],
    shuffled(items) {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = random.below(last + 1);
        [order[last], order[other]] = [order[other] as never, order[last] as never];
      }
      return order;
    },
  };
}

/** Mixes a text into a 32-bit number (FNV-1a, then finished as MurmurHash3 does). */
export function mixedHash(seed: number, text: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Every stream of random numbers of one simulation, from one seed. */
export class RandomStreams {
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A new stream; asked for twice it begins anew. */
  stream(name: string): RandomStream {
    return streamOf(seededRandom(mixedHash(this.seed, name)));
  }
}
