import type { FieldKind } from './field-kind.ts';
import { floatKind } from './float-kind.ts';
import { termKind } from './term-kind.ts';

const terms = termKind('integer');

/** Integers to be matched, and numbers of any kind for ranges: both, as a field may hold either. */
export const integerKind: FieldKind = {
  builder(schema, rowCount) {
    const builders = [terms.builder(schema, rowCount), floatKind.builder(schema, rowCount)];
    return {
      add(slot, value) {
        for (const builder of builders) builder.add(slot, value);
      },
      finish: () => Object.assign({}, ...builders.map((builder) => builder.finish())),
    };
  },
  open(schema, sections, rowCount) {
    const matches = terms.open(schema, sections, rowCount);
    const ranges = floatKind.open(schema, sections, rowCount);
    return { answer: (test) => matches.answer(test) ?? ranges.answer(test) };
  },
};
