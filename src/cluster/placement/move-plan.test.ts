import { describe, expect, test } from 'vitest';
import { PlacementWorld } from '../../../test/support/cluster/placement-world.ts';
import { must } from '../../base/assert.ts';
import { seededRandom } from '../../base/random.ts';
import { planMoves } from './move-plan.ts';
import { DEFAULT_PLACEMENT_LIMITS, type PlacementLimits, replicaKey } from './placement-input.ts';
import { replicaSpread } from './replica-spread.ts';

interface Start {
  readonly nodes?: number;
  readonly shardCount?: number;
  readonly replicaCount?: number;
  readonly limits?: PlacementLimits;
}

const WIDE: PlacementLimits = { movesMax: 100, arrivalsMax: 100, departuresMax: 100 };

/** A cluster of one zone that has come to rest. */
function rested({ nodes = 3, shardCount = 4, replicaCount = 3, limits = WIDE }: Start = {}) {
  const world = new PlacementWorld({
    random: seededRandom(1),
    shardCount,
    replicaCount,
    zones: 1,
    limits,
  });
  for (let node = 1; node < nodes; node += 1) world.join();
  settle(world);
  return world;
}

function settle(world: PlacementWorld): void {
  for (let round = 0; round < 200; round += 1) {
    world.plan();
    world.advance();
  }
}

const nodesOf = (world: PlacementWorld, shard: number): readonly number[] =>
  must(world.state.shards[shard], 'a shard').replicas.map(({ node }) => node);
const counts = (world: PlacementWorld): Readonly<Record<number, number>> => {
  const all = world.state.shards.flatMap((_, shard) => nodesOf(world, shard));
  return Object.fromEntries(
    world.members().map((node) => [node, all.filter((each) => each === node).length]),
  );
};
const damaged = (world: PlacementWorld, shard: number, node: number): void => {
  const replicas = must(world.state.shards[shard], 'a shard').replicas;
  const { replica } = must(
    replicas.find((each) => each.node === node),
    'a replica',
  );
  world.corrupt.add(replicaKey(shard, replica));
};
const NOTHING = { repair: 0, replace: 0, drain: 0, rebalance: 0, trim: 0 };

describe('repairs', () => {
  test('give every shard as many replicas as there are members, up to the number that is wanted', () => {
    const world = rested({ nodes: 1 });
    expect(planMoves(world.input)).toEqual({
      begin: [],
      cancel: [],
      left: NOTHING,
      unplaced: 0,
      withoutQuorum: [],
      isSettled: true,
    });
    world.join();
    expect(planMoves(world.input).left).toEqual({ ...NOTHING, repair: 4 });
    settle(world);
    expect(counts(world)).toEqual({ 1: 4, 2: 4 });
    world.join();
    world.join();
    settle(world);
    expect(Object.values(counts(world)).reduce((sum, count) => sum + count)).toBe(12);
    expect(Math.max(counts(world)[3] ?? 0, counts(world)[4] ?? 0)).toBe(2);
  });

  test('wait for a node that is silent, and replace one that is lost', () => {
    const world = rested({ nodes: 4 });
    world.conditions.set(2, 'silent');
    expect(planMoves(world.input)).toMatchObject({ begin: [], isSettled: false });
    world.conditions.set(2, 'lost');
    const lost = counts(world)[2];
    expect(planMoves(world.input).left).toEqual({ ...NOTHING, replace: lost });
    expect(planMoves(world.input).isSettled).toBe(false);
    settle(world);
    expect(counts(world)[2]).toBe(0);
    expect(planMoves(world.input).isSettled).toBe(true);
  });

  test('have no place where all other nodes have a replica', () => {
    const world = rested();
    world.conditions.set(2, 'lost');
    expect(planMoves(world.input)).toMatchObject({ begin: [], unplaced: 4, isSettled: true });
    expect(nodesOf(world, 0)).toEqual([1, 2, 3]);
  });

  test('make a damaged replica anew on its node', () => {
    const world = rested({ nodes: 4 });
    const [node = 0] = nodesOf(world, 1);
    damaged(world, 1, node);
    expect(planMoves(world.input).begin).toEqual([
      { kind: 'beginMove', shard: 1, epoch: 3, reason: 'replace', add: node, remove: node },
    ]);
    settle(world);
    expect(nodesOf(world, 1)).toContain(node);
    expect(world.live(1)).toHaveLength(3);
  });

  test('take a damaged replica elsewhere where its node leaves or is silent', () => {
    for (const how of ['leaving', 'silent'] as const) {
      const world = rested({ nodes: 4, shardCount: 1 });
      damaged(world, 0, 2);
      if (how === 'leaving') world.change({ kind: 'leaveNode', node: 2 });
      else world.conditions.set(2, 'silent');
      expect(planMoves(world.input).begin).toMatchObject([
        { reason: 'replace', add: 4, remove: 2 },
      ]);
    }
  });

  test('drop a damaged replica where there are enough without it', () => {
    const world = rested({ shardCount: 1 });
    world.change({ kind: 'setReplicaCount', count: 2 });
    damaged(world, 0, 3);
    expect(planMoves(world.input).begin).toEqual([
      { kind: 'beginMove', shard: 0, epoch: 3, reason: 'replace', remove: 3 },
    ]);
  });

  test('empty a leaving node, onto others or, where there are none, by fewer replicas', () => {
    const world = rested({ nodes: 4 });
    world.change({ kind: 'leaveNode', node: 4 });
    expect(planMoves(world.input).left).toEqual({ ...NOTHING, drain: 2 });
    settle(world);
    expect(counts(world)).toEqual({ 1: 4, 2: 4, 3: 4 });
    world.change({ kind: 'forgetNode', node: 4 });
    world.change({ kind: 'leaveNode', node: 3 });
    expect(planMoves(world.input).begin).toMatchObject(
      Array.from({ length: 4 }, () => ({ reason: 'drain', remove: 3 })),
    );
    settle(world);
    expect(counts(world)).toEqual({ 1: 4, 2: 4 });
  });

  test('take nothing away without a substitute as long as those that are alive are too few', () => {
    const world = rested({ nodes: 5, shardCount: 1, replicaCount: 5 });
    world.change({ kind: 'leaveNode', node: 5 });
    world.conditions.set(4, 'silent');
    // Four are wanted: three alive ones would be a majority, and yet one too few.
    expect(planMoves(world.input)).toMatchObject({ begin: [], left: { drain: 1 } });
    world.conditions.clear();
    expect(planMoves(world.input).begin).toHaveLength(1);
  });

  test('take nothing away that a majority needs', () => {
    const world = rested({ shardCount: 1 });
    world.change({ kind: 'leaveNode', node: 2 });
    world.change({ kind: 'leaveNode', node: 3 });
    world.conditions.set(1, 'silent');
    // One is wanted, and one alive would be left; but it would have to ask the silent one.
    expect(planMoves(world.input)).toMatchObject({ begin: [], left: { drain: 2 } });
    world.conditions.clear();
    world.conditions.set(3, 'silent');
    expect(planMoves(world.input).begin).toMatchObject([{ reason: 'drain', remove: 3 }]);
  });

  test('begin nothing for a shard without a majority, though it would have one afterwards', () => {
    const world = rested({ shardCount: 1 });
    damaged(world, 0, 2);
    damaged(world, 0, 3);
    expect(planMoves(world.input)).toMatchObject({ begin: [], withoutQuorum: [0] });
  });

  test('replace a wiped node by what it has become', () => {
    const world = rested();
    world.wipe(2);
    expect(planMoves(world.input).begin).toMatchObject(
      Array.from({ length: 4 }, () => ({ reason: 'replace', add: 4, remove: 2 })),
    );
    settle(world);
    expect(counts(world)).toEqual({ 1: 4, 3: 4, 4: 4 });
  });

  test('come for the most endangered shard first', () => {
    const world = rested({ nodes: 5, limits: DEFAULT_PLACEMENT_LIMITS, replicaCount: 4 });
    // All are to have one more; shard 3 alone has no live one to spare.
    world.change({ kind: 'setReplicaCount', count: 5 });
    damaged(world, 3, nodesOf(world, 3)[0] ?? 0);
    const { begin } = planMoves(world.input);
    expect(begin.map(({ shard, reason }) => [shard, reason])).toEqual([
      [3, 'replace'],
      [0, 'repair'],
    ]);
  });

  test('of a shard without a majority wait, and hold nothing else up', () => {
    const world = rested({ nodes: 6, limits: { movesMax: 1, arrivalsMax: 1, departuresMax: 1 } });
    const shard = 0;
    const [first = 0, second = 0] = nodesOf(world, shard);
    // A move of the shard is under way when it loses its majority.
    damaged(world, shard, first);
    world.plan();
    expect(world.state.moves.size).toBe(1);
    damaged(world, shard, second);
    damaged(world, 1, nodesOf(world, 1)[0] ?? 0);
    const { begin, withoutQuorum } = planMoves(world.input);
    expect(withoutQuorum).toEqual([shard]);
    expect(begin).toMatchObject([{ shard: 1 }]);
  });
});

describe('trims', () => {
  test('remove what is too many from the fullest nodes, after all repairs', () => {
    const world = rested({ nodes: 4, shardCount: 4 });
    world.change({ kind: 'setReplicaCount', count: 2 });
    const { begin } = planMoves(world.input);
    expect(begin).toMatchObject(Array.from({ length: 4 }, () => ({ reason: 'trim' })));
    settle(world);
    expect(counts(world)).toEqual({ 1: 2, 2: 2, 3: 2, 4: 2 });
  });

  test('wait until every replica of the shard is alive', () => {
    const world = rested({ nodes: 5, shardCount: 1, replicaCount: 5 });
    world.change({ kind: 'setReplicaCount', count: 3 });
    world.conditions.set(5, 'silent');
    expect(planMoves(world.input).begin).toEqual([]);
    world.conditions.clear();
    expect(planMoves(world.input).left.trim).toBe(2);
  });

  test('come after moves away from a leaving node', () => {
    const limits = { movesMax: 1, arrivalsMax: 1, departuresMax: 1 };
    const world = rested({ nodes: 4, limits });
    const leaving = must(
      world.members().find((node) => !nodesOf(world, 0).includes(node)),
      'a node without shard 0',
    );
    world.change({ kind: 'setReplicaCount', count: 2 });
    world.change({ kind: 'leaveNode', node: leaving });
    const { begin, left } = planMoves(world.input);
    expect(begin).toMatchObject([{ reason: 'drain', remove: leaving }]);
    expect(left.trim).toBeGreaterThan(0);
  });
});

describe('rebalancing', () => {
  test('begins when it is asked for, and ends even', () => {
    const world = rested({ shardCount: 16 });
    world.join();
    expect(planMoves(world.input)).toMatchObject({ begin: [], isSettled: true });
    expect(replicaSpread(world.input)).toEqual({ min: 0, max: 16, mean: 12, imbalance: 16 / 12 });
    world.change({ kind: 'setRebalancing', on: true });
    expect(planMoves(world.input)).toMatchObject({ left: { rebalance: 12 }, isSettled: false });
    settle(world);
    expect(counts(world)).toEqual({ 1: 12, 2: 12, 3: 12, 4: 12 });
    expect(replicaSpread(world.input).imbalance).toBe(0);
    expect(planMoves(world.input).isSettled).toBe(true);
  });

  test('goes by a few moves at a time, one in and one out of a node', () => {
    const world = rested({ shardCount: 16, limits: DEFAULT_PLACEMENT_LIMITS });
    world.join();
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    const { begin } = planMoves(world.input);
    expect(begin).toHaveLength(2);
    expect(new Set(begin.map(({ add }) => add)).size).toBe(2);
    expect(new Set(begin.map(({ remove }) => remove)).size).toBe(2);
  });

  test('goes all at once for shards that are empty, which take no room from the others', () => {
    const world = rested({ shardCount: 16, limits: DEFAULT_PLACEMENT_LIMITS });
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    const empty = new Set(Array.from({ length: 16 }, (_, shard) => shard));
    expect(planMoves({ ...world.input, empty }).begin).toHaveLength(12);
    const [filled] = planMoves(world.input).begin.map(({ shard }) => shard);
    empty.delete(filled ?? 0);
    expect(planMoves({ ...world.input, empty }).begin).toHaveLength(12);
    const large = rested({ nodes: 1, shardCount: 100 });
    large.join();
    const shards = new Set(Array.from({ length: 100 }, (_, shard) => shard));
    expect(planMoves({ ...large.input, empty: shards }).begin).toHaveLength(64);
  });

  test('takes from the fullest for the emptiest first', () => {
    for (const filled of [1, 2, 3, 4]) {
      const limits = { movesMax: 1, arrivalsMax: 1, departuresMax: 1 };
      const world = rested({ nodes: 1, shardCount: 24, replicaCount: 1, limits });
      world.join();
      world.change({ kind: 'setRebalancing', on: true });
      while ((counts(world)[2] ?? 0) < filled || world.state.moves.size > 0) {
        world.advance();
        if ((counts(world)[2] ?? 0) < filled) world.plan();
      }
      world.join();
      const { begin } = planMoves({ ...world.input, limits: WIDE });
      const adds = begin.map(({ add = 0 }) => add);
      expect(adds).toHaveLength(16 - filled);
      expect(adds).toEqual(adds.toSorted((one, other) => other - one));
    }
  });

  test('counts what is under way as done', () => {
    const world = rested({ shardCount: 16, limits: DEFAULT_PLACEMENT_LIMITS });
    world.join();
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    const before = planMoves(world.input).left.rebalance;
    expect(world.plan().begin).toHaveLength(2);
    expect(planMoves(world.input).left.rebalance).toBe(before - 2);
  });

  test('leaves shards with a silent replica alone', () => {
    const world = rested({ shardCount: 16 });
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    world.conditions.set(3, 'silent');
    expect(planMoves(world.input)).toMatchObject({ begin: [], left: NOTHING });
  });

  test('waits for repairs', () => {
    const world = rested({ nodes: 4, shardCount: 16, limits: DEFAULT_PLACEMENT_LIMITS });
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    damaged(world, 5, nodesOf(world, 5)[0] ?? 0);
    damaged(world, 6, nodesOf(world, 5)[0] ?? 0);
    const reasons = planMoves(world.input).begin.map(({ reason }) => reason);
    expect(reasons).not.toContain('rebalance');
    expect(reasons.length).toBeGreaterThan(0);
  });

  test('is not done while a member is silent', () => {
    const world = rested({ shardCount: 16 });
    world.change({ kind: 'setRebalancing', on: true });
    world.conditions.set(1, 'silent');
    expect(planMoves(world.input).isSettled).toBe(false);
  });
});

describe('moves under way', () => {
  test('take no room while their target is silent', () => {
    const limits = { movesMax: 1, arrivalsMax: 1, departuresMax: 1 };
    const world = rested({ nodes: 1, limits });
    world.join();
    world.plan();
    expect(planMoves(world.input).begin).toEqual([]);
    world.join();
    world.conditions.set(2, 'silent');
    expect(planMoves(world.input).begin).toMatchObject([{ add: 3 }]);
  });

  const begun = () => {
    const world = rested({ shardCount: 16 });
    world.join();
    world.change({ kind: 'setRebalancing', on: true });
    world.plan();
    const [move] = world.begun.slice(-1);
    return { world, move: must(move, 'a move') };
  };

  test('are cancelled where the target leaves, is lost, is gone or is damaged', () => {
    for (const [name, spoil] of [
      ['nothing', () => {}],
      ['silence', (world: PlacementWorld) => world.conditions.set(4, 'silent')],
      ['lost', (world: PlacementWorld) => world.conditions.set(4, 'lost')],
      ['leaving', (world: PlacementWorld) => world.change({ kind: 'leaveNode', node: 4 })],
      ['wiped', (world: PlacementWorld) => world.wipe(4)],
    ] as const) {
      const { world } = begun();
      spoil(world);
      const { cancel } = planMoves(world.input);
      const isFutile = name !== 'nothing' && name !== 'silence';
      expect([name, cancel.length]).toEqual([name, isFutile ? world.state.moves.size : 0]);
    }
    const { world, move } = begun();
    world.corrupt.add(replicaKey(move.shard, move.add?.replica ?? 0));
    expect(planMoves(world.input).cancel).toEqual([move.id]);
  });

  test('for balance are cancelled where rebalancing is switched off', () => {
    const { world } = begun();
    world.change({ kind: 'setRebalancing', on: false });
    expect(planMoves(world.input).cancel).toHaveLength(world.state.moves.size);
  });

  test('are not cancelled once the joint change may be on its way', () => {
    const { world } = begun();
    world.advance();
    world.change({ kind: 'setRebalancing', on: false });
    world.conditions.set(4, 'lost');
    expect(planMoves(world.input).cancel).toEqual([]);
  });
});

describe('zones', () => {
  const register = (world: PlacementWorld, name: string, zone: string): void => {
    const node = {
      nodeId: name,
      raftAddress: 'x:1',
      grpcAddress: '',
      restAddress: '',
      zone,
      incarnation: name === 'node-1' ? 'incarnation-1' : name,
    };
    world.change({ kind: 'registerNode', node });
  };

  test('count more than even counts', () => {
    const world = rested({ nodes: 1, shardCount: 6, replicaCount: 2 });
    // Node 1 has the zone "": its own.
    register(world, 'b', '');
    register(world, 'c', '');
    register(world, 'd', 'east');
    world.change({ kind: 'setRebalancing', on: true });
    settle(world);
    expect(counts(world)).toEqual({ 1: 2, 2: 2, 3: 2, 4: 6 });
  });

  test('are kept on the way: what leaves a zone is replaced in it first', () => {
    const world = rested({ nodes: 1, shardCount: 1, replicaCount: 2 });
    register(world, 'node-1', 'east');
    register(world, 'b', 'west');
    settle(world);
    register(world, 'c', 'west');
    register(world, 'd', 'east');
    world.change({ kind: 'leaveNode', node: 1 });
    world.change({ kind: 'leaveNode', node: 2 });
    expect(planMoves(world.input).begin).toMatchObject([{ add: 4, remove: 1 }]);
    world.change({ kind: 'leaveNode', node: 1, cancel: true });
    expect(planMoves(world.input).begin).toMatchObject([{ add: 3, remove: 2 }]);
  });
});

test('a spread that cannot be more even is even', () => {
  const world = rested({ replicaCount: 2 });
  world.change({ kind: 'setRebalancing', on: true });
  settle(world);
  expect(replicaSpread(world.input)).toEqual({ min: 2, max: 3, mean: 8 / 3, imbalance: 0 });
});

test('the spread of nothing is even', () => {
  const world = rested({ nodes: 2 });
  world.conditions.set(1, 'lost').set(2, 'lost');
  expect(replicaSpread(world.input)).toEqual({ min: 0, max: 0, mean: 0, imbalance: 0 });
  world.conditions.clear();
  const empty = { ...world.input, state: { ...world.state, shards: [] } };
  expect(replicaSpread(empty)).toEqual({ min: 0, max: 0, mean: 0, imbalance: 0 });
});
