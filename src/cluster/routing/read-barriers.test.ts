import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { CATALOG_GROUP, groupOfShard } from '../catalog/cluster-state.ts';
import { type BarrierGroups, ReadBarriers } from './read-barriers.ts';
import { ReaderLoad } from './reader-load.ts';

/** Groups whose exchanges and rounds end when a test says so. */
class HandGroups implements BarrierGroups {
  /** Exchanges that are under way. */
  readonly exchanges: {
    readonly groups: readonly number[];
    readonly promise: Promise<readonly number[]>;
    readonly end: (unconfirmed?: readonly number[]) => void;
  }[] = [];
  readonly rounds: { readonly group: number; readonly end: (error?: Error) => void }[] = [];
  readonly alone = new Set<number>();
  isAway = false;

  isCutOff(): boolean {
    return this.isAway;
  }

  decidesAlone(group: number): boolean {
    return this.alone.has(group);
  }

  unconfirmed(groups: readonly number[]): Promise<readonly number[]> {
    const same = this.exchanges.find((exchange) => exchange.groups === groups);
    if (same !== undefined) return same.promise;
    const { promise, resolve } = Promise.withResolvers<readonly number[]>();
    this.exchanges.push({ groups, promise, end: (unconfirmed = []) => resolve(unconfirmed) });
    return promise;
  }

  /** Ends the exchanges that are under way, none of which confirms anything. */
  async confirmNothing(): Promise<void> {
    for (const { groups, end } of this.exchanges.splice(0)) end(groups);
    await settle();
  }

  readBarrier(group: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const end = (error?: Error): void => (error === undefined ? resolve(1) : reject(error));
    this.rounds.push({ group, end });
    return promise;
  }

  /** Ends the rounds that are under way. */
  async endAll(): Promise<void> {
    for (const { end } of this.rounds.splice(0)) end();
    await settle();
  }
}

const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const SHARDS = [0, 1];

function world(readsMax = 10, load?: ReaderLoad) {
  const groups = new HandGroups();
  const barriers = new ReadBarriers({ groups, readsMax, ...(load && { load }) });
  const passed: string[] = [];
  const pass = async (name: string, shards: readonly number[] = SHARDS): Promise<void> => {
    await barriers.pass(shards);
    passed.push(name);
  };
  return { groups, barriers, passed, pass };
}

describe('a barrier', () => {
  test('is passed where one exchange confirms the catalog and all shards', async () => {
    const { groups, passed, pass } = world();
    const done = [pass('a'), pass('b')];
    expect(groups.exchanges.map((exchange) => exchange.groups)).toEqual([
      [CATALOG_GROUP, groupOfShard(0), groupOfShard(1)],
    ]);
    groups.exchanges.splice(0)[0]?.end();
    await Promise.all(done);
    expect(passed).toEqual(['a', 'b']);
    expect(groups.rounds).toEqual([]);
  });

  test('asks the leaders of those that the exchange does not confirm, once for all reads of it', async () => {
    const { groups, passed, pass } = world();
    const done = [pass('a'), pass('b')];
    groups.exchanges.splice(0)[0]?.end([groupOfShard(1)]);
    await settle();
    expect(groups.rounds.map(({ group }) => group)).toEqual([groupOfShard(1)]);
    expect(passed).toEqual([]);
    await groups.endAll();
    await Promise.all(done);
    expect(passed).toEqual(['a', 'b']);
  });
});

describe('a barrier where readers have enough to read', () => {
  test('asks once there is room, one exchange for all who came until then', async () => {
    const load = new ReaderLoad(1);
    const { groups, passed, pass } = world(10, load);
    const read = Promise.withResolvers<void>();
    const reading = load.during(() => read.promise);
    const done = [pass('a'), pass('b')];
    await settle();
    expect(groups.exchanges).toHaveLength(0);
    done.push(pass('c'));
    read.resolve();
    await reading;
    await settle();
    expect(groups.exchanges).toHaveLength(1);
    groups.exchanges.splice(0)[0]?.end();
    await Promise.all(done);
    expect(passed).toEqual(['a', 'b', 'c']);
  });

  test('is given up by the signal, and refused where too many wait', async () => {
    const load = new ReaderLoad(1);
    const { barriers, groups } = world(1, load);
    const read = Promise.withResolvers<void>();
    const reading = load.during(() => read.promise);
    const given = new AbortController();
    const waiting = barriers.pass(SHARDS, given.signal);
    await expect(barriers.pass(SHARDS)).rejects.toMatchObject({ code: 'OVERLOADED' });
    given.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(barriers.depth).toBe(0);
    read.resolve();
    await reading;
    await settle();
    for (const { end } of groups.exchanges) end();
  });
});

describe('a barrier whose exchange confirms nothing', () => {
  test('asks the catalog and each shard, and waits for all of them', async () => {
    const { groups, passed, pass } = world();
    const done = pass('a');
    await groups.confirmNothing();
    expect(groups.rounds.map(({ group }) => group)).toEqual([
      CATALOG_GROUP,
      groupOfShard(0),
      groupOfShard(1),
    ]);
    const [first, second, third] = groups.rounds;
    first?.end();
    third?.end();
    await settle();
    expect(passed).toEqual([]);
    second?.end();
    await done;
    expect(passed).toEqual(['a']);
  });

  test('never counts a round that began before the read came; those who come meanwhile share the next', async () => {
    const { groups, passed, pass } = world();
    void pass('a');
    await groups.confirmNothing();
    void pass('b');
    void pass('c');
    void pass('d', [1, 0]);
    await groups.confirmNothing();
    expect(groups.rounds).toHaveLength(3);
    await groups.endAll();
    expect(passed).toEqual(['a']);
    expect(groups.rounds).toHaveLength(3);
    void pass('e');
    await groups.confirmNothing();
    await groups.endAll();
    expect(passed).toEqual(['a', 'b', 'c', 'd']);
    await groups.endAll();
    expect(passed.at(-1)).toBe('e');
    expect(groups.rounds).toHaveLength(0);
  });

  test('a shard that does not answer holds up nobody who does not need it', async () => {
    const { groups, passed, pass } = world();
    void pass('both');
    await groups.confirmNothing();
    const stuck = groups.rounds.find(({ group }) => group === groupOfShard(1));
    for (const round of groups.rounds.splice(0)) if (round !== stuck) round.end();
    await settle();
    void pass('one', [0]);
    await groups.confirmNothing();
    await groups.endAll();
    expect(passed).toEqual(['one']);
    stuck?.end();
    await settle();
    expect(passed).toEqual(['one', 'both']);
  });

  test('names the shards that have no leader; without the catalog it fails', async () => {
    const { groups, barriers } = world();
    const noLeader = new VectorDbError('NOT_LEADER', 'no leader is known');
    const passing = barriers.pass(SHARDS);
    await groups.confirmNothing();
    groups.rounds[2]?.end(noLeader);
    groups.rounds[0]?.end();
    groups.rounds[1]?.end();
    expect(await passing).toEqual([1]);
    groups.rounds.length = 0;
    const failing = barriers.pass(SHARDS);
    await groups.confirmNothing();
    for (const { group, end } of groups.rounds) end(group === CATALOG_GROUP ? noLeader : undefined);
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('is no promise where this node decides alone, and asks nobody', () => {
    const { groups, barriers } = world();
    for (const group of [CATALOG_GROUP, groupOfShard(0)]) groups.alone.add(group);
    expect(barriers.pass([0])).toEqual([]);
    expect(groups.exchanges).toHaveLength(0);
    expect(barriers.pass(SHARDS)).toBeInstanceOf(Promise);
    expect(groups.exchanges).toHaveLength(1);
  });

  test('fails at once where this node is cut off, and asks no leader', async () => {
    const { barriers, groups } = world();
    groups.isAway = true;
    const failing = expect(barriers.pass(SHARDS)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('cut off'),
    });
    await groups.confirmNothing();
    await failing;
    expect(groups.rounds).toHaveLength(0);
    // Others may be reached all the same, by whoever does not know that it is cut off no more.
    const passing = barriers.pass(SHARDS);
    groups.exchanges.splice(0)[0]?.end();
    expect(await passing).toEqual([]);
  });

  test('is given up by the signal, and refused where too many wait', async () => {
    const { barriers, groups } = world(2);
    const given = new AbortController();
    const first = barriers.pass(SHARDS, given.signal);
    await groups.confirmNothing();
    const second = barriers.pass(SHARDS);
    await groups.confirmNothing();
    expect(barriers.depth).toBe(2);
    await expect(barriers.pass(SHARDS)).rejects.toMatchObject({ code: 'OVERLOADED' });
    given.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(barriers.depth).toBe(1);
    await groups.endAll();
    await groups.endAll();
    expect(await second).toEqual([]);
    expect(barriers.depth).toBe(0);
  });
});
