import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AcknowledgedPrefix } from './acknowledged-prefix.ts';

test('reaches what the unbroken row of ended batches reaches, in whatever order they end', () => {
  const order = fc.nat(20).chain((count) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, index) => index),
      { minLength: count, maxLength: count },
    ),
  );
  fc.assert(
    fc.property(order, (batches) => {
      const prefix = new AcknowledgedPrefix(-1);
      for (let index = 0; index < batches.length; index += 1) prefix.begin();
      const ended = new Set<number>();
      for (const batch of batches) {
        prefix.end(batch, batch);
        ended.add(batch);
        let expected = -1;
        while (ended.has(expected + 1)) expected += 1;
        expect(prefix.reached).toBe(expected);
      }
    }),
  );
});
