import { numberOf } from '../payload/payload-value.ts';
import type { FieldKind } from './field-kind.ts';
import { SortedNumbers, SortedNumbersBuilder } from './sorted-numbers.ts';

/** Numbers of any kind, for ranges. */
export const floatKind: FieldKind = {
  builder() {
    const numbers = new SortedNumbersBuilder();
    return {
      add(slot, value) {
        const number = numberOf(value);
        if (number !== undefined) numbers.add(number, slot);
      },
      finish: () => numbers.finish(),
    };
  },
  open(_schema, sections) {
    const numbers = new SortedNumbers(sections);
    return { answer: (test) => (test.kind === 'range' ? numbers.range(test) : undefined) };
  },
};
