import type { Bitset } from '../bitset.ts';
import type { PayloadIndexKind } from '../collection-schema.ts';
import type { FieldTest } from '../filter/filter.ts';

/** How many rows a condition is expected to hold for. */
export interface Estimate {
  /** No fewer. */
  readonly min: number;
  readonly expected: number;
  /** No more. */
  readonly max: number;
}

/** What may be asked of the index of a field. */
export type FieldQuestion = FieldTest | { readonly kind: 'isEmpty' } | { readonly kind: 'isNull' };

/** What an index knows of one question. */
export interface FieldAnswer {
  readonly estimate: Estimate;
  /** Whether the rows are those for which the condition holds; otherwise the condition must be asked of each of their payloads too. */
  readonly exact: boolean;
  /** Sets the bit of each row for which the condition holds (and, of an inexact answer, maybe of more); clears none. */
  fill(into: Bitset): void;
}

/** The payload index of one field of one segment; immutable, over the bytes of its file. */
export interface FieldIndex {
  readonly kind: PayloadIndexKind;
  readonly rowCount: number;
  /** Undefined where this index cannot tell. */
  answer(question: FieldQuestion): FieldAnswer | undefined;
}

/** An estimate that is known exactly. */
export function exactly(rows: number): Estimate {
  return { min: rows, expected: rows, max: rows };
}

/** An answer that no row passes. */
export const NO_ROWS: FieldAnswer = { estimate: exactly(0), exact: true, fill: () => undefined };
