import { describe, expect, test } from 'vitest';
import { type Configuration, configurationOf, type ReplicaId } from '../core/configuration.ts';
import type { LogIndex } from '../core/entry.ts';
import { isQuorum } from '../core/quorum.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { LogEnd, NodeNumber } from '../transport/transport.ts';
import { QuorumReads } from './quorum-reads.ts';
import { replicaId } from './replica-id.ts';

const OWN = 1;
const on = (...nodes: readonly NodeNumber[]): ReplicaId[] =>
  nodes.map((node) => replicaId(node, 0));

/** A group of a node: its own log ends where it is applied, unless a test says otherwise. */
class HandGroup {
  readonly replica = replicaId(OWN, 0);
  readonly requests: this;
  configuration: Configuration;
  applied: LogIndex = 10;
  last: LogIndex = 10;

  constructor(configuration: Configuration) {
    this.configuration = configuration;
    this.requests = this;
  }

  isCurrent(endOf: (replica: ReplicaId) => LogIndex | undefined): boolean {
    return isQuorum(this.configuration, (replica) => {
      const end = replica === this.replica ? this.last : endOf(replica);
      return end !== undefined && end <= this.applied;
    });
  }
}

/** Node 1, whose questions and turns are a test's. */
class World {
  readonly groups = new Map<GroupId, HandGroup>();
  readonly questions: { readonly to: NodeNumber; readonly number: number }[] = [];
  readonly deferred: (() => void)[] = [];
  readonly reads = new QuorumReads({
    transport: {
      node: OWN,
      askLogEnds: (to, number) => {
        this.questions.push({ to, number });
      },
    },
    find: (group) => this.groups.get(group),
    defer: (callback) => {
      this.deferred.push(callback);
    },
  });

  constructor(groups: readonly (readonly NodeNumber[])[] = [[1, 2, 3]]) {
    for (const [group, nodes] of groups.entries()) this.add(group, configurationOf(on(...nodes)));
  }

  add(group: GroupId, configuration: Configuration): HandGroup {
    const added = new HandGroup(configuration);
    this.groups.set(group, added);
    return added;
  }

  /** Ends the turn; who was asked in it. */
  turn(): readonly NodeNumber[] {
    const before = this.questions.length;
    for (const callback of this.deferred.splice(0)) callback();
    return this.questions.slice(before).map(({ to }) => to);
  }

  /** What a group's logs end with on a node. */
  ends(node: NodeNumber, index: LogIndex, groups = [...this.groups.keys()]): readonly LogEnd[] {
    return groups.map((group) => ({ group, replica: replicaId(node, 0), index }));
  }

  /** A node answers what it was asked last. */
  answer(from: NodeNumber, index = 10, groups?: GroupId[]): void {
    const { number } = this.questions.findLast(({ to }) => to === from) ?? { number: 0 };
    this.reads.answered(from, number, this.ends(from, index, groups));
  }
}

/** What a promise came to so far. */
async function settled<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return Promise.race([promise, Promise.resolve('waits' as const)]);
}

const ALL = [0];

describe('a read of groups of three', () => {
  test('is confirmed by one other node, whose logs end no later than what is applied here', async () => {
    const world = new World([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const read = world.reads.confirm([0, 1, 2]);
    expect(world.turn()).toEqual([2]);
    world.answer(2);
    expect(await read).toEqual([]);
  });

  test.each([
    ['the other log goes further', { other: 11, last: 10 }],
    ['the own log goes further', { other: 10, last: 11 }],
  ])('is not, where %s: then its leader has to be asked', async (_, { other, last }) => {
    const world = new World([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    (world.groups.get(1) as HandGroup).last = last;
    const read = world.reads.confirm([0, 1]);
    world.turn();
    const { number } = world.questions[0] ?? { number: 0 };
    world.reads.answered(2, number, [...world.ends(2, 10, [0]), ...world.ends(2, other, [1])]);
    expect(await read).toEqual([1]);
  });

  test('is not by a replica that was there before, nor by a node that has none', async () => {
    const world = new World();
    const read = world.reads.confirm(ALL);
    world.turn();
    const { number } = world.questions[0] ?? { number: 0 };
    world.reads.answered(2, number, [{ group: 0, replica: replicaId(2, 1), index: 1 }]);
    expect(await read).toEqual([0]);
    const again = world.reads.confirm(ALL);
    world.turn();
    world.answer(2, 1, []);
    expect(await again).toEqual([0]);
  });

  test('is not where the group is not here', async () => {
    const world = new World([]);
    const read = world.reads.confirm(ALL);
    expect(world.turn()).toEqual([]);
    expect(await read).toEqual([0]);
  });
});

describe('a quorum', () => {
  test('is one of the configuration: two others of five, both halves of a joint one', async () => {
    const world = new World([[1, 2, 3, 4, 5]]);
    world.add(1, { ...configurationOf(on(1, 2, 3)), outgoing: on(1, 4, 5) });
    const five = world.reads.confirm([0]);
    expect(world.turn()).toEqual([2, 3]);
    world.answer(3);
    expect(await settled(five)).toBe('waits');
    world.answer(2);
    expect(await five).toEqual([]);
    const joint = world.reads.confirm([1]);
    expect(world.turn()).toEqual([2, 4]);
    world.answer(2);
    expect(await settled(joint)).toBe('waits');
    world.answer(4);
    expect(await joint).toEqual([]);
  });

  test('may be without this node, which only learns, and whose log does not count', async () => {
    const world = new World();
    const group = world.add(0, configurationOf(on(2, 3, 4), on(1)));
    group.last = 99;
    const read = world.reads.confirm(ALL);
    expect(world.turn()).toEqual([2, 3]);
    world.answer(2);
    world.answer(3);
    expect(await read).toEqual([]);
  });

  test('is never nobody: a replica that waits for its first snapshot knows nothing', async () => {
    const world = new World();
    world.add(0, configurationOf([]));
    const read = world.reads.confirm(ALL);
    expect(world.turn()).toEqual([]);
    expect(await read).toEqual([0]);
  });

  test('is asked of as few nodes as all groups together allow', async () => {
    const world = new World([
      [1, 2, 3],
      [1, 3, 4],
      [1, 2, 4],
    ]);
    const read = world.reads.confirm([0, 1, 2]);
    expect(world.turn()).toEqual([2, 3]);
    world.answer(2);
    world.answer(3);
    expect(await read).toEqual([]);
  });
});

describe('rounds', () => {
  test('are shared by who comes before they begin; who comes later waits for the next', async () => {
    const world = new World();
    const first = [world.reads.confirm(ALL), world.reads.confirm(ALL)];
    expect(first[0]).toBe(first[1]);
    expect(world.turn()).toEqual([2]);
    const late = world.reads.confirm(ALL);
    expect(world.turn()).toEqual([]);
    world.answer(2);
    expect(await first[0]).toEqual([]);
    expect(await settled(late)).toBe('waits');
    expect(world.turn()).toEqual([2]);
    expect(await settled(late)).toBe('waits');
    world.answer(2);
    expect(await late).toEqual([]);
  });

  test('take no answer to an earlier question', async () => {
    const world = new World();
    const first = world.reads.confirm(ALL);
    world.turn();
    world.answer(2);
    await first;
    const second = world.reads.confirm(ALL);
    world.turn();
    const { number } = world.questions[0] ?? { number: 0 };
    world.reads.answered(2, number, world.ends(2, 10));
    expect(await settled(second)).toBe('waits');
    world.answer(2);
    expect(await second).toEqual([]);
  });

  test('let those go on who have what they asked for', async () => {
    const world = new World([
      [1, 2, 3],
      [1, 3, 4],
    ]);
    const one = world.reads.confirm([0]);
    const both = world.reads.confirm([0, 1]);
    world.turn();
    world.answer(2);
    expect(await one).toEqual([]);
    expect(await settled(both)).toBe('waits');
  });
});

describe('a node that does not answer', () => {
  test('has others asked after two ticks, and is asked last until it is heard', async () => {
    const world = new World();
    const read = world.reads.confirm(ALL);
    expect(world.turn()).toEqual([2]);
    world.reads.tick();
    expect(world.questions).toHaveLength(1);
    world.reads.tick();
    expect(world.questions.map(({ to }) => to)).toEqual([2, 3]);
    world.answer(3);
    expect(await read).toEqual([]);
    void world.reads.confirm(ALL);
    expect(world.turn()).toEqual([3]);
    world.answer(3);
    world.reads.heard(2);
    void world.reads.confirm(ALL);
    expect(world.turn()).toEqual([2]);
  });

  test('has others asked at once where it is known not to get the question', async () => {
    const world = new World();
    const read = world.reads.confirm(ALL);
    world.turn();
    world.reads.unreachable(2);
    expect(world.questions.map(({ to }) => to)).toEqual([2, 3]);
    world.reads.unreachable(3);
    expect(await read).toEqual([0]);
  });

  test('ends the round after four ticks with what is confirmed, and the next begins', async () => {
    const world = new World([
      [1, 2, 3],
      [1, 3, 4],
    ]);
    const read = world.reads.confirm([0, 1]);
    world.turn();
    world.answer(2);
    const next = world.reads.confirm([0]);
    for (let tick = 0; tick < 4; tick += 1) world.reads.tick();
    expect(await read).toEqual([1]);
    expect(world.turn()).toEqual([2]);
    world.answer(2);
    expect(await next).toEqual([]);
  });
});

test('nothing is confirmed once it is closed', async () => {
  const world = new World();
  const asked = world.reads.confirm(ALL);
  world.turn();
  const waits = world.reads.confirm(ALL);
  world.reads.close();
  expect(await asked).toEqual([0]);
  expect(await waits).toEqual([0]);
  expect(world.turn()).toEqual([]);
});
