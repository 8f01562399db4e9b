import { describe, expect, test } from 'vitest';
import { MembershipWorld } from '../../../test/support/cluster/membership-world.ts';
import { upsert as upsertOf } from '../../../test/support/shard-commands.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import { MemoryLog } from '../../raft/log/memory-log.ts';
import type { ShardCommand } from '../../sharding/shard-command.ts';
import { CATALOG_GROUP, groupOfShard, MOVE_STEPS } from '../catalog/cluster-state.ts';
import { encodeClusterCommand } from '../catalog/cluster-command-codec.ts';

/** A point of collection 1. */
const upsert = (id: number): ShardCommand => upsertOf(1, { [id]: {} });

/** Points that the replicas of a shard hold, by node. */
function pointsOf(world: MembershipWorld, shard: number): readonly number[] {
  return world.nodes.flatMap(({ holder }) => {
    const image = holder.machine(shard)?.image;
    if (image === undefined) return [];
    return [[...image.points.values()].reduce((sum, { size }) => sum + size, 0)];
  });
}

/** Gives each shard a point, which nodes report a while later: so that moves are made a few at a time. */
async function fill(world: MembershipWorld, shards: number): Promise<void> {
  for (let shard = 0; shard < shards; shard += 1) await world.propose(shard, upsert(shard));
  await world.run(3_000);
}

async function catalogVoters(world: MembershipWorld, count: number): Promise<void> {
  await world.until(() => {
    const leader = world.leaderOf(CATALOG_GROUP);
    if (leader === 0) return false;
    const status = world.status(world.byNumber(leader).name, CATALOG_GROUP);
    return status?.raft.configuration.voters.length === count;
  });
}

describe('three nodes', () => {
  test('form one cluster, with every shard and the catalog three times', async () => {
    await using world = await MembershipWorld.of(3);
    for (const name of ['node-1', 'node-2', 'node-3']) {
      expect(world.counts()[name]?.replicas).toBe(4);
    }
    await catalogVoters(world, 3);
    expect(world.fatal).toEqual([]);
    expect(world.nodes.flatMap(({ membership }) => membership.reasons)).toEqual([]);
  });

  test('take the points along that one node had alone', async () => {
    await using world = new MembershipWorld({}, ['node-1']);
    world.start('node-1');
    await world.untilAtRest(1);
    for (let id = 0; id < 20; id += 1) await world.propose(id % 4, upsert(id));
    world.start('node-2');
    world.start('node-3');
    await world.untilAtRest(3);
    await world.run(1_000);
    for (let shard = 0; shard < 4; shard += 1) expect(pointsOf(world, shard)).toEqual([5, 5, 5]);
  });

  test('go on where they were after all of them were killed', async () => {
    await using world = await MembershipWorld.of(3);
    await world.propose(1, upsert(1));
    const { clusterId } = world.state ?? {};
    for (const name of ['node-1', 'node-2', 'node-3']) await world.crash(name);
    for (const name of ['node-3', 'node-2', 'node-1']) world.start(name);
    await world.untilAtRest(3);
    await world.run(1_000);
    expect(world.state?.clusterId).toBe(clusterId);
    expect(pointsOf(world, 1)).toEqual([1, 1, 1]);
  });

  test('find each other when all of them come back at other addresses', async () => {
    await using world = await MembershipWorld.of(3);
    for (const name of ['node-1', 'node-2', 'node-3']) await world.crash(name);
    // Seeds name the new addresses: they are what the settings say.
    world.moveAll(['node-1', 'node-2', 'node-3'], (name) => `${name}.elsewhere:7000`);
    await world.untilAtRest(3);
    await world.until(() =>
      [...(world.state?.nodes.values() ?? [])].every(({ raftAddress }) =>
        raftAddress.includes('elsewhere'),
      ),
    );
  });
});

test('a node that refuses writes leads nothing until it takes them again', async () => {
  await using world = await MembershipWorld.of(3, { shardCount: 6 });
  const leaders = (): readonly (number | undefined)[] =>
    ['node-1', 'node-2', 'node-3'].map((name) => world.counts()[name]?.leaders);
  expect(leaders()).toEqual([2, 2, 2]);
  world.disk('node-2').isFull = true;
  await world.until(() => leaders().join() === '3,0,3');
  await world.run(10_000);
  expect(leaders()).toEqual([3, 0, 3]);
  world.disk('node-2').isFull = false;
  await world.untilAtRest(3);
  expect(leaders()).toEqual([2, 2, 2]);
});

describe('a fourth node', () => {
  test('gets its share when asked to, and gives it back before it leaves', async () => {
    await using world = await MembershipWorld.of(3, { shardCount: 16 });
    await fill(world, 16);
    world.start('node-4');
    await world.untilAtRest(4);
    expect(world.counts()['node-4']?.replicas).toBe(0);
    const { operations } = world.node('node-2').membership;
    const joined = await world.finish(
      operations.join({ nodeId: 'node-4', address: 'node-4:6334' }),
    );
    expect(joined).toMatchObject({ number: 4, alreadyMember: true, rebalancing: true });
    await world.untilAtRest(4);
    const counts = Object.values(world.counts());
    expect(counts.map(({ replicas }) => replicas)).toEqual([12, 12, 12, 12]);
    expect(counts.map(({ leaders }) => leaders)).toEqual([4, 4, 4, 4]);
    const left = await world.finish(operations.leave({ nodeId: 'node-3' }));
    expect(left).toEqual({ nodeId: 'node-3', state: 'leaving', replicasLeft: 12 });
    await world.untilAtRest(3);
    expect(Object.keys(world.counts())).toEqual(['node-1', 'node-2', 'node-4']);
    await world.until(() =>
      world.node('node-3').membership.reasons.join().includes('this node was removed'),
    );
    expect(world.process('node-3')?.removed).toContain('this node was removed');
    expect(world.process('node-1')?.removed).toBeUndefined();
    expect(
      world
        .node('node-3')
        .host.groups()
        .map(({ group }) => group),
    ).toEqual([CATALOG_GROUP]);
    expect(world.fatal).toEqual([]);
  });

  test('gets its share without being asked for where counts may not differ by so much, unless that was stopped', async () => {
    const settings = { shardCount: 8, rebalanceThreshold: 0.1 };
    await using world = await MembershipWorld.of(3, settings);
    world.start('node-4');
    await world.until(() => world.state?.rebalancing === true);
    await world.untilAtRest(4);
    expect(Object.values(world.counts()).map(({ replicas }) => replicas)).toEqual([6, 6, 6, 6]);
    expect(world.state?.rebalancing).toBe(false);

    await fill(world, 8);
    world.start('node-5');
    await world.until(() => (world.state?.moves.size ?? 0) > 0);
    await world.finish(world.node('node-1').membership.operations.cancelRebalance());
    await world.run(10_000);
    expect(world.counts()['node-5']?.replicas).toBeLessThan(4);
    expect(world.state?.rebalancing).toBe(false);
    // Other members, other counts.
    world.start('node-6');
    await world.until(() => world.state?.rebalancing === true);
    await world.untilAtRest(6);
    expect(Object.values(world.counts()).map((each) => each.replicas)).toEqual(Array(6).fill(4));
  });

  test('that leaves and is asked to stay keeps what it still has', async () => {
    await using world = await MembershipWorld.of(4, { shardCount: 8 });
    await fill(world, 8);
    const { operations } = world.node('node-1').membership;
    await world.finish(operations.leave({ nodeId: 'node-2' }));
    await world.until(() => (world.state?.moves.size ?? 0) > 0);
    await world.finish(operations.leave({ nodeId: 'node-2', cancel: true }));
    const kept = world.counts()['node-2']?.replicas ?? 0;
    expect(kept).toBeGreaterThan(1);
    await world.untilAtRest(4);
    // One that was going already may have gone.
    expect(world.counts()['node-2']?.replicas).toBeGreaterThanOrEqual(kept - 1);
  });
});

test('the leader of the catalog may leave as well, and hands its office over first', async () => {
  await using world = await MembershipWorld.of(4);
  await catalogVoters(world, 3);
  const leader = world.byNumber(world.leaderOf(CATALOG_GROUP)).name;
  const { operations } = world.node(leader).membership;
  await world.finish(operations.leave({ nodeId: leader }));
  const own = world.node(leader).host.node;
  let leaderlessMs = 0;
  while ([0, own].includes(world.leaderOf(CATALOG_GROUP))) {
    await world.run(50);
    if (world.leaderOf(CATALOG_GROUP) === 0) leaderlessMs += 50;
  }
  // An election would take ten times as long.
  expect(leaderlessMs).toBeLessThanOrEqual(100);
  expect(world.state?.nodes.get(own)?.state).toBe('leaving');
  await world.untilAtRest(3);
  await world.until(() => world.node(leader).host.groups().length === 1);
  expect(world.fatal).toEqual([]);
});

test('a node that has left hears of it, where it cannot be reached just then', async () => {
  await using world = await MembershipWorld.of(4);
  const leaving = world.leaderOf(CATALOG_GROUP) === 3 ? 4 : 3;
  const { name, membership } = world.byNumber(leaving);
  await world.finish(membership.operations.leave({ nodeId: name }));
  await world.until(() => {
    const { moves, shards } = world.state ?? { moves: new Map(), shards: [] };
    const isUsed = shards.some(({ replicas }) => replicas.some(({ node }) => node === leaving));
    return world.state !== undefined && moves.size === 0 && !isUsed;
  });
  world.network.isolate(leaving, true);
  await world.run(2_000);
  expect(world.state?.nodes.get(leaving)?.state).toBe('gone');
  world.network.isolate(leaving, false);
  await world.until(() => membership.reasons.join().includes('this node was removed'));
});

describe('whoever looks after the cluster', () => {
  for (const step of MOVE_STEPS.filter((each) => each !== 'cancelling')) {
    test(`may die while a move is ${step}: another one goes on`, async () => {
      await using world = await MembershipWorld.of(4, { shardCount: 2 });
      await catalogVoters(world, 3);
      for (let id = 0; id < 10; id += 1) await world.propose(id % 2, upsert(id));
      const crowded = [...(world.state?.shards[0]?.replicas ?? [])];
      const leader = world.leaderOf(CATALOG_GROUP);
      const leaving = crowded.find(({ node }) => node !== leader)?.node ?? 0;
      const { operations } = world.byNumber(leader).membership;
      await world.finish(operations.leave({ nodeId: world.byNumber(leaving).name }));
      await world.until(() =>
        [...(world.state?.moves.values() ?? [])].some((move) => move.step === step),
      );
      const killed = world.byNumber(world.leaderOf(CATALOG_GROUP)).name;
      await world.crash(killed);
      await world.until(() => world.leaderOf(CATALOG_GROUP) !== 0);
      await world.run(10_000);
      world.start(killed);
      await world.untilAtRest(3);
      await world.run(1_000);
      expect(pointsOf(world, 0)).toEqual([5, 5, 5]);
      expect(world.fatal).toEqual([]);
    });
  }

  test('replaces a node that is lost for good, and takes it back empty', async () => {
    await using world = await MembershipWorld.of(4, { shardCount: 4, replaceAfterMs: 20_000 });
    const lost = world.byNumber(
      [...(world.state?.shards[0]?.replicas ?? [])].find(
        ({ node }) => node !== world.leaderOf(CATALOG_GROUP),
      )?.node ?? 0,
    ).name;
    await world.crash(lost);
    await world.run(10_000);
    expect(world.counts()[lost]?.replicas).toBeGreaterThan(0);
    await world.until(() => world.counts()[lost]?.replicas === 0);
    world.start(lost);
    await world.until(() => world.nodes.some(({ name }) => name === lost));
    await world.until(() => world.node(lost).host.groups().length === 1);
    expect(world.fatal).toEqual([]);
  });
});

describe('a node that lost its data', () => {
  test('comes back under a new number, and gets everything again', async () => {
    await using world = await MembershipWorld.of(3);
    for (let id = 0; id < 8; id += 1) await world.propose(id % 4, upsert(id));
    await world.wipe('node-2');
    world.start('node-2');
    await world.until(() => world.nodes.some(({ name }) => name === 'node-2'));
    expect(world.node('node-2').host.node).toBe(4);
    await world.untilAtRest(3);
    // A voter may have some entries to come.
    await world.until(() =>
      [0, 1, 2, 3].every((shard) => pointsOf(world, shard).join() === '2,2,2'),
    );
    await catalogVoters(world, 3);
  });

  test('is not let in while the other of its name is alive', async () => {
    await using world = await MembershipWorld.of(3);
    world.start('impostor', 'impostor:7000', 'node-2');
    await world.run(20_000);
    expect(world.state?.nodes.size).toBe(3);
    expect(world.process('impostor')?.formation.reasons.join()).toContain('alive');
  });

  test('but for its identity does not start', async () => {
    await using world = await MembershipWorld.of(3);
    await world.crash('node-2');
    world.disk('node-2').log = new MemoryLog();
    world.start('node-2');
    await world.until(() => world.process('node-2')?.failure !== undefined);
    expect(world.process('node-2')?.failure).toMatchObject({ code: 'DATA_CORRUPT' });
  });
});

describe('a damaged replica', () => {
  test('of a shard is made anew on the same node', async () => {
    await using world = await MembershipWorld.of(3);
    for (let id = 0; id < 8; id += 1) await world.propose(id % 4, upsert(id));
    const number = world.node('node-2').host.node;
    await world.crash('node-2');
    world.disk('node-2').log.corrupt(groupOfShard(1), 'a test');
    world.start('node-2');
    await world.until(() => world.state?.shards[1]?.generations.get(number) === 2);
    await world.untilAtRest(3);
    await world.run(1_000);
    expect(pointsOf(world, 1)).toEqual([2, 2, 2]);
    expect(world.status('node-2', groupOfShard(1))?.raft.replica).toBe(replicaId(number, 1));
  });

  test('of the catalog too', async () => {
    await using world = await MembershipWorld.of(3);
    await catalogVoters(world, 3);
    const replica = replicaId(world.node('node-2').host.node, 1);
    await world.crash('node-2');
    world.disk('node-2').log.corrupt(CATALOG_GROUP, 'a test');
    world.start('node-2');
    await world.until(() => world.nodes.some(({ name }) => name === 'node-2'));
    await world.until(() => {
      const raft = world.status('node-2', CATALOG_GROUP)?.raft;
      return raft?.replica === replica && raft.configuration.voters.includes(replica);
    });
    await world.untilAtRest(3);
  });
});

test('a founder whose catalog is damaged, and whose settings name nobody else, still knows whom to ask', async () => {
  await using world = new MembershipWorld({}, ['node-1']);
  world.start('node-1');
  await world.untilAtRest(1);
  world.start('node-2');
  world.start('node-3');
  await world.untilAtRest(3);
  await catalogVoters(world, 3);
  await world.run(1_000);
  await world.crash('node-1');
  world.disk('node-1').log.corrupt(CATALOG_GROUP, 'a test');
  world.start('node-1');
  await world.until(() => world.nodes.some(({ name }) => name === 'node-1'));
  await world.until(() => {
    const raft = world.status('node-1', CATALOG_GROUP)?.raft;
    return raft?.replica === replicaId(1, 1) && raft.configuration.voters.includes(replicaId(1, 1));
  });
  await world.untilAtRest(3);
});

describe('collections', () => {
  test('are forgotten once no node has points of them', async () => {
    await using world = await MembershipWorld.of(3);
    const change = async (command: Parameters<typeof encodeClusterCommand>[0]): Promise<void> => {
      const { host } = world.byNumber(world.leaderOf(CATALOG_GROUP));
      await world.finish(host.propose(CATALOG_GROUP, encodeClusterCommand(command)));
    };
    await change({
      kind: 'collections',
      command: { kind: 'createCollection', name: 'a', vectors: {} },
    });
    await world.propose(0, upsert(1));
    await world.crash('node-3');
    await change({ kind: 'collections', command: { kind: 'dropCollection', name: 'a' } });
    await world.run(10_000);
    expect(world.state?.collections.dropping.size).toBe(1);
    world.start('node-3');
    await world.until(() => world.state?.collections.dropping.size === 0);
    expect(pointsOf(world, 0)).toEqual([0, 0, 0]);
  });
});
