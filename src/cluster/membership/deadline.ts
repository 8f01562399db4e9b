import type { Clock } from '../../base/clock.ts';

/** Does something with a signal that is aborted after `limitMs`, or with `parent`. */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController();
  const end = (): void => limited.abort();
  const timer = clock.after(limitMs, end);
  if (parent?.aborted) end();
  else parent?.addEventListener('abort', end);
  try {
    return await work(limited.signal);
  } finally {
    timer.cancel();
    parent?.removeEventListener('abort', end);
  }
}
