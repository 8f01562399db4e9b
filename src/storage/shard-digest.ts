import { createHash } from 'node:crypto';
import { VectorDbError } from '../base/error.ts';
import type { ReadOptions } from './key-value-store.ts';
import { collectionOf, replicatedKind } from './keyspace.ts';
import { decodeRecord } from './record-codec.ts';
import type { ShardReader } from './shard-reader.ts';

/** What a shard holds, in a few bytes: two replicas with the same applied entry have the same digest. */
export interface ShardDigest {
  readonly records: number;
  /** SHA-256 over the applied entry, the epoch and all replicated rows in key order, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads the whole shard a slice at a time, checks every record, and compares the point counts with what is there.
 *
 * @throws {VectorDbError} DATA_CORRUPT
 */
export async function digestShard(
  reader: ShardReader,
  options: ReadOptions & { readonly signal?: AbortSignal } = {},
): Promise<ShardDigest> {
  const hash = createHash('sha256');
  const counted = new Map<number, number>();
  const { appliedIndex, appliedTerm, epoch } = reader.state(options);
  const expected = await reader.collections(options);
  hash.update(`${appliedTerm} ${appliedIndex} ${epoch}`);
  const lengths = Buffer.alloc(8);
  let records = 0;
  for await (const slice of reader.replicated(options)) {
    options.signal?.throwIfAborted();
    for (const { key, value } of slice) {
      lengths.writeUInt32LE(key.length, 0);
      lengths.writeUInt32LE(value.length, 4);
      hash.update(lengths).update(key).update(value);
      if (replicatedKind(key) !== 'record') continue;
      decodeRecord(reader.shard, key, value, { vectors: false, payload: false });
      const collection = collectionOf(key);
      counted.set(collection, (counted.get(collection) ?? 0) + 1);
      records += 1;
    }
  }
  for (const collection of new Set([...expected.keys(), ...counted.keys()])) {
    const [want, have] = [expected.get(collection) ?? 0, counted.get(collection) ?? 0];
    if (want !== have) {
      throw new VectorDbError(
        'DATA_CORRUPT',
        `collection ${collection} has ${have} points in shard ${reader.shard}, not ${want}: its files were damaged`,
      );
    }
  }
  return { records, sha256: hash.digest('hex') };
}
