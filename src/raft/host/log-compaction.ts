import type { LogIndex } from '../core/entry.ts';
import type { LogSize } from './log-size.ts';

/** A log that may have become too long. */
export interface CompactionCandidate {
  /** What is forgotten already. */
  readonly compactedIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  /** Indexes behind which a follower still needs entries: it takes a snapshot of that index, or has them up to there. */
  readonly needed: readonly LogIndex[];
  readonly size: Pick<LogSize, 'bytesBehind' | 'indexWithin'>;
}

export interface CompactionOptions {
  readonly logEntriesKept: number;
  readonly logCompactionEntries: number;
  readonly logBytesKept: number;
  readonly logPinnedBytesMax: number;
}

/**
 * Up to where a log may be forgotten, besides what the state machine holds durably: a tail stays for followers that are a little behind, and more for those
 * that are further behind or take a snapshot, within a budget of bytes (else they would need a snapshot again, for ever). Undefined: not worth it yet.
 */
export function compactionTarget(
  { compactedIndex, appliedIndex, needed, size }: CompactionCandidate,
  { logEntriesKept, logCompactionEntries, logBytesKept, logPinnedBytesMax }: CompactionOptions,
): LogIndex | undefined {
  const tail = Math.max(appliedIndex - logEntriesKept, size.indexWithin(logBytesKept));
  const furthest = Math.min(appliedIndex, tail);
  const isWorthIt = (index: LogIndex): boolean =>
    index - compactedIndex >= logCompactionEntries ||
    size.bytesBehind(compactedIndex) - size.bytesBehind(index) >= logBytesKept / 2;
  if (!isWorthIt(furthest)) return undefined;
  const affordable = needed
    .filter((index) => index >= compactedIndex)
    .filter((index) => size.bytesBehind(index) <= logPinnedBytesMax);
  const target = Math.min(furthest, ...affordable);
  return isWorthIt(target) ? target : undefined;
}
