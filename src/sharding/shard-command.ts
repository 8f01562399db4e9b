import type { PointKey } from '../base/point-id.ts';
import type { PayloadIndexSchema } from '../index/collection-schema.ts';
import type { Filter } from '../index/filter/filter.ts';
import type { PayloadJson } from '../storage/point-record.ts';

/**
 * A change to one shard: what its log holds. Everything in it was checked before it was proposed; applying it is deterministic and cannot
 * fail.
 */
export type ShardCommand =
  | PointCommand
  /** The collection was dropped: its points are gone, and no point of it can come any more. */
  | { readonly kind: 'drop'; readonly collection: number }
  /** From here on, commands with an epoch below this command's own are refused. */
  | { readonly kind: 'fence' };

/** A change to the points of one collection. */
export type PointCommand = { readonly collection: number } & (
  | { readonly kind: 'upsert'; readonly points: readonly PointUpsert[] }
  | ({ readonly kind: 'delete' } & CommandSelection)
  /** Merges top-level keys into the payload. */
  | ({
      readonly kind: 'setPayload';
      readonly payload: PayloadJson;
      /** Where a merged payload would have more bytes, the whole command is refused; absent: no bound. */
      readonly payloadBytesMax?: number;
    } & CommandSelection)
  | ({ readonly kind: 'overwritePayload'; readonly payload: PayloadJson } & CommandSelection)
  /** Removes key paths from the payload. */
  | ({ readonly kind: 'deletePayload'; readonly paths: readonly string[] } & CommandSelection)
);

/** Which points a command is about. */
export interface CommandSelection {
  readonly keys: readonly PointKey[];
  /** A point is meant only if it still matches when the command is applied. */
  readonly filter?: Filter;
  /** The text indexes, by key path, as they were when the command was made: they say what the filter asks of texts. */
  readonly textIndexes?: Readonly<Record<string, PayloadIndexSchema>>;
}

/** A point to insert, or to put in the place of the one with its key. */
export interface PointUpsert {
  readonly key: PointKey;
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: PayloadJson;
}

/** What applying a command did. */
export interface ApplyResult {
  /** The command's log index in its shard. */
  readonly index: number;
  /** Points inserted, replaced, deleted or changed. */
  readonly changed: number;
}
