import type { Entry } from '../core/entry.ts';
import type { GroupWrite } from '../log/log-storage.ts';

/**
 * Two writes of one group as one that leaves the same log, so that the group takes one record of a batch however many turns it gathered. Undefined where
 * their parts would take effect in another order.
 *
 * @param second - made after `first`
 */
export function mergeWrites(first: GroupWrite, second: GroupWrite): GroupWrite | undefined {
  const startsAnew =
    second.create !== undefined || second.snapshot !== undefined || second.destroy === true;
  if (startsAnew || first.destroy === true) return undefined;
  const entries = mergeEntries(first.entries ?? [], second.entries ?? []);
  // Compaction comes after the entries of its own write; behind it they could not be replaced.
  if (first.compactTo !== undefined && (second.entries?.length ?? 0) > 0) return undefined;
  const hardState = second.hardState ?? first.hardState;
  const compactTo = second.compactTo ?? first.compactTo;
  return {
    ...first,
    ...(hardState === undefined ? {} : { hardState }),
    ...(entries.length === 0 ? {} : { entries }),
    ...(compactTo === undefined ? {} : { compactTo }),
  };
}

/** The later ones replace everything from their first index on. */
function mergeEntries(first: readonly Entry[], second: readonly Entry[]): readonly Entry[] {
  const [start] = second;
  if (start === undefined) return first;
  if (first.length === 0) return second;
  return [...first.filter(({ index }) => index < start.index), ...second];
}
