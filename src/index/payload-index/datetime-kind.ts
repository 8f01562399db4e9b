import { parseDatetime } from '../filter/datetime.ts';
import type { FieldKind } from './field-kind.ts';
import { SortedNumbers, SortedNumbersBuilder } from './sorted-numbers.ts';

/** Strings that are dates, as microseconds since 1970-01-01 UTC. */
export const datetimeKind: FieldKind = {
  builder() {
    const numbers = new SortedNumbersBuilder();
    return {
      add(slot, value) {
        const micros = typeof value === 'string' ? parseDatetime(value) : undefined;
        if (micros !== undefined) numbers.add(micros, slot);
      },
      finish: () => numbers.finish(),
    };
  },
  open(_schema, sections) {
    const numbers = new SortedNumbers(sections);
    return { answer: (test) => (test.kind === 'datetimeRange' ? numbers.range(test) : undefined) };
  },
};
