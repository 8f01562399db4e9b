import type { Random } from '../base/random.ts';

const FIRST_MS = 25;
const MAX_MS = 2_000;

/**
 * How long to wait before the next round of attempts: twice as long each time, shortened by chance so that clients do not come back all at once.
 *
 * @param round - 0 and up
 * @param retryAfterMs - what the node asked for: never less than that
 */
export function retryDelayMs(
  round: number,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(round, 30));
  return Math.max(retryAfterMs ?? 0, full * (0.5 + random.next() / 2));
}
