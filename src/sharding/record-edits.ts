import type { PointKey } from '../base/point-id.ts';
import type { PayloadIndexSchema } from '../index/collection-schema.ts';
import type { Filter } from '../index/filter/filter.ts';
import type { PayloadJson, PointRecord } from '../storage/point-record.ts';

/** What the state machine asks of filters and payloads. All of it is deterministic: the same on every node, today and tomorrow. */
export interface RecordEdits {
  /** @param textIndexes - by key path: they change what is asked of a text */
  matches(
    filter: Filter,
    record: PointRecord,
    key: PointKey,
    textIndexes?: Readonly<Record<string, PayloadIndexSchema>>,
  ): boolean;
  /** Puts the top-level keys of `patch` in the place of those of `base`. */
  mergePayload(base: PayloadJson, patch: PayloadJson): PayloadJson;
  /** Removes key paths; no path at all removes the whole payload. */
  deletePayloadPaths(base: PayloadJson, paths: readonly string[]): PayloadJson;
}
