import { expect, test } from 'vitest';
import { configurationOf } from '../core/configuration.ts';
import {
  decodeConfigurationRow,
  encodeConfigurationRow,
  EMPTY_CONFIGURATION,
} from './host-rows.ts';

test('a configuration comes back from its row', () => {
  const joint = {
    voters: [1, 2],
    outgoing: [1, 3],
    learners: [4],
    learnersNext: [3],
    autoLeave: true,
  };
  expect(decodeConfigurationRow(encodeConfigurationRow(joint))).toEqual(joint);
});

test('equal configurations are equal rows, whatever the order of their fields', () => {
  const { autoLeave, learnersNext, learners, outgoing, voters } = configurationOf([1, 2], [3]);
  const turned = { autoLeave, learnersNext, learners, outgoing, voters };
  expect(encodeConfigurationRow(turned)).toEqual(
    encodeConfigurationRow(configurationOf([1, 2], [3])),
  );
});

test('without a row there is nobody', () => {
  expect(decodeConfigurationRow(undefined)).toEqual(EMPTY_CONFIGURATION);
});

test.each(['', '{}', 'null', '{"version":2}', '{"version":1,"voters":["1"]}'])(
  'a row of %s is corrupt',
  (text) => {
    expect(() => decodeConfigurationRow(Buffer.from(text))).toThrow('configuration');
  },
);
