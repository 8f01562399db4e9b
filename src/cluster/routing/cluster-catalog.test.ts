import { describe, expect, test } from 'vitest';
import { RoutingCluster } from '../../../test/support/cluster/routing-cluster.ts';
import type { VectorDbError } from '../../base/error.ts';

const three = () => RoutingCluster.start({ nodes: 3, placement: [[1, 2, 3]] });
const failureOf = (promise: Promise<unknown>): Promise<VectorDbError | undefined> =>
  promise.then(
    () => undefined,
    (error: VectorDbError) => error,
  );
const alias = (name: string) =>
  ({
    kind: 'updateAliases',
    changes: [{ kind: 'create', alias: name, collection: 'c' }],
  }) as const;

describe('the catalog', () => {
  test('is changed through any node, and known on all of them when that is done', async () => {
    const cluster = await three();
    await cluster.createCollection(2, 'c');
    for (const node of [1, 2, 3]) {
      expect(cluster.node(node).collections.resolve('c').number).toBe(1);
    }
    await cluster.finish(cluster.node(3).collections.propose(alias('a')));
    expect(cluster.node(1).collections.aliasesOf('c')).toEqual(['a']);
    expect(cluster.node(1).collections.resolve('a').name).toBe('c');
  });

  test('says whether something changed, and why a change is refused', async () => {
    const cluster = await three();
    await cluster.createCollection(2, 'c');
    const { collections } = cluster.node(3);
    const dropped = { kind: 'dropCollection', name: 'c' } as const;
    expect(await cluster.finish(collections.propose(dropped))).toEqual({ changed: true });
    expect(await cluster.finish(collections.propose(dropped))).toEqual({ changed: false });
    const refused = failureOf(collections.propose(alias('a')));
    expect(await cluster.finish(refused)).toMatchObject({
      code: 'COLLECTION_NOT_FOUND',
      field: 'actions[0].collection',
    });
  });

  test('makes a change once, though its leader dies before it answers', async () => {
    const cluster = await three();
    await cluster.createCollection(2, 'c');
    const { collections, catalog } = cluster.node(2);
    cluster.network.cut(1, 2);
    const vectors = collections.resolve('c').vectors;
    const creating = collections.propose({ kind: 'createCollection', name: 'd', vectors });
    await cluster.until(() => cluster.node(3).catalog.state.collections.collections.has('d'));
    await cluster.crash(1);
    // A second one would be refused with ALREADY_EXISTS.
    expect(await cluster.finish(creating)).toEqual({ changed: true });
    expect(catalog.state.collections.nextNumber).toBe(3);
  });

  test('waits until a slow node knows the change', async () => {
    const cluster = await three();
    await cluster.createCollection(2, 'c');
    const { collections } = cluster.node(2);
    // What the leader says does not reach node 3, for less than an election timeout.
    cluster.network.cut(1, 3);
    const changing = collections.propose(alias('a'));
    cluster.clock.after(500, () => cluster.network.mend(1, 3));
    await cluster.finish(changing);
    expect(cluster.node(3).collections.resolve('a').name).toBe('c');
  });

  test('waits for a node that cannot be reached no longer than is permitted', async () => {
    const cluster = await three();
    cluster.isolate(3);
    const startedMs = cluster.clock.monotonicMs();
    await cluster.createCollection(1, 'c');
    expect(cluster.clock.monotonicMs() - startedMs).toBeLessThan(4_000);
    const { collections } = cluster.node(3);
    expect(() => collections.resolve('c')).toThrow('there is no collection');
    cluster.isolate(3, false);
    expect((await cluster.finish(collections.resolveFresh('c'))).number).toBe(1);
  });

  test('without a majority is not changed, and a name is not said to be missing', async () => {
    const cluster = await three();
    cluster.isolate(3);
    await cluster.run(5_000);
    const { collections } = cluster.node(3);
    const creating = failureOf(cluster.createCollection(3, 'c'));
    expect((await creating)?.code).toBe('UNAVAILABLE');
    const fresh = failureOf(collections.resolveFresh('c'));
    expect((await cluster.finish(fresh))?.code).toBe('UNAVAILABLE');
  });

  test('drained, takes no change', async () => {
    const cluster = await three();
    const { collections } = cluster.node(1);
    await collections.drain();
    const refused = failureOf(collections.propose(alias('a')));
    expect((await cluster.finish(refused))?.code).toBe('SHUTTING_DOWN');
  });
});
