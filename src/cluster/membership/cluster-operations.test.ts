import { describe, expect, test } from 'vitest';
import { MembershipWorld } from '../../../test/support/cluster/membership-world.ts';
import { CATALOG_GROUP } from '../catalog/cluster-state.ts';

describe('a view', () => {
  test('is the same on every node, but for who answers', async () => {
    await using world = await MembershipWorld.of(3);
    await world.run(2_000);
    for (const name of ['node-1', 'node-2', 'node-3']) {
      const { operations } = world.node(name).membership;
      const info = await world.finish(operations.info());
      const leader = world.byNumber(world.leaderOf(CATALOG_GROUP)).name;
      expect(info).toMatchObject({
        nodeId: name,
        leader,
        shardCount: 4,
        replicaCount: 3,
        health: 'green',
        reasons: [],
        isLive: true,
      });
      expect(info.members.map(({ status }) => status)).toEqual(['up', 'up', 'up']);
      const nodes = await world.finish(operations.nodes());
      expect(nodes.map(({ replicas }) => replicas)).toEqual([4, 4, 4]);
      expect(nodes.filter(({ catalogRole }) => catalogRole === 'leader')).toHaveLength(1);
      const shards = await world.finish(operations.shards());
      expect(shards.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3, 3]);
      for (const { primary, replicas, health } of shards) {
        expect(health).toBe('green');
        expect(replicas.filter(({ role }) => role === 'leader')).toMatchObject([
          { nodeId: primary, entriesBehind: 0 },
        ]);
      }
      const balance = await world.finish(operations.rebalanceStatus());
      expect(balance).toMatchObject({ rebalancing: false, balanced: true, moves: [] });
    }
  });

  test('is yellow while a node is down', async () => {
    await using world = await MembershipWorld.of(3);
    const down = world.leaderOf(CATALOG_GROUP) === 3 ? 2 : 3;
    const { name } = world.byNumber(down);
    await world.crash(name);
    await world.run(6_000);
    const { operations } = world.byNumber(world.leaderOf(CATALOG_GROUP)).membership;
    const info = await world.finish(operations.info());
    expect(info.health).toBe('yellow');
    expect(info.reasons).toContain(`${name} is down`);
    expect(info.reasons.join()).toContain('with too few replicas: shards 0, 1, 2, 3');
    const shards = await world.finish(operations.shards());
    expect(shards[0]?.replicas.find(({ node }) => node === down)?.role).toBe('unknown');
  });

  test('of a node that is cut off is what it remembers, and says so', async () => {
    await using world = await MembershipWorld.of(3);
    const cut = world.leaderOf(CATALOG_GROUP) === 3 ? 2 : 3;
    world.network.isolate(cut, true);
    await world.run(10_000);
    const { operations, reasons } = world.byNumber(cut).membership;
    const info = await world.finish(operations.info());
    expect(info).toMatchObject({ isLive: false, health: 'red', leader: undefined });
    expect(info.members.map(({ status }) => status).filter((each) => each === 'up')).toHaveLength(
      1,
    );
    expect(reasons.join()).toContain('the catalog has no leader');
    const shards = await world.finish(operations.shards());
    expect(shards.map(({ health }) => health)).toEqual(shards.map(() => 'red'));
    await expect(world.finish(operations.rebalance())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  test('shows moves while they go', async () => {
    await using world = await MembershipWorld.of(4, { shardCount: 8 });
    const { operations } = world.node('node-1').membership;
    await world.finish(operations.leave({ nodeId: 'node-2' }));
    await world.until(() =>
      [...(world.state?.moves.values() ?? [])].some(({ step }) => step === 'switching'),
    );
    const status = await world.finish(operations.migrationStatus());
    expect(status.leaving).toEqual(['node-2']);
    await world.untilAtRest(3);
    const after = await world.finish(operations.migrationStatus());
    expect(after).toMatchObject({ moves: [], movesPlanned: 0, leaving: [] });
    expect(after.movesEnded).toBeGreaterThan(0);
  });
});

describe('an operator is told what to do', () => {
  test('with a node that is not up, or at another address', async () => {
    await using world = await MembershipWorld.of(3);
    const { operations } = world.node('node-1').membership;
    const join = (nodeId: string, address: string) =>
      world.finish(operations.join({ nodeId, address }));
    await expect(join('node-9', 'node-9:7000')).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('seed_nodes = ["node-1@node-1:7000"') as string,
    });
    await expect(join('node-2', 'elsewhere:1')).rejects.toMatchObject({ field: 'address' });
    await expect(join('node-2', 'node-2:6333')).resolves.toMatchObject({ alreadyMember: true });
  });

  test('with a node that is about to join: it is waited for', async () => {
    await using world = await MembershipWorld.of(3);
    world.start('node-4');
    const { operations } = world.node('node-1').membership;
    const joined = operations.join({ nodeId: 'node-4', address: 'node-4:7000' });
    await expect(world.finish(joined)).resolves.toMatchObject({ number: 4, alreadyMember: false });
  });

  test('with an unknown node, and with the last one', async () => {
    await using world = await MembershipWorld.of(1);
    const { operations } = world.node('node-1').membership;
    const leave = (nodeId: string) => world.finish(operations.leave({ nodeId }));
    await expect(leave('node-7')).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'node_id' });
    await expect(leave('node-1')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});
