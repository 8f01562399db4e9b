import { expect, test } from 'vitest';
import { PlacementWorld } from '../../../test/support/cluster/placement-world.ts';
import { seededRandom } from '../../base/random.ts';
import { needsRebalancing } from './rebalancing-need.ts';

const WIDE = { movesMax: 100, arrivalsMax: 100, departuresMax: 100 };

/** Three nodes that have all replicas, in so many zones. */
function three(shardCount: number, zones = 1, replicaCount = 3, seed = 1): PlacementWorld {
  const world = new PlacementWorld({
    random: seededRandom(seed),
    shardCount,
    replicaCount,
    zones,
    limits: WIDE,
  });
  world.join();
  world.join();
  settle(world);
  return world;
}

function settle(world: PlacementWorld): void {
  for (let round = 0; round < 50; round += 1) {
    world.plan();
    world.advance();
  }
}

function spreadOf(world: PlacementWorld): number {
  const placed = world.state.shards.flatMap(({ replicas }) => replicas.map(({ node }) => node));
  const counts = world.members().map((node) => placed.filter((each) => each === node).length);
  return Math.max(...counts) - Math.min(...counts);
}

test('even counts need nothing, and a node without replicas does', () => {
  const world = three(16);
  expect(needsRebalancing(world.input, 0.1)).toBe(false);
  world.join();
  // 16, 16, 16 and 0: they differ by four thirds of their mean.
  expect(needsRebalancing(world.input, 1)).toBe(true);
  expect(needsRebalancing(world.input, 1.5)).toBe(false);
  world.change({ kind: 'setRebalancing', on: true });
  settle(world);
  expect(needsRebalancing(world.input, 0.001)).toBe(false);
});

test('a difference of one is even, however small the threshold', () => {
  const world = three(16, 1, 2);
  world.change({ kind: 'setRebalancing', on: true });
  settle(world);
  // 32 replicas on three nodes: 11, 11 and 10.
  expect(spreadOf(world)).toBe(1);
  expect(needsRebalancing(world.input, 0.001)).toBe(false);
});

test('nodes that are silent or lost do not count', () => {
  const world = three(16);
  world.join();
  const [fourth = 0] = world.members().slice(-1);
  world.conditions.set(fourth, 'silent');
  expect(needsRebalancing(world.input, 0.1)).toBe(false);
});

test('where zones keep counts uneven there is nothing to be done', () => {
  const spreads = Array.from({ length: 10 }, (_, seed) => {
    const world = three(16, 3, 3, seed);
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    settle(world);
    expect(needsRebalancing(world.input, 0.001)).toBe(false);
    return spreadOf(world);
  });
  expect(Math.max(...spreads)).toBeGreaterThan(1);
});
