/** A stream of random numbers; the same seed gives the same stream on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound); `bound` is a positive safe integer. */
  below(bound: number): number;
}

/**
 * A seeded generator (mulberry32: a 32-bit counter, mixed). Good enough for rotations, jitter and simulations; not for
 * secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (bound) => Math.floor(next() * bound) };
}

/** A normally distributed number (Box and Muller 1958), mean 0, variance 1. */
export function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

/** The process's own unseeded randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  below: (bound) => Math.floor(Math.random() * bound),
};
