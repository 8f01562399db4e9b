import type { ErrorCode } from '../base/error-codes.ts';
import { toVectorDbError, VectorDbError } from '../base/error.ts';

/** What says least about the outcome comes first. */
const WORST_FIRST: readonly ErrorCode[] = [
  'OUTCOME_UNKNOWN',
  'DEADLINE_EXCEEDED',
  'SESSION_EXPIRED',
];

/** How a write failed whose parts, one a shard, failed in part; undefined: none did. */
export function worstFailure(
  outcomes: readonly PromiseSettledResult<unknown>[],
): VectorDbError | undefined {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [toVectorDbError(outcome.reason)] : [],
  );
  const worst =
    failures.find(({ code }) => code === 'INTERNAL') ??
    WORST_FIRST.map((code) => failures.find((failure) => failure.code === code)).find(Boolean) ??
    failures[0];
  if (worst === undefined || outcomes.length === 1) return worst;
  const written = outcomes.length - failures.length;
  const text = `${worst.message} (of the write's ${outcomes.length} parts, one a shard, ${written} were applied)`;
  return new VectorDbError(worst.code, text, {
    ...(worst.field === undefined ? {} : { field: worst.field }),
    ...(worst.retryAfterMs === undefined ? {} : { retryAfterMs: worst.retryAfterMs }),
    cause: worst,
  });
}
