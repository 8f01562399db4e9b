import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../base/random.ts';
import {
  type ClusterState,
  EMPTY_CLUSTER,
  type MemberState,
  type Move,
} from '../catalog/cluster-state.ts';
import { type LeaderPlanInput, planLeaders } from './leader-plan.ts';
import type { NodeCondition } from './placement-input.ts';

interface Layout {
  /** By shard: nodes with voters; the first one leads. */
  readonly voters: readonly (readonly number[])[];
  readonly states?: Readonly<Record<number, MemberState>>;
  readonly conditions?: Readonly<Record<number, NodeCondition>>;
  /** Shards with a move under way. */
  readonly moving?: readonly number[];
  /** `shard/node` of those that lag. */
  readonly behind?: readonly string[];
  /** Nodes that refuse writes. */
  readonly refusing?: readonly number[];
}

function inputOf({
  voters,
  states = {},
  conditions = {},
  moving = [],
  behind = [],
  refusing = [],
}: Layout): LeaderPlanInput {
  const numbers = [...new Set(voters.flat())].sort((a, b) => a - b);
  const state: ClusterState = {
    ...EMPTY_CLUSTER,
    nodes: new Map(
      numbers.map((number) => [
        number,
        {
          number,
          nodeId: `node-${number}`,
          raftAddress: '',
          grpcAddress: '',
          restAddress: '',
          zone: '',
          incarnation: '',
          state: states[number] ?? 'member',
        },
      ]),
    ),
    shards: voters.map((nodes) => ({
      epoch: 1,
      replicas: nodes.map((node) => ({ node, replica: node })),
      generations: new Map(),
    })),
    moves: new Map(
      moving.map((shard): [number, Move] => [
        shard,
        { id: shard, shard, reason: 'trim', step: 'switching' },
      ]),
    ),
  };
  return {
    state,
    conditions: new Map(
      Object.entries(conditions).map(([node, condition]) => [Number(node), condition]),
    ),
    leaders: new Map(voters.map((nodes, shard) => [shard, nodes[0] ?? 0])),
    refusing: new Set(refusing),
    isCaughtUp: (shard, node) => !behind.includes(`${shard}/${node}`),
  };
}

describe('leaders', () => {
  test('that are even stay where they are', () => {
    const voters = [
      [1, 2, 3],
      [2, 1, 3],
      [3, 1, 2],
      [1, 2, 3],
    ];
    expect(planLeaders(inputOf({ voters }))).toEqual([]);
  });

  test('are evened to 6, 5 and 5 of 16 where one node led all, by ten transfers', () => {
    const voters = Array.from({ length: 16 }, () => [1, 2, 3]);
    const transfers = planLeaders({ ...inputOf({ voters }), transfersMax: 100 });
    expect(transfers).toHaveLength(10);
    expect(transfers.every(({ from }) => from === 1)).toBe(true);
    expect(transfers.filter(({ to }) => to === 2)).toHaveLength(5);
  });

  test('go a few at a time', () => {
    const voters = Array.from({ length: 16 }, () => [1, 2, 3]);
    expect(planLeaders(inputOf({ voters }))).toHaveLength(4);
  });

  test('take a way round where the fullest node shares no shard with the emptiest', () => {
    // From 1 nothing can go to 3 directly, but by 2.
    const voters = [
      [1, 2],
      [1, 2],
      [2, 3],
    ];
    const transfers = planLeaders(inputOf({ voters }));
    expect(transfers).toHaveLength(2);
    expect(transfers).toContainEqual({ shard: 2, from: 2, to: 3 });
    expect(transfers).toContainEqual(expect.objectContaining({ from: 1, to: 2 }));
  });

  test('go to nobody who is silent, lags, or leaves', () => {
    const voters = Array.from({ length: 4 }, () => [1, 2]);
    expect(planLeaders(inputOf({ voters, conditions: { 2: 'silent' } }))).toEqual([]);
    expect(planLeaders(inputOf({ voters, states: { 2: 'leaving' } }))).toEqual([]);
    const behind = ['0/2', '1/2', '2/2'];
    expect(planLeaders(inputOf({ voters, behind }))).toEqual([{ shard: 3, from: 1, to: 2 }]);
  });

  test('go away from a leaving node, unless no other can lead', () => {
    const voters = [
      [1, 2],
      [1, 2],
      [2, 1],
    ];
    const leaving = { voters, states: { 1: 'leaving' } } as const;
    expect(planLeaders(inputOf(leaving))).toHaveLength(2);
    expect(planLeaders(inputOf({ ...leaving, behind: ['0/2'] }))).toEqual([
      { shard: 1, from: 1, to: 2 },
    ]);
  });

  test('go away from a node that refuses writes, to nobody who does, and come back', () => {
    const voters = [
      [1, 2, 3],
      [2, 1, 3],
      [3, 1, 2],
    ];
    const [transfer, ...others] = planLeaders(inputOf({ voters, refusing: [3] }));
    expect(transfer).toMatchObject({ shard: 2, from: 3 });
    expect(others).toEqual([]);
    expect(planLeaders(inputOf({ voters, refusing: [2, 3] }))).toEqual([
      { shard: 1, from: 2, to: 1 },
      { shard: 2, from: 3, to: 1 },
    ]);
    expect(planLeaders(inputOf({ voters, refusing: [1, 2, 3] }))).toEqual([]);
    const after = [
      [1, 2, 3],
      [2, 1, 3],
      [1, 3, 2],
    ];
    expect(planLeaders(inputOf({ voters: after }))).toEqual([{ shard: 0, from: 1, to: 3 }]);
  });

  test('of shards that move, or whose leader does not answer, are left alone', () => {
    const voters = Array.from({ length: 4 }, () => [1, 2]);
    const transfers = planLeaders(inputOf({ voters, moving: [0, 1, 2] }));
    expect(transfers).toEqual([{ shard: 3, from: 1, to: 2 }]);
    expect(planLeaders(inputOf({ voters, conditions: { 1: 'silent' } }))).toEqual([]);
    expect(planLeaders({ ...inputOf({ voters }), leaders: new Map([[9, 1]]) })).toEqual([]);
  });
});

test('in random clusters leaders end as even as their voters permit, by exactly as many transfers as were planned, in any order', () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const random = seededRandom(seed);
    const voters = randomVoters(random);
    const first = inputOf({ voters });
    const leaders = new Map(first.leaders);
    const planned = planLeaders({ ...first, transfersMax: 1000 }).length;
    let done = 0;
    for (;;) {
      const transfers = planLeaders({ ...first, leaders, transfersMax: 1000 });
      const next = transfers[random.below(Math.max(1, transfers.length))];
      if (next === undefined) break;
      expect(leaders.get(next.shard)).toBe(next.from);
      leaders.set(next.shard, next.to);
      done += 1;
      expect(done).toBeLessThanOrEqual(planned);
    }
    expect(done).toBe(planned);
    expect(canBeEvener(voters, leaders)).toEqual([]);
  }
});

function randomVoters(random: Random): readonly (readonly number[])[] {
  const nodes = 1 + random.below(8);
  return Array.from({ length: 1 + random.below(40) }, () => {
    const left = Array.from({ length: nodes }, (_, at) => at + 1);
    const size = 1 + random.below(Math.min(3, nodes));
    // Some nodes have far more than others.
    return Array.from({ length: size }, () => {
      const at = Math.min(random.below(left.length), random.below(left.length));
      return left.splice(at, 1)[0] ?? 1;
    });
  });
}

/** Ways from a node to one that leads at least two fewer, each step handing one shard on. */
function canBeEvener(
  voters: readonly (readonly number[])[],
  leaders: ReadonlyMap<number, number>,
): readonly string[] {
  const nodes = [...new Set(voters.flat())];
  const led = (node: number): readonly number[] =>
    [...leaders].filter(([, leader]) => leader === node).map(([shard]) => shard);
  return nodes.flatMap((start) => {
    const reached = new Set([start]);
    for (const node of reached) {
      for (const shard of led(node)) for (const to of voters[shard] ?? []) reached.add(to);
    }
    return [...reached]
      .filter((end) => led(start).length >= led(end).length + 2)
      .map((end) => `${start} → ${end}`);
  });
}
