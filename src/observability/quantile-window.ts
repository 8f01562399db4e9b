import type { Clock } from '../base/clock.ts';

/** Values from `LEAST` on fall into buckets each 5 % wider than the one before. */
const LEAST = 1e-6;
const LOG_GROWTH = Math.log(1.05);
/** Reaches 1e-6 × 1.05^400, about 300. */
const BUCKETS = 400;
const SLICES = 6;

/**
 * Quantiles of the positive values seen in the last while, at most 5 % off. A value costs one logarithm and one increment; memory is
 * fixed.
 */
export class QuantileWindow {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #slices: readonly Uint32Array[] = Array.from(
    { length: SLICES },
    () => new Uint32Array(BUCKETS),
  );
  #newest: number;
  #count = 0;
  #sum = 0;

  /** @param options - `windowMs`: how long a value counts, in steps of a sixth */
  constructor(options: { readonly clock: Clock; readonly windowMs: number }) {
    this.#clock = options.clock;
    this.#sliceMs = options.windowMs / SLICES;
    this.#newest = this.#sliceNow();
  }

  /** Values since the start. */
  get count(): number {
    return this.#count;
  }

  /** Sum of all values since the start. */
  get sum(): number {
    return this.#sum;
  }

  /** Takes a value; what is not above 1e-6 counts as that. */
  observe(value: number): void {
    this.#forget();
    const bucket = value > LEAST ? Math.floor(Math.log(value / LEAST) / LOG_GROWTH) : 0;
    const slice = this.#slices[this.#newest % SLICES] as Uint32Array;
    const clamped = Math.min(bucket, BUCKETS - 1);
    slice[clamped] = (slice[clamped] as number) + 1;
    this.#count += 1;
    this.#sum += value;
  }

  /** The values that the given parts (0 to 1, ascending) of the window's values do not exceed; 0 where the window is empty. */
  quantiles(parts: readonly number[]): readonly number[] {
    this.#forget();
    const merged = new Float64Array(BUCKETS);
    let total = 0;
    for (const slice of this.#slices) {
      for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
        merged[bucket] = (merged[bucket] as number) + (slice[bucket] as number);
        total += slice[bucket] as number;
      }
    }
    return parts.map((part) => quantile(merged, total, part));
  }

  #sliceNow(): number {
    return Math.floor(this.#clock.monotonicMs() / this.#sliceMs);
  }

  #forget(): void {
    const now = this.#sliceNow();
    const stale = Math.min(now - this.#newest, SLICES);
    for (let step = 0; step < stale; step += 1) {
      (this.#slices[(now - step) % SLICES] as Uint32Array).fill(0);
    }
    this.#newest = Math.max(now, this.#newest);
  }
}

function quantile(merged: Float64Array, total: number, part: number): number {
  if (total === 0) return 0;
  const rank = Math.max(1, Math.ceil(part * total));
  let seen = 0;
  let bucket = 0;
  for (; bucket < BUCKETS - 1; bucket += 1) {
    seen += merged[bucket] as number;
    if (seen >= rank) break;
  }
  return LEAST * Math.exp(LOG_GROWTH * (bucket + 0.5));
}
