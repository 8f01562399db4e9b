import { VectorDbError } from '../../base/error.ts';
import { type PointKey, pointKeyText } from '../../base/point-id.ts';
import type { CollectionIndex } from './collection-index.ts';
import type { IndexEvent } from './index-event.ts';

/** A point as a shard's store holds it. */
export interface RecoveryRecord {
  readonly version: number;
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: Uint8Array;
}

/** What recovery reads of a shard's store, which nobody writes meanwhile. */
export interface RecoverySource {
  readonly appliedIndex: number;
  /** The first log index whose journal row is kept. */
  readonly journalStart: number;
  get(collection: number, key: PointKey): RecoveryRecord | undefined;
  /** All records of a collection, a slice at a time. */
  records(
    collection: number,
  ): AsyncIterable<readonly { readonly key: PointKey; readonly record: RecoveryRecord }[]>;
  /** Which points each log index touched, from `from` on, a slice at a time. */
  journal(
    from: number,
  ): AsyncIterable<readonly { readonly collection: number; readonly keys: readonly PointKey[] }[]>;
}

export interface RecoveryOptions {
  readonly index: CollectionIndex;
  /** By shard. */
  readonly stores: ReadonlyMap<number, RecoverySource>;
  readonly log?: (
    level: IndexEvent['level'],
    event: string,
    fields: Record<string, unknown>,
  ) => void;
}

/** Rows that may wait to be sealed while recovery goes on; beyond, it waits for the builder. */
const FROZEN_ROWS_MAX = 65_536;

/**
 * Brings an index to what the stores hold. Where its watermark says what it has, ids named in the journal behind that are read again; where nothing is
 * known (a new index, a damaged one, a journal that was trimmed), every record of the shard is compared with what the index has.
 *
 * @throws {VectorDbError} DATA_CORRUPT: the index has writes that a store has not
 */
export async function recoverIndex(options: RecoveryOptions): Promise<void> {
  const { index, stores, log } = options;
  for (const [shard, store] of stores) assertNothingLost(index, shard, store);
  for (const [shard, store] of stores) {
    const { appliedIndex } = store;
    const from = index.watermark(shard) + 1;
    const isKnown = from > 1 && from >= store.journalStart;
    const changed = isKnown
      ? await replay(index, shard, store, from)
      : await reconcile(index, shard, store);
    index.commit([[shard, appliedIndex]]);
    if (changed === 0) continue;
    const { number: collection } = index.schema;
    const how = isKnown ? 'journal' : 'scan';
    log?.('info', 'index_recovered', { collection, shard, how, from, appliedIndex, changed });
  }
  index.checkpoint();
}

/** An index is never ahead of its store, which is durable first; where it is, the store has lost writes that were acknowledged. */
function assertNothingLost(index: CollectionIndex, shard: number, store: RecoverySource): void {
  const known = index.watermark(shard);
  if (known <= store.appliedIndex) return;
  throw new VectorDbError(
    'DATA_CORRUPT',
    `writes ${store.appliedIndex + 1} to ${known} of shard ${shard} are missing, which the index of collection ${index.schema.number} has: ` +
      'restore the folder from a backup, or remove its part index/ to go on without these writes',
  );
}

/** Points of the journal from `from` on, as they are now. Returns how many the index had otherwise. */
async function replay(
  index: CollectionIndex,
  shard: number,
  store: RecoverySource,
  from: number,
): Promise<number> {
  const { number: collection } = index.schema;
  const seen = new Set<string>();
  let changed = 0;
  if (from > store.appliedIndex) return changed;
  for await (const slice of store.journal(from)) {
    for (const row of slice) {
      if (row.collection !== collection) continue;
      for (const key of row.keys) {
        const text = pointKeyText(key);
        if (seen.has(text)) continue;
        seen.add(text);
        changed += put(index, shard, key, store.get(collection, key));
      }
    }
    await settle(index);
  }
  return changed;
}

/** Every record of the shard; points that the store does not have any more go. */
async function reconcile(
  index: CollectionIndex,
  shard: number,
  store: RecoverySource,
): Promise<number> {
  const { number: collection } = index.schema;
  const gone = new Map<string, PointKey>();
  if (index.liveRows > 0) {
    for (const key of index.keysOfShard(shard)) gone.set(pointKeyText(key), key);
  }
  let changed = 0;
  for await (const slice of store.records(collection)) {
    for (const { key, record } of slice) {
      gone.delete(pointKeyText(key));
      changed += put(index, shard, key, record);
    }
    await settle(index);
  }
  for (const key of gone.values()) if (index.remove(key)) changed += 1;
  return changed;
}

function put(
  index: CollectionIndex,
  shard: number,
  key: PointKey,
  record: RecoveryRecord | undefined,
): number {
  if (record === undefined) return index.remove(key) ? 1 : 0;
  if (index.isCurrent(key, record.version)) return 0;
  const { version, vectors, payload } = record;
  index.upsert({ key, shard, version, vectors, payload });
  return 1;
}

/** Makes a slice's changes visible; what the shard's index is, is only known at the end of the shard. */
async function settle(index: CollectionIndex): Promise<void> {
  index.commit([]);
  if (index.pressure() > FROZEN_ROWS_MAX) await index.relief(FROZEN_ROWS_MAX);
}
