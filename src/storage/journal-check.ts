import { VectorDbError } from '../base/error.ts';
import type { KeyValueStore } from './key-value-store.ts';
import { journalIndexOf, journalRange } from './keyspace.ts';
import type { ShardState } from './shard-rows.ts';

const SLICE_ROWS = 1_000;

/**
 * Every batch holds the journal rows of its log indexes, and rows are trimmed only after LevelDB's log was emptied into tables. So a batch that LevelDB
 * dropped from its log without a word leaves a gap in the journal.
 *
 * @throws {VectorDbError} DATA_CORRUPT
 */
export async function assertNoHole(
  store: KeyValueStore,
  shard: number,
  state: ShardState,
): Promise<void> {
  let expected = state.journalStart;
  const range = journalRange(state.journalStart);
  for await (const slice of store.slices(range, { values: false, sliceEntries: SLICE_ROWS })) {
    for (const { key } of slice) {
      const index = journalIndexOf(key);
      if (index !== expected) throw missingWrites(shard, expected, index - 1);
      expected += 1;
    }
  }
  if (expected !== state.appliedIndex + 1) throw missingWrites(shard, expected, state.appliedIndex);
}

/** The error for a store that has lost what was written. */
export function missingWrites(shard: number, from: number, to: number): VectorDbError {
  const what =
    to < from
      ? `the state row of shard ${shard} is older than its journal`
      : `writes ${from} to ${to} of shard ${shard} are missing`;
  return new VectorDbError(
    'DATA_CORRUPT',
    `${what}: its files were damaged; restore the shard from a backup or a replica`,
  );
}
