import { expect, test } from 'vitest';
import { MembershipWorld } from '../../../test/support/cluster/membership-world.ts';
import { upsert } from '../../../test/support/shard-commands.ts';
import { must } from '../../base/assert.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { VectorDbError } from '../../base/error.ts';

const NAMES = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
const SHARDS = 3;

/** Something happens to a node; at most one is down at a time, so that every shard keeps its majority. */
async function disturb(world: MembershipWorld, random: Random): Promise<void> {
  const here = world.nodes;
  const { name, membership } = must(here[random.below(here.length)], 'a node');
  switch (random.below(6)) {
    case 0:
    case 1:
      await world.crash(name);
      await world.run(random.below(5_000));
      world.start(name);
      break;
    case 2:
    case 3: {
      const cancel = random.below(2) === 0;
      const { nodeId } = [...(world.state?.nodes.values() ?? [])].find(
        (node) => node.state !== 'gone' && random.below(3) === 0,
      ) ?? { nodeId: name };
      await tried(world.finish(membership.operations.leave({ nodeId, cancel })));
      break;
    }
    case 4:
      await tried(world.finish(membership.operations.rebalance()));
      break;
    default: {
      const node = world.byNumber(here[random.below(here.length)]?.host.node ?? 0).host.node;
      world.network.isolate(node, true);
      await world.run(random.below(4_000));
      world.network.isolate(node, false);
    }
  }
}

/** Refusals are fine: nothing changed. */
async function tried(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof VectorDbError)) throw error;
  }
}

for (let seed = 1; seed <= 6; seed += 1) {
  test(`nodes die, leave, stay and are cut off at any time, and nothing is lost (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using world = await MembershipWorld.of(5, { shardCount: SHARDS, movesMax: 3 });
    for (let step = 0; step < 15; step += 1) {
      await world.propose(step % SHARDS, upsert(1, { [step]: {} }));
      await disturb(world, random);
      await world.run(random.below(3_000));
      expect(world.fatal).toEqual([]);
    }
    for (const name of NAMES) if (world.process(name) === undefined) world.start(name);
    for (const node of world.state?.nodes.values() ?? []) {
      if (node.state !== 'leaving') continue;
      const { operations } = world.byNumber(node.number).membership;
      await tried(world.finish(operations.leave({ nodeId: node.nodeId, cancel: true })));
    }
    const members = (): number =>
      [...(world.state?.nodes.values() ?? [])].filter(({ state }) => state !== 'gone').length;
    await world.until(() => world.state !== undefined);
    await world.until(() => world.isAtRest(members()));
    await world.run(2_000);
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const held = (world.state?.shards[shard]?.replicas ?? []).map(({ node }) => {
        const image = world.byNumber(node).holder.machine(shard)?.image;
        return image?.points.get(1)?.size;
      });
      expect(held, `shard ${shard}`).toEqual(held.map(() => 5));
      expect(held.length).toBe(Math.min(3, members()));
    }
  });
}
