/** What a load did. */
export interface LoadResult {
  readonly calls: number;
  readonly failures: number;
  /** What the first of them said; empty where there are none. */
  readonly firstFailure: string;
  readonly seconds: number;
  /** Of each call that did not fail, ascending. */
  readonly latenciesMs: Float64Array;
}

export interface LoadOptions {
  /** Calls under way at the same time: each next one starts when one ends. */
  readonly concurrency: number;
  /** Calls in all. */
  readonly calls: number;
  /** No call starts after so many milliseconds. */
  readonly timeMsMax?: number;
  readonly call: (index: number) => Promise<unknown>;
}

const FAILURES_MAX = 100;

/**
 * A closed loop: as many callers as `concurrency`, each waiting for its answer.
 *
 * @throws the first failure, after a hundred of them or where nothing else happened
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { concurrency, calls, call, timeMsMax = Infinity } = options;
  const latencies: number[] = [];
  let next = 0;
  let failures = 0;
  let failure: unknown;
  const start = performance.now();
  const caller = async (): Promise<void> => {
    while (next < calls && performance.now() - start < timeMsMax && failures < FAILURES_MAX) {
      const index = next;
      next += 1;
      const began = performance.now();
      try {
        await call(index);
        latencies.push(performance.now() - began);
      } catch (error) {
        failures += 1;
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - start) / 1000;
  if (failures >= FAILURES_MAX || (failures > 0 && latencies.length === 0)) throw failure;
  return {
    calls: latencies.length + failures,
    failures,
    firstFailure: failure instanceof Error ? failure.message : '',
    seconds,
    latenciesMs: Float64Array.from(latencies).sort(),
  };
}

/** The value below which the share `quantile` of ascending values lies; 0 where there are none. */
export function quantileOf(ascending: ArrayLike<number>, quantile: number): number {
  if (ascending.length === 0) return 0;
  const index = Math.min(ascending.length - 1, Math.floor(ascending.length * quantile));
  return ascending[index] as number;
}

/** The value in the middle of any values. */
export function median(values: readonly number[]): number {
  return quantileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
