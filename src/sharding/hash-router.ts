import { assert } from '../base/assert.ts';
import type { PointKey } from '../base/point-id.ts';

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * A hash of bytes: MurmurHash3_x86_32 (Austin Appleby, 2011, public domain).
 *
 * @param seed - 0 to 2^32-1
 * @returns 0 to 2^32-1
 */
export function murmur3(bytes: Uint8Array, seed: number): number {
  let hash = seed | 0;
  const blocksEnd = bytes.length & ~3;
  for (let at = 0; at < blocksEnd; at += 4) {
    const block =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= blocksEnd; at -= 1)
    rest = (rest << 8) | (bytes[at] as number);
  hash ^= scramble(rest) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}

/** Says which shard a point belongs to. Part of the format on disk: it never changes (docs/formats/shard-store.md). */
export class HashRouter {
  readonly shardCount: number;

  /** @param options.shardCount - 1 to 65,535 */
  constructor(options: { readonly shardCount: number }) {
    const { shardCount } = options;
    assert(
      Number.isInteger(shardCount) && shardCount >= 1 && shardCount <= 0xffff,
      'a shard count lies between 1 and 65,535',
    );
    this.shardCount = shardCount;
  }

  /** The point's shard: the hash of its key, seeded with the collection's number, modulo the number of shards. */
  shardOf(collection: number, key: PointKey): number {
    return murmur3(key, collection >>> 0) % this.shardCount;
  }
}
