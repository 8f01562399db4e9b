import { VectorDbError } from '../../base/error.ts';
import { type PointKey, pointKeyText } from '../../base/point-id.ts';
import type { CollectionIndex } from './collection-index.ts';
import type { IndexEvent } from './index-event.ts';
import {
  FILL_FROZEN_ROWS_MAX,
  type FillSource,
  ShardFill,
  type StoredRecord,
} from './shard-fill.ts';

/** What recovery reads of a shard's store. It may be written and trimmed meanwhile; what is written is given to the index as well, later. */
export interface RecoverySource extends FillSource {
  get(collection: number, key: PointKey): StoredRecord | undefined;
  /** Which points each log index touched, from `from` on, a slice at a time; undefined where that is not known any more. */
  journal(from: number): Promise<AsyncIterable<readonly JournalRow[]> | undefined>;
}

interface JournalRow {
  readonly collection: number;
  readonly keys: readonly PointKey[];
}

export interface RecoveryOptions {
  readonly index: CollectionIndex;
  /** By shard: all that are here. */
  readonly stores: ReadonlyMap<number, RecoverySource>;
  /** Whether shards that have to be read as a whole, and have more than a few points, are left to the caller. */
  readonly fillLater?: boolean;
  /** Records that are read at once. */
  readonly sliceRows?: number;
  readonly log?: (
    level: IndexEvent['level'],
    event: string,
    fields: Record<string, unknown>,
  ) => void;
}

/**
 * Brings an index to what the stores hold. Points of shards that have left, or whose store is another one than the index was made from, go. Where the index
 * knows what it has of a store, ids named in the journal behind that are read again; where it does not (a new index or store, a damaged segment, a journal that was
 * trimmed), every record of the shard is compared with what the index has.
 *
 * @returns what is left to be filled; empty unless `fillLater`
 * @throws {VectorDbError} DATA_CORRUPT: the index has writes that a store has not
 */
export async function recoverIndex(options: RecoveryOptions): Promise<ShardFill[]> {
  const { index, stores, sliceRows, log } = options;
  for (const [shard, store] of stores) assertNothingLost(index, shard, store);
  index.forgetShard(
    ...index.shards.map(({ shard }) => shard).filter((shard) => !stores.has(shard)),
  );
  const left: ShardFill[] = [];
  for (const [shard, source] of stores) {
    const { appliedIndex } = source;
    const from = index.admitShard(shard, source.lineage ?? 0) + 1;
    const journal = from > 1 ? await source.journal(from) : undefined;
    let changed = 0;
    if (journal !== undefined) {
      changed = await replay(index, shard, source, journal);
      index.completeShard(shard, appliedIndex);
      index.commit([]);
    } else {
      const fill = new ShardFill({ index, shard, source, ...(sliceRows && { sliceRows }) });
      const isFilled = (await fill.step()) === 'filled';
      if (!isFilled && options.fillLater === true) {
        left.push(fill);
        continue;
      }
      if (!isFilled) await fill.run((action) => action());
      ({ changed } = fill);
    }
    if (changed === 0) continue;
    const { number: collection } = index.schema;
    const how = journal === undefined ? 'scan' : 'journal';
    log?.('info', 'index_recovered', { collection, shard, how, from, appliedIndex, changed });
  }
  index.checkpoint();
  return left;
}

/** An index is never ahead of its store, which is durable first; where it is, the store has lost writes that were acknowledged. */
function assertNothingLost(index: CollectionIndex, shard: number, store: RecoverySource): void {
  const isOther = index.lineage(shard) !== (store.lineage ?? 0);
  const known = isOther ? 0 : index.watermark(shard);
  if (known <= store.appliedIndex) return;
  throw new VectorDbError(
    'DATA_CORRUPT',
    `writes ${store.appliedIndex + 1} to ${known} of shard ${shard} are missing, which the index of collection ${index.schema.number} has: ` +
      'restore the folder from a backup, or remove its part index/ to go on without these writes',
  );
}

/** Points of a journal, as they are now. Returns how many the index had otherwise. */
async function replay(
  index: CollectionIndex,
  shard: number,
  store: RecoverySource,
  journal: AsyncIterable<readonly JournalRow[]>,
): Promise<number> {
  const { number: collection } = index.schema;
  const seen = new Set<string>();
  let changed = 0;
  for await (const slice of journal) {
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

function put(
  index: CollectionIndex,
  shard: number,
  key: PointKey,
  record: StoredRecord | undefined,
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
  if (index.pressure() > FILL_FROZEN_ROWS_MAX) await index.relief(FILL_FROZEN_ROWS_MAX);
}
