import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeConfigurationChange,
  encodeConfigurationChange,
} from './configuration-change-codec.ts';
import type { ConfigurationChange } from './configuration.ts';

const REPLACE: ConfigurationChange = {
  steps: [
    { kind: 'addVoter', replica: 4 * 2 ** 20 + 1 },
    { kind: 'addLearner', replica: Number.MAX_SAFE_INTEGER },
    { kind: 'remove', replica: 1 },
  ],
  leave: 'explicit',
  context: Uint8Array.of(1, 2, 255),
};
const LEAVE: ConfigurationChange = { steps: [], leave: 'auto', context: new Uint8Array() };

const changes: fc.Arbitrary<ConfigurationChange> = fc.record({
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom('addVoter', 'addLearner', 'remove'),
      replica: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    }),
  ),
  leave: fc.constantFrom('auto', 'explicit'),
  context: fc.uint8Array(),
});

test('a change has the bytes that docs/formats/configuration-change.md describes', () => {
  const file = new URL('../../../test/golden/configuration-changes-v1.hex', import.meta.url);
  const golden = readFileSync(file, 'utf8').trim().split('\n');
  for (const [place, change] of [REPLACE, LEAVE].entries()) {
    const bytes = Buffer.from(golden[place] ?? '', 'hex');
    expect(Buffer.from(encodeConfigurationChange(change)).toString('hex')).toBe(golden[place]);
    expect(decodeConfigurationChange(bytes)).toEqual(change);
  }
});

test('every change comes back as it was, from the middle of other bytes too', () => {
  fc.assert(
    fc.property(changes, (change) => {
      const bytes = encodeConfigurationChange(change);
      expect(decodeConfigurationChange(bytes)).toEqual(change);
      const inside = new Uint8Array(bytes.length + 5);
      inside.set(bytes, 3);
      expect(decodeConfigurationChange(inside.subarray(3, 3 + bytes.length))).toEqual(change);
    }),
  );
});

test('a decoded change does not see later writes to the bytes it came from', () => {
  const bytes = Buffer.from(encodeConfigurationChange(REPLACE));
  const change = decodeConfigurationChange(bytes);
  bytes.fill(0);
  expect(change).toEqual(REPLACE);
});

test('bytes that are no change are none', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const change = decodeConfigurationChange(bytes);
      if (change !== undefined) expect(encodeConfigurationChange(change)).toEqual(bytes);
    }),
  );
});

test.each([
  ['nothing', (bytes: Uint8Array) => bytes.subarray(0, 0)],
  ['a cut header', (bytes: Uint8Array) => bytes.subarray(0, 7)],
  ['cut steps', (bytes: Uint8Array) => bytes.subarray(0, 20)],
  ['a cut context', (bytes: Uint8Array) => bytes.subarray(0, -1)],
  ['a byte too many', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
  ['another version', (bytes: Uint8Array) => bytes.with(0, 2)],
  ['an unknown way to leave', (bytes: Uint8Array) => bytes.with(1, 2)],
  ['an unknown kind of step', (bytes: Uint8Array) => bytes.with(8, 3)],
  ['a replica that is no safe integer', (bytes: Uint8Array) => bytes.with(9, 1)],
  ['replica 0', (bytes: Uint8Array) => bytes.with(34, 0)],
])('%s is refused', (_, damaged) => {
  expect(decodeConfigurationChange(damaged(encodeConfigurationChange(REPLACE)))).toBeUndefined();
});
