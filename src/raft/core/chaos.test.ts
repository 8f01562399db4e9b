import { expect, test } from 'vitest';
import { CoreChaos } from '../../../test/support/raft/core-chaos.ts';

const SEEDS = Array.from({ length: 6 }, (_, place) => place + 1);

test.each(SEEDS)('nothing unsafe ever happens, and in the end all agree: seed %d', (seed) => {
  const chaos = new CoreChaos(seed);
  chaos.run(12_000);
  expect(chaos.converges(80)).toBe(true);
});

test('all of it does happen: terms, commands, snapshots and changes', () => {
  const chaoses = SEEDS.slice(0, 3).map((seed) => new CoreChaos(seed));
  for (const chaos of chaoses) chaos.run(12_000);
  const replicas = chaoses.flatMap((chaos) => [...chaos.replicas.values()]);
  const configurations = chaoses.flatMap((chaos) => [...chaos.configurations]);
  const isJoint = (text: string): boolean => !text.includes('"outgoing":[]');
  expect(Math.max(...replicas.map(({ node }) => node.term))).toBeGreaterThan(3);
  expect(Math.max(...chaoses.map(({ commands }) => commands))).toBeGreaterThan(20);
  expect(replicas.some(({ log }) => log.installed !== undefined)).toBe(true);
  expect(configurations.filter((text) => isJoint(text)).length).toBeGreaterThan(0);
  expect(configurations.filter((text) => !isJoint(text)).length).toBeGreaterThan(3);
});
