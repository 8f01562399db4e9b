import type { KeyValueStore, StoreEntry, StoreSnapshot } from './key-value-store.ts';
import { collectionOf, replicatedKind, replicatedRanges } from './keyspace.ts';
import { encodeDropped } from './shard-rows.ts';

export interface ReplicatedRowsOptions {
  readonly snapshot: StoreSnapshot;
  /** Collections that were dropped as of the snapshot: what is left of their points is not there for anyone. */
  readonly dropped: ReadonlyMap<number, unknown>;
  /** The first key wanted; absent: from the start. */
  readonly from?: Uint8Array;
}

/**
 * The rows that replicas of a shard have in common, in the order of their keys, a slice at a time: the same on all replicas with the same applied entry. How far each
 * has come with sweeping is left out.
 */
export async function* replicatedRows(
  store: KeyValueStore,
  { snapshot, dropped, from }: ReplicatedRowsOptions,
): AsyncGenerator<readonly StoreEntry[], void, void> {
  for (const range of replicatedRanges()) {
    if (from !== undefined && Buffer.compare(range.to, from) <= 0) continue;
    const start = from !== undefined && Buffer.compare(range.from, from) < 0 ? from : range.from;
    for await (const slice of store.slices({ from: start, to: range.to }, { snapshot })) {
      const rows: StoreEntry[] = [];
      for (const { key, value } of slice) {
        const kind = replicatedKind(key);
        if (kind === 'record' && dropped.has(collectionOf(key))) continue;
        rows.push({
          key,
          value: kind === 'dropped' ? encodeDropped(collectionOf(key), true) : value,
        });
      }
      if (rows.length > 0) yield rows;
    }
  }
}
