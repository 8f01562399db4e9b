import { describe, expect, test } from 'vitest';
import { FormationWorld } from '../../../test/support/cluster/formation-world.ts';
import { seededRandom } from '../../base/random.ts';

const ALL = ['node-1', 'node-2', 'node-3'];

/** Ascending; 0 for a node in no cluster. */
const numbersIn = (world: FormationWorld): readonly number[] =>
  ALL.map((name) => world.identity(name)?.node ?? 0).toSorted((a, b) => a - b);

/** Node 3 consents to the cluster, and is down when it could join. */
async function formWithout3(world: FormationWorld): Promise<void> {
  world.refuseRegistrations = true;
  for (const name of ALL) world.start(name);
  await world.run(10_000);
  world.crash('node-3');
  world.refuseRegistrations = false;
  await world.run(10_000);
  expect(ALL.map((name) => world.identity(name)?.node)).toEqual([1, 2, undefined]);
}

describe('the given settings: one node with initial peers, two that join', () => {
  test('make one cluster of three, in any order of starts', async () => {
    for (const order of [ALL, ALL.toReversed(), ['node-2', 'node-1', 'node-3']]) {
      const world = FormationWorld.asGiven();
      for (const name of order) {
        world.start(name);
        await world.run(3_000);
      }
      await world.run(10_000);
      expect(world.clusters(), order.join()).toHaveLength(1);
      expect(numbersIn(world)).toEqual([1, 2, 3]);
    }
  });

  test('found nothing while the founder sees no other peer, and say so', async () => {
    const world = FormationWorld.asGiven();
    world.start('node-1');
    await world.run(10_000);
    expect(world.clusters()).toEqual([]);
    expect(world.reasons('node-1').join('\n')).toContain('once 3 of its 3 initial peers are there');
    expect(world.reasons('node-1').join('\n')).toContain('node-2 does not answer');
  });

  test('say where the tokens differ', async () => {
    const world = FormationWorld.asGiven();
    world.strangers.add('node-2');
    for (const name of ALL) world.start(name);
    await world.run(10_000);
    expect(world.clusters()).toEqual([]);
    for (const name of ['node-1', 'node-2']) {
      expect(world.reasons(name).join('\n')).toContain('refuses: cluster_token differs');
    }
    expect(world.reasons('node-1').join('\n')).not.toContain('does not answer');
  });

  test('found nothing with one other peer: a founder that loses its folder would do so again with the third', async () => {
    const world = FormationWorld.asGiven();
    world.start('node-1');
    world.start('node-3');
    await world.run(10_000);
    expect(world.clusters()).toEqual([]);
    expect(world.reasons('node-1').join('\n')).toContain('node-2 does not answer');
    world.start('node-2');
    await world.run(10_000);
    expect(numbersIn(world)).toEqual([1, 2, 3]);
  });

  test('found no second cluster when the founder is wiped and meets only who never joined', async () => {
    const world = FormationWorld.asGiven();
    await formWithout3(world);
    world.crash('node-2');
    world.wipe('node-1');
    world.start('node-3');
    world.start('node-1');
    await world.run(30_000);
    expect(world.clusters()).toHaveLength(1);
    expect(world.reasons('node-1').join('\n')).toContain('node-3 expects another node to found');
  });

  test('found nothing without the node that has initial peers', async () => {
    const world = FormationWorld.asGiven();
    world.start('node-2');
    world.start('node-3');
    await world.run(10_000);
    expect(world.clusters()).toEqual([]);
    expect(world.reasons('node-2').join('\n')).toContain('waits for a cluster to join');
  });

  test('bring a wiped founder back as a new node, not as a new cluster', async () => {
    const world = FormationWorld.asGiven();
    for (const name of ALL) world.start(name);
    await world.run(10_000);
    world.wipe('node-1');
    world.start('node-1');
    await world.run(30_000);
    expect(world.clusters()).toHaveLength(1);
    expect(world.identity('node-1')?.node).toBe(4);
  });

  test('tell a wiped founder of the cluster that another blank node has heard of', async () => {
    const world = FormationWorld.asGiven();
    await formWithout3(world);
    // Node 3 can ask node 2, which does not get its registration through.
    world.refuseRegistrations = true;
    world.start('node-3');
    await world.run(5_000);
    world.cut('node-1', 'node-2');
    world.wipe('node-1');
    world.start('node-1');
    await world.run(20_000);
    expect(world.identity('node-1')).toBeUndefined();
    expect(world.clusters()).toHaveLength(1);
  });
});

describe('the same list on every node', () => {
  const peers = { initialPeers: ALL, joinCluster: false };

  test('has its first node found the cluster, whoever starts first', async () => {
    const world = new FormationWorld({ 'node-1': peers, 'node-2': peers, 'node-3': peers });
    world.start('node-3');
    world.start('node-2');
    await world.run(10_000);
    expect(world.clusters()).toEqual([]);
    expect(world.reasons('node-2').join()).toContain('waits for node-1');
    world.start('node-1');
    await world.run(10_000);
    expect(world.clusters()).toHaveLength(1);
    expect(world.identity('node-1')?.node).toBe(1);
  });

  test('in another order on each node founds at most one cluster', async () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const random = seededRandom(seed);
      const world = new FormationWorld(
        {
          'node-1': peers,
          'node-2': { ...peers, initialPeers: ['node-2', 'node-1', 'node-3'] },
          'node-3': { ...peers, initialPeers: ['node-3', 'node-2', 'node-1'] },
        },
        seed,
      );
      for (const name of ALL) {
        world.start(name);
        await world.run(random.below(500));
      }
      await world.run(5_000);
      expect(world.clusters().length, `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });
});

test('a list of only itself founds at once', async () => {
  const world = new FormationWorld({ 'node-1': { initialPeers: ['node-1'], joinCluster: false } });
  world.start('node-1');
  await world.run(200);
  expect(world.identity('node-1')).toMatchObject({ node: 1, stage: 'founding' });
});

test('settings that name nobody are refused', async () => {
  const world = new FormationWorld({ 'node-1': { initialPeers: [], joinCluster: false } });
  world.start('node-1');
  await world.run(1_000);
  expect(world.failure('node-1')).toMatchObject({ code: 'FAILED_PRECONDITION' });
});

test('a node that meets two clusters joins neither', async () => {
  const alone = (name: string) => ({ initialPeers: [name], joinCluster: false });
  const world = new FormationWorld({
    'node-1': alone('node-1'),
    'node-2': alone('node-2'),
    'node-3': { initialPeers: [], joinCluster: true, seedNodes: ['node-1', 'node-2'] },
  });
  for (const name of ALL) world.start(name);
  await world.run(10_000);
  expect(world.identity('node-3')).toBeUndefined();
  expect(world.reasons('node-3').join()).toContain('different clusters');
});

test('a registration whose answer was lost gives the same number again', async () => {
  const world = FormationWorld.asGiven();
  world.start('node-1');
  world.start('node-2');
  await world.run(10_000);
  world.loseNextAnswers('register', 3);
  world.start('node-3');
  await world.run(20_000);
  expect(world.identity('node-3')?.node).toBe(3);
  expect(world.registered).toBe(3);
});

/** Starts, crashes and cuts as they come, after each of which there is no second cluster. */
async function muddle(world: FormationWorld, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let step = 0; step < 30; step += 1) {
    const name = ALL[random.below(3)] ?? '';
    const other = ALL[random.below(3)] ?? '';
    switch (random.below(6)) {
      case 0:
      case 1:
        world.start(name);
        break;
      case 2:
        world.crash(name);
        break;
      case 3:
        world.cut(name, other);
        break;
      case 4:
        world.mend();
        break;
      default:
        await world.run(random.below(3_000));
    }
    expect(world.clusters().length, `seed ${seed}`).toBeLessThanOrEqual(1);
  }
}

test('lists of different orders never make two clusters, whoever restarts: consent is kept', async () => {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const names = (...initialPeers: readonly string[]) => ({ initialPeers, joinCluster: false });
    const world = new FormationWorld(
      {
        'node-1': names('node-1', 'node-2', 'node-3'),
        'node-2': names('node-2', 'node-1', 'node-3'),
        'node-3': { initialPeers: [], joinCluster: true, seedNodes: ALL },
      },
      seed,
    );
    await muddle(world, seed);
  }
});

test('thousands of random orders, crashes and partitions never make two clusters, and always one in the end', async () => {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const same = { initialPeers: ALL, joinCluster: false };
    const world =
      seed % 2 === 0
        ? FormationWorld.asGiven(seed)
        : new FormationWorld({ 'node-1': same, 'node-2': same, 'node-3': same }, seed);
    await muddle(world, seed);
    world.mend();
    for (const name of ALL) world.start(name);
    await world.run(20_000);
    expect(world.clusters(), `seed ${seed}`).toHaveLength(1);
    expect(numbersIn(world), `seed ${seed}`).toEqual([1, 2, 3]);
  }
});
