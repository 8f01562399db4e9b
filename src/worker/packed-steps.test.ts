import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import { packOutcomes, packSteps, unpackOutcomes, unpackSteps } from './packed-steps.ts';

const anyIndex = fc.maxSafeNat();
const anyStep: fc.Arbitrary<ShardStep> = fc.record({
  shard: fc.nat(65_534),
  previous: anyIndex,
  commands: fc.array(fc.record({ index: anyIndex, command: fc.uint8Array() })),
  last: fc.record({ term: anyIndex, index: anyIndex }),
  rows: fc.array(
    fc.record({
      key: fc.string(),
      value: fc.oneof(
        fc.uint8Array(),
        fc.constant(undefined),
        fc.nat(1_000).map((resultOf) => ({ resultOf })),
      ),
    }),
  ),
});
const anyOutcome: fc.Arbitrary<StepOutcome> = fc.oneof(
  fc.record({ kind: fc.constant('applied' as const), results: fc.array(fc.uint8Array()) }),
  fc.constant<StepOutcome>({ kind: 'failed', error: { code: 'DISK_FULL', message: 'full' } }),
);

test('steps come out of a message as they went into it', () => {
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      expect(unpackSteps(structuredClone(packSteps(steps)))).toEqual(steps);
    }),
  );
});

test('outcomes come out of a message as they went into it', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome), (outcomes) => {
      expect(unpackOutcomes(structuredClone(packOutcomes(outcomes)))).toEqual(outcomes);
    }),
  );
});
