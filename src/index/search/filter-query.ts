import type { CollectionSchema } from '../collection-schema.ts';
import { compileFilter, type PointTest, RecordSubject } from '../filter/filter-evaluator.ts';
import type { Filter } from '../filter/filter.ts';

/** A filter made ready to be asked of a collection's segments. */
export interface FilterQuery {
  readonly filter: Filter;
  readonly schema: CollectionSchema;
  /** The same for filters that are written the same and mean the same: what caches know them by. */
  readonly text: string;
  /** Whether a record passes. */
  passes(key: Uint8Array, payload: Uint8Array, hasVector: (name: string) => boolean): boolean;
}

/** @throws {VectorDbError} INVALID_FILTER, INVALID_ARGUMENT */
export function prepareFilter(filter: Filter, schema: CollectionSchema): FilterQuery {
  // A text index changes what `text` asks of its field, so the same filter under other indexes is another one.
  const text = JSON.stringify([filter, schema.payloadIndexes], spellBigint);
  return { ...tested(filter, schema), text };
}

/** What is left of a filter after indexes were asked. */
export function prepareResidual(residual: Filter, whole: FilterQuery): FilterQuery {
  return { ...tested(residual, whole.schema), text: whole.text };
}

function tested(filter: Filter, schema: CollectionSchema): Omit<FilterQuery, 'text'> {
  const test: PointTest = compileFilter(filter, schema.payloadIndexes);
  return {
    filter,
    schema,
    passes: (key, payload, hasVector) => test(new RecordSubject({ key, payload, hasVector })),
  };
}

function spellBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: value.toString() } : value;
}
