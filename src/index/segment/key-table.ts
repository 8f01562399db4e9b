import type { PointKey } from '../../base/point-id.ts';

/** FNV-1a (Fowler, Noll, Vo) from a seed, then the finalizer of MurmurHash3 (Appleby), so that every bit depends on every byte. */
function hashKey(key: PointKey, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ (key[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const BUCKET_SEED = 0;
const FINGERPRINT_SEED = 0x5bd1e995;

/**
 * From key to slot for an immutable segment: open addressing with linear probing over pairs of numbers (fingerprint, slot + 1; 0: free), at most two
 * thirds full. The table knows keys by a 32-bit fingerprint only; the caller compares the key itself.
 */
export class KeyTable {
  /** `2 * capacity` numbers; `capacity` is a power of two. */
  readonly entries: Uint32Array<SharedArrayBuffer>;
  readonly #mask: number;

  constructor(entries: Uint32Array<SharedArrayBuffer>) {
    this.entries = entries;
    this.#mask = entries.length / 2 - 1;
  }

  /** An empty table with room for `keys` keys. */
  static withRoomFor(keys: number): KeyTable {
    let capacity = 8;
    while (capacity * 2 < keys * 3) capacity *= 2;
    return new KeyTable(new Uint32Array(new SharedArrayBuffer(capacity * 8)));
  }

  /** `key` is not in the table yet. */
  add(key: PointKey, slot: number): void {
    let bucket = hashKey(key, BUCKET_SEED) & this.#mask;
    while (this.entries[2 * bucket + 1] !== 0) bucket = (bucket + 1) & this.#mask;
    this.entries[2 * bucket] = hashKey(key, FINGERPRINT_SEED);
    this.entries[2 * bucket + 1] = slot + 1;
  }

  /** The slot of `key`; `isKey` says whether a slot's key is the one looked for. */
  find(key: PointKey, isKey: (slot: number) => boolean): number | undefined {
    const fingerprint = hashKey(key, FINGERPRINT_SEED);
    let bucket = hashKey(key, BUCKET_SEED) & this.#mask;
    for (;;) {
      const entry = this.entries[2 * bucket + 1] as number;
      if (entry === 0) return undefined;
      if (this.entries[2 * bucket] === fingerprint && isKey(entry - 1)) return entry - 1;
      bucket = (bucket + 1) & this.#mask;
    }
  }
}
