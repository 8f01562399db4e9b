import type { CollectionSchema } from '../collection-schema.ts';
import type { GraphEncoding } from '../engine/graph-engine.ts';
import type { ArenaHandle } from '../vector-arena.ts';

/**
 * All segments of a collection on this node at one time, as a message: what a search thread needs to search it. Everything mutable in it lies in shared
 * memory and is written by the apply thread only.
 *
 * Time is the collection's *sequence*: one more for each batch that the apply thread makes visible. A row is visible to a search at sequence `s` when
 * `createdAt <= s` and (`deletedAt` is 0 or `deletedAt > s`). A search reads `committed` once, at its start. A view is replaced as a whole when its
 * segments change; `committed` of the old view then stands still, so that a search still using it sees one moment.
 */
export interface IndexView {
  readonly schema: CollectionSchema;
  /** One more with each view of the collection. */
  readonly version: number;
  /** A Float64Array of one number: the sequence that is visible. */
  readonly committed: SharedArrayBuffer;
  /** The shards whose points the segments hold, ascending; visible rows are of these only. */
  readonly shards: readonly ShardOfView[];
  readonly growing: readonly GrowingHandle[];
  readonly sealed: readonly SealedHandle[];
}

/** A shard whose points a view has. */
export interface ShardOfView {
  readonly shard: number;
  /** Whether it has all of them: not while they are still being read in. */
  readonly isIndexed: boolean;
}

/** A segment that still takes rows, or took its last and is being built: append-only rows in shared memory. */
export interface GrowingHandle {
  readonly kind: 'growing';
  readonly id: number;
  readonly capacity: number;
  /** Int32Array: [0] rows written. Read it before reading rows. */
  readonly state: SharedArrayBuffer;
  /** Float64Array of `capacity` each: sequence at which the row came, and went (0: it is there). */
  readonly createdAt: SharedArrayBuffer;
  readonly deletedAt: SharedArrayBuffer;
  /** Uint16Array of `capacity`: the row's shard. */
  readonly shards: SharedArrayBuffer;
  /** Float64Array of `capacity`: the point's version. */
  readonly versions: SharedArrayBuffer;
  /** Uint32Array of `2 * capacity + 1`: where each row's key and then its payload begin in `bytes`, and the end. */
  readonly offsets: SharedArrayBuffer;
  /** Keys and payloads, one after another; growable. */
  readonly bytes: SharedArrayBuffer;
  readonly columns: Readonly<Record<string, GrowingColumn>>;
}

/** One named vector of a growing segment. */
export interface GrowingColumn {
  readonly arena: ArenaHandle;
  /** One byte a row: 1 where the point has this vector. */
  readonly present: SharedArrayBuffer;
}

/** An immutable segment: files that every thread opens for itself, originals and tombstones in shared memory. */
export interface SealedHandle {
  readonly kind: 'sealed';
  readonly id: number;
  readonly rows: number;
  readonly directory: string;
  /** Float64Array of `rows`: sequence at which the row went, 0: it is there. */
  readonly deletedAt: SharedArrayBuffer;
  /** Int32Array: [0] rows deleted. */
  readonly deletedCount: SharedArrayBuffer;
  /** Uint16Array of `rows`; Float64Array of `rows`; Float64Array of `2 * rows + 1` offsets into the file `points.bin` (key, payload, key, …). */
  readonly shards: SharedArrayBuffer;
  readonly versions: SharedArrayBuffer;
  readonly offsets: SharedArrayBuffer;
  /** From key to slot: entries of a `KeyTable`. */
  readonly keys: SharedArrayBuffer;
  readonly columns: Readonly<Record<string, SealedColumn>>;
  /** File names of the payload indexes, by key path. */
  readonly fields: Readonly<Record<string, string>>;
}

/** One named vector of a sealed segment. */
export interface SealedColumn {
  readonly arena: ArenaHandle;
  /** Rows that have this vector. */
  readonly count: number;
  /** Words of a bitset of `rows` bits: which rows have this vector. Absent where all have it. */
  readonly present?: SharedArrayBuffer;
  /** Absent where no row has this vector. */
  readonly graph?: { readonly file: string; readonly encoding: GraphEncoding };
}
