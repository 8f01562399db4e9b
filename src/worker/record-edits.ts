import type { PointKey } from '../base/point-id.ts';
import type { PayloadIndexSchema } from '../index/collection-schema.ts';
import { compileFilter, RecordSubject } from '../index/filter/filter-evaluator.ts';
import type { Filter } from '../index/filter/filter.ts';
import { deletePayloadPaths, mergePayload } from '../index/payload/payload-edit.ts';
import type { RecordEdits } from '../sharding/record-edits.ts';
import type { PointRecord } from '../storage/point-record.ts';

/** Filters and payload changes as the state machine needs them. A command's filter is compiled once for all the records it is asked of. */
export function recordEdits(): RecordEdits {
  let last:
    | { readonly filter: Filter; readonly matches: ReturnType<typeof compileFilter> }
    | undefined;
  return {
    mergePayload,
    deletePayloadPaths,
    matches(
      filter: Filter,
      record: PointRecord,
      key: PointKey,
      textIndexes?: Readonly<Record<string, PayloadIndexSchema>>,
    ): boolean {
      if (last?.filter !== filter) last = { filter, matches: compileFilter(filter, textIndexes) };
      const hasVector = (name: string): boolean => Object.hasOwn(record.vectors, name);
      return last.matches(new RecordSubject({ key, payload: record.payload, hasVector }));
    },
  };
}
