import type { PayloadIndexSchema } from '../collection-schema.ts';
import type { FieldTest } from '../filter/filter.ts';
import type { PayloadValue } from '../payload/payload-value.ts';
import type { FieldAnswer } from './field-index.ts';
import type { Sections } from './field-file.ts';

/** One kind of payload index: how it takes a field's values, and which tests it answers. */
export interface FieldKind {
  builder(schema: PayloadIndexSchema, rowCount: number): FieldKindBuilder;
  open(schema: PayloadIndexSchema, sections: Sections, rowCount: number): FieldKindReader;
}

/** Takes the values of a field, row by row. */
export interface FieldKindBuilder {
  /** @param value - one value of the row's field, an array's element by itself; never null. Rows come in ascending order. */
  add(slot: number, value: PayloadValue): void;
  finish(): Sections;
}

/** Answers what is asked of a field, where its kind can. */
export interface FieldKindReader {
  answer(test: FieldTest): FieldAnswer | undefined;
}
