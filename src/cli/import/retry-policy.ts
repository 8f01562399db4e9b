import { pause, type Clock } from '../../base/clock.ts';
import { toVectorDbError, type VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For how long after its first failure an operation is tried again, in milliseconds. */
  readonly patienceMs: number;
  /** Ends pauses, and with them the trying. */
  readonly signal: AbortSignal;
  /** Told of each failure that is followed by another try. */
  readonly onRetry?: (error: VectorDbError, waitMs: number) => void;
}

const FIRST_WAIT_MS = 100;
const WAIT_MAX_MS = 5_000;

/**
 * Does an operation that may be done twice, again and again while its errors are retryable: waits double from 100 ms to 5 s, each between half
 * of that and all of it, and never shorter than the server asks for.
 *
 * @throws what the last try threw
 */
export async function withRetries<T>(
  options: RetryOptions,
  operation: () => Promise<T>,
): Promise<T> {
  const { clock, random, signal } = options;
  let giveUpAt: number | undefined;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await operation();
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      const now = clock.monotonicMs();
      giveUpAt ??= now + options.patienceMs;
      const full = Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 16));
      const waitMs = Math.max(full * (0.5 + 0.5 * random.next()), error.retryAfterMs ?? 0);
      if (!error.retryable || signal.aborted || now + waitMs > giveUpAt) throw error;
      options.onRetry?.(error, waitMs);
      await pause(clock, waitMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
