import { describe, expect, test } from 'vitest';
import { pointOf, RoutingCluster } from '../../../test/support/cluster/routing-cluster.ts';
import type { VectorDbError } from '../../base/error.ts';
import { unpackPoints } from '../../worker/packed-points.ts';
import type { ReadRequest } from '../../worker/read-messages.ts';
import { groupOfShard } from '../catalog/cluster-state.ts';

const IDS = Array.from({ length: 24 }, (_, id) => id);
const SELECT = { payload: true, vectors: false } as const;
/** Four shards on all three nodes. */
const EVERYWHERE = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
  [1, 2, 3],
];
/** Six shards on two nodes each, of four. */
const SPREAD = [
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 1],
  [2, 4],
  [1, 3],
];
/** Shards on one node each: nobody takes over. */
const ALONE = [[1], [2], [3], [4]];

async function filled(nodes: number, placement: readonly (readonly number[])[], more = {}) {
  const cluster = await RoutingCluster.start({ nodes, placement, ...more });
  const { number } = await cluster.createCollection(1);
  await cluster.upsert(1, number, IDS);
  return { cluster, number };
}
const failureOf = (promise: Promise<unknown>): Promise<VectorDbError | undefined> =>
  promise.then(
    () => undefined,
    (error: VectorDbError) => error,
  );
const callsOf = (cluster: RoutingCluster, node: number): number =>
  cluster.node(node).transport.statistics.callsSent;

describe('a read', () => {
  test('of a node that has all shards asks nobody, and hands the request on as it is', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE);
    const before = callsOf(cluster, 2);
    const { holder, reads } = cluster.node(2);
    const request: ReadRequest = { kind: 'count', collection: number, filter: undefined };
    expect((await cluster.finish(reads.read(request))).count).toBe(24);
    expect(holder.requests.at(-1)).toBe(request);
    expect(callsOf(cluster, 2)).toBe(before);
  });

  test('over nodes finds the nearest of all, page by page', async () => {
    const { cluster, number } = await filled(4, SPREAD);
    for (const node of [1, 2, 3, 4]) {
      const found = await cluster.search(node, number, 10, { limit: 5 });
      expect(found).toEqual([10, 9, 11, 8, 12]);
      const next = await cluster.search(node, number, 10, { limit: 4, offset: 3 });
      expect(next).toEqual([8, 12, 7, 13]);
      expect(await cluster.count(node, number)).toBe(24);
    }
  });

  test('asks no more nodes than it takes', async () => {
    const { cluster, number } = await filled(4, SPREAD);
    // Node 1 has shards 0, 3 and 5; nodes 2 and 3, 2 and 4, or 3 and 4 have the rest.
    const before = callsOf(cluster, 1);
    await cluster.count(1, number);
    expect(callsOf(cluster, 1) - before).toBe(2);
  });

  test('of points by id gives them in the order asked for', async () => {
    const { cluster, number } = await filled(4, SPREAD);
    const ids = [17, 3, 99, 20, 0];
    const request: ReadRequest = {
      kind: 'get',
      collection: number,
      keys: ids.map((id) => pointOf(id).key),
      shards: Uint16Array.from(ids, (id) => cluster.shardOf(number, id)),
      select: SELECT,
    };
    const response = await cluster.finish(cluster.node(4).reads.read(request));
    expect(unpackPoints(response.points).map(({ id }) => id)).toEqual([17, 3, 20, 0]);
  });

  test('scrolls over nodes in the order of ids', async () => {
    const { cluster, number } = await filled(4, SPREAD);
    const seen: unknown[] = [];
    let from: Uint8Array | undefined;
    do {
      const request = {
        kind: 'scroll',
        collection: number,
        filter: undefined,
        from,
        limit: 7,
        select: SELECT,
      } as const;
      const page = await cluster.finish(cluster.node(3).reads.read(request));
      seen.push(...unpackPoints(page.points).map(({ id }) => id));
      from = page.next;
    } while (from !== undefined);
    expect(seen).toEqual(IDS);
  });

  test('that one node answers for passes its bytes through', async () => {
    const { cluster, number } = await filled(3, [[1, 2]]);
    expect(await cluster.search(3, number, 4, { limit: 3, offset: 1 })).toEqual([3, 5, 2]);
    const [asked] = cluster.node(1).holder.requests.concat(cluster.node(2).holder.requests);
    expect(asked).toMatchObject({ query: { limit: 3, offset: 1 } });
  });

  test('of a collection that was dropped and made again elsewhere never sees the old one', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE);
    cluster.isolate(3);
    const { collections } = cluster.node(1);
    await cluster.finish(collections.propose({ kind: 'dropCollection', name: 'c' }));
    cluster.isolate(3, false);
    // Node 3 still knows the old number: the barrier of the catalog comes first.
    const query = failureOf(cluster.search(3, number, 1));
    expect((await query)?.code).toBe('COLLECTION_NOT_FOUND');
    await cluster.createCollection(1);
    // By now the name means something again.
    cluster.isolate(3);
    await cluster.finish(collections.propose({ kind: 'dropCollection', name: 'c' }));
    await cluster.createCollection(1);
    cluster.isolate(3, false);
    const { number: old } = cluster.node(3).collections.resolve('c');
    expect(await failureOf(cluster.search(3, old, 1))).toMatchObject({
      code: 'NOT_READY',
      field: 'collection',
    });
    const renewed = cluster.node(3).collections.resolveFresh('c');
    const schema = await cluster.finish(renewed);
    expect(await cluster.count(3, schema.number)).toBe(0);
  });

  test('that another node answers waits to know what became of a collection that node has dropped', async () => {
    const { cluster } = await filled(3, [[1, 2]]);
    const { collections } = cluster.node(1);
    for (let round = 0; round < 5; round += 1) {
      cluster.isolate(3);
      await cluster.finish(collections.propose({ kind: 'dropCollection', name: 'c' }));
      await cluster.createCollection(1);
      cluster.isolate(3, false);
      const { number: old } = cluster.node(3).collections.resolve('c');
      expect(await failureOf(cluster.count(3, old))).toMatchObject({ code: 'NOT_READY' });
    }
  });

  test('by an alias that was moved elsewhere never sees what it meant before', async () => {
    for (const placement of [EVERYWHERE, [[1, 2]]]) {
      const { cluster, number } = await filled(3, placement);
      await cluster.createCollection(1, 'd');
      const { collections } = cluster.node(1);
      const move = (collection: string) =>
        ({
          kind: 'updateAliases',
          changes: [{ kind: 'create', alias: 'a', collection }],
        }) as const;
      await cluster.finish(collections.propose(move('c')));
      cluster.isolate(3);
      await cluster.finish(collections.propose(move('d')));
      cluster.isolate(3, false);
      expect(cluster.node(3).collections.resolve('a').number).toBe(number);
      const stale = await failureOf(cluster.count(3, number));
      expect(stale).toMatchObject({ code: 'NOT_READY', field: 'collection' });
      expect(cluster.node(3).collections.resolve('a').name).toBe('d');
      expect(await cluster.count(3, number)).toBe(24);
    }
  });

  test('before the node has taken the collection up waits for it', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE);
    const { holder, reads, collections } = cluster.node(2);
    const schema = collections.resolve('c');
    await holder.drop(number);
    const request: ReadRequest = { kind: 'count', collection: number, filter: undefined };
    // Nobody else can help out.
    for (const node of [1, 3]) {
      for (const shard of [0, 1, 2, 3]) cluster.node(node).holder.setReadable(shard, false);
    }
    const reading = reads.read(request);
    await cluster.run(100);
    await holder.adopt(schema);
    expect((await cluster.finish(reading)).count).toBe(24);
  });
});

describe('when shards come and go', () => {
  test('a shard that leaves in the middle of a read is read elsewhere', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE);
    const { holder } = cluster.node(1);
    const gate = Promise.withResolvers<void>();
    holder.gate = gate.promise;
    const request: ReadRequest = { kind: 'count', collection: number, filter: undefined };
    const counting = cluster.node(1).reads.read(request);
    await cluster.until(() => holder.requests.length > 0);
    holder.setReadable(2, false);
    holder.gate = undefined;
    gate.resolve();
    expect((await cluster.finish(counting)).count).toBe(24);
  });

  test('a shard that is not indexed here is read elsewhere', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE);
    for (const shard of [0, 1]) cluster.node(1).holder.setReadable(shard, false);
    expect(await cluster.count(1, number)).toBe(24);
  });

  test('a node that cannot serve a part is passed over', async () => {
    const { cluster, number } = await filled(4, SPREAD);
    for (const shard of [1, 2, 5]) cluster.node(3).holder.setReadable(shard, false);
    expect(await cluster.count(1, number)).toBe(24);
    const before = callsOf(cluster, 1);
    expect(await cluster.count(1, number)).toBe(24);
    expect(callsOf(cluster, 1) - before).toBe(2);
  });
});

describe('when nodes fail', () => {
  test('a part of a dead node is read elsewhere', async () => {
    const { cluster, number } = await filled(4, [
      [1, 2, 3],
      [2, 3, 4],
      [3, 4, 1],
      [4, 1, 2],
    ]);
    await cluster.crash(3);
    expect(await cluster.count(1, number)).toBe(24);
    const before = callsOf(cluster, 1);
    expect(await cluster.count(1, number)).toBe(24);
    expect(callsOf(cluster, 1) - before).toBe(1);
  });

  test('a slow part is asked of another node as well', async () => {
    const { cluster, number } = await filled(4, [
      [1, 2, 3],
      [2, 3, 4],
    ]);
    for (let round = 0; round < 4; round += 1) await cluster.count(1, number);
    const gate = Promise.withResolvers<void>();
    cluster.node(2).holder.gate = gate.promise;
    cluster.node(3).holder.gate = gate.promise;
    // Node 4 alone is quick; whoever is asked first, the answer comes from it.
    const startedMs = cluster.clock.monotonicMs();
    expect(await cluster.count(1, number)).toBe(24);
    expect(cluster.clock.monotonicMs() - startedMs).toBeLessThan(1_000);
    gate.resolve();
  });

  test('a shard without a quorum is named, and the rest can be had where the caller allows it', async () => {
    const { cluster, number } = await filled(4, ALONE, { readTimeoutMs: 2_000 });
    await cluster.crash(3);
    const failure = await failureOf(cluster.search(1, number, 5));
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(failure?.message).toContain('shards 2 cannot be read');
    const missing: unknown[] = [];
    const onMissingShards = (shards: readonly number[]): void => {
      missing.push(shards);
    };
    const found = await cluster.search(1, number, 0, { limit: 24 }, { onMissingShards });
    expect(missing).toEqual([[2]]);
    expect(found).toEqual(IDS.filter((id) => cluster.shardOf(number, id) !== 2));
  });

  test('a minority reads nothing, but what it has where the caller asks for that', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE, { readTimeoutMs: 2_000 });
    // It has applied what was written so far.
    expect(await cluster.count(3, number)).toBe(IDS.length);
    cluster.isolate(3);
    await cluster.upsert(1, number, [100]);
    const failure = await failureOf(cluster.search(3, number, 5));
    expect(failure?.code).toBe('UNAVAILABLE');
    const local = { consistency: 'local' } as const;
    const found = await cluster.search(3, number, 0, { limit: 50 }, local);
    expect(found).toEqual(IDS);
    cluster.isolate(3, false);
    expect(await cluster.search(3, number, 100, { limit: 1 })).toEqual([100]);
  });

  test('an old leader that is cut off reads nothing that is stale', async () => {
    const { cluster, number } = await filled(3, EVERYWHERE, { readTimeoutMs: 1_000 });
    const id = cluster.idIn(0, number, 0);
    cluster.isolate(1);
    const counting: ReadRequest = { kind: 'count', collection: number, filter: undefined };
    const stale = failureOf(cluster.node(1).reads.read(counting));
    const remove = { kind: 'delete', collection: number, keys: [pointOf(id).key] } as const;
    await cluster.finish(cluster.write(2, 0, remove));
    expect((await cluster.finish(stale))?.code).toBe('UNAVAILABLE');
    expect(await cluster.count(2, number)).toBe(23);
  });

  test("the caller's signal ends a read", async () => {
    const { cluster, number } = await filled(4, ALONE);
    await cluster.crash(3);
    const given = new AbortController();
    cluster.clock.after(300, () => given.abort());
    const reading = cluster.search(1, number, 5, {}, { signal: given.signal });
    expect((await failureOf(reading))?.code).toBe('DEADLINE_EXCEEDED');
  });

  test('a wrong request fails at once, wherever the shards are', async () => {
    const { cluster } = await filled(4, SPREAD);
    const failure = await failureOf(cluster.search(1, 77, 5));
    expect(failure?.code).toBe('COLLECTION_NOT_FOUND');
  });
});

describe('a cluster of one', () => {
  test('reads and writes without asking anybody, and reads at once what it wrote', async () => {
    const { cluster, number } = await filled(1, [[1], [1]]);
    const { host, barriers } = cluster.node(1);
    expect(host.decidesAlone(groupOfShard(1))).toBe(true);
    expect(barriers.pass([0, 1])).toEqual([]);
    expect(await cluster.count(1, number)).toBe(24);
    expect(callsOf(cluster, 1)).toBe(0);
  });
});
