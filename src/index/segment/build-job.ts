import type { CollectionSchema } from '../collection-schema.ts';
import type { GrowingHandle, SealedHandle } from './index-view.ts';

/** What the builder makes one sealed segment from; a message. */
export interface BuildJob {
  /**
   * `segment`: one segment in the place of all sources. `fields`: the payload indexes that the one source, a sealed segment, lacks; what is built
   * is the same segment with them.
   */
  readonly kind: 'segment' | 'fields';
  /** The new segment's id; of `fields`, the source's. */
  readonly id: number;
  readonly schema: CollectionSchema;
  /** The collection's directory; the segment becomes a directory in it. */
  readonly directory: string;
  /** Threads that will score rows of the segment at once. */
  readonly lanes: number;
  /** Rows that went at or before this sequence are left out; no two other rows have the same key. */
  readonly sequence: number;
  /** Segments that take no more rows. */
  readonly sources: readonly (GrowingHandle | SealedHandle)[];
}

/** Why something is built: growing segments are full, sealed ones are merged, one has many dead rows, or lacks payload indexes. */
export type BuildReason = 'seal' | 'merge' | 'rebuild' | 'fields';

/** Why the job is done. */
export function buildReason({ kind, sources }: BuildJob): BuildReason {
  if (kind === 'fields') return 'fields';
  if (sources.every((source) => source.kind === 'growing')) return 'seal';
  return sources.length === 1 ? 'rebuild' : 'merge';
}

/** One file of a segment, as the manifest lists it. */
export interface SegmentFile {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** What the builder made; a message. Its files are durable, but nothing refers to them yet. */
export interface BuiltSegment {
  readonly handle: SealedHandle;
  readonly files: readonly SegmentFile[];
  /** For each source, the new slot of each of its rows; {@link LEFT_OUT} for rows that have none. Of `fields`, empty: all rows stay where they are. */
  readonly sources: readonly { readonly id: number; readonly slots: Uint32Array }[];
}

/** In the place of a new slot: the row was dead. */
export const LEFT_OUT = 0xffff_ffff;

/** Name of a segment's directory inside its collection's. */
export function segmentDirectoryName(id: number): string {
  return `segment-${id}`;
}
