import { describe, expect, test } from 'vitest';
import { pointOf, RoutingCluster } from '../../../test/support/cluster/routing-cluster.ts';
import type { VectorDbError } from '../../base/error.ts';
import { groupOfShard } from '../catalog/cluster-state.ts';

const PLACEMENT = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
  [1, 2, 3],
];
const three = (overrides: object = {}) =>
  RoutingCluster.start({ nodes: 3, placement: PLACEMENT, ...overrides });

const upsertOf = (collection: number, ...ids: number[]) =>
  ({ kind: 'upsert', collection, points: ids.map((id) => pointOf(id)) }) as const;
const failureOf = (promise: Promise<unknown>): Promise<VectorDbError | undefined> =>
  promise.then(
    () => undefined,
    (error: VectorDbError) => error,
  );
/** Commands that touched the point, as its version tells: each that was applied raises it. */
const versionsIn = (cluster: RoutingCluster, shard: number): readonly number[] =>
  [1, 2, 3].map((node) => cluster.node(node).holder.machine(shard)?.applied.index ?? 0);

describe('a write', () => {
  test('on any node is read on any other at once', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(2);
    const ids = Array.from({ length: 12 }, (_, id) => id);
    for (const node of [1, 2, 3]) {
      await cluster.upsert(node, number, ids.slice((node - 1) * 4, node * 4));
      for (const reader of [1, 2, 3]) {
        expect(await cluster.count(reader, number)).toBe(node * 4);
      }
    }
    expect(await cluster.search(3, number, 5, { limit: 3 })).toEqual([5, 4, 6]);
  });

  test('goes to the leader in one call once that is known, and in none where that is here', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    await cluster.upsert(1, number, [cluster.idIn(1, number)]);
    const { transport } = cluster.node(1);
    const before = transport.statistics.callsSent;
    await cluster.upsert(1, number, [cluster.idIn(1, number, 1)]);
    expect(transport.statistics.callsSent).toBe(before + 1);
    await cluster.upsert(1, number, [cluster.idIn(0, number)]);
    expect(transport.statistics.callsSent).toBe(before + 1);
  });

  test('finds the leader from a node that has no replica', async () => {
    const cluster = await RoutingCluster.start({ nodes: 4, placement: [[2, 3, 1]] });
    const { number } = await cluster.createCollection(1);
    await cluster.upsert(4, number, [1, 2, 3]);
    expect(await cluster.count(4, number)).toBe(3);
    const { transport } = cluster.node(4);
    for (let id = 4; id < 8; id += 1) {
      const before = transport.statistics.callsSent;
      await cluster.upsert(4, number, [id]);
      expect(transport.statistics.callsSent).toBe(before + 1);
    }
  });

  test('tells what it changed', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const [a, b] = [cluster.idIn(1, number), cluster.idIn(1, number, 1)];
    const write = cluster.write(1, 1, upsertOf(number, a, b));
    expect(await cluster.finish(write)).toMatchObject({ changed: 2 });
    const remove = { kind: 'delete', collection: number, keys: [pointOf(a).key] } as const;
    expect(await cluster.finish(cluster.write(3, 1, remove))).toMatchObject({ changed: 1 });
  });

  test('that is refused when it is applied ends with the refusal, on another node too', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const id = cluster.idIn(1, number);
    await cluster.upsert(1, number, [id]);
    const tooLarge = {
      kind: 'setPayload',
      collection: number,
      keys: [pointOf(id).key],
      payload: new Uint8Array(Buffer.from('{"a":"0123456789"}')),
      payloadBytesMax: 10,
    } as const;
    const write = cluster.finish(cluster.write(1, 1, tooLarge));
    await expect(write).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', field: 'payload' });
  });
});

describe('when the leader dies in the middle of writes', () => {
  test('each is applied once', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const ids = Array.from({ length: 30 }, (_, nth) => cluster.idIn(1, number, nth));
    await cluster.upsert(1, number, ids.slice(0, 1));
    const before = versionsIn(cluster, 1)[0] ?? 0;
    const writes = ids.map((id) => cluster.write(1, 1, upsertOf(number, id)));
    // Some have reached the leader's log by now, none was answered.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await cluster.crash(2);
    await cluster.finish(Promise.all(writes));
    expect(await cluster.count(3, number)).toBe(30);
    const machine = cluster.node(3).holder.machine(1);
    const versions = [...(machine?.image.points.get(number)?.values() ?? [])].map(
      ({ record }) => record.version,
    );
    expect(new Set(versions).size).toBe(30);
    expect(Math.max(...versions)).toBeGreaterThan(before);
  });

  test('a write that was committed and not answered has one effect, whoever leads', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const id = cluster.idIn(1, number);
    await cluster.upsert(1, number, [id]);
    const { holder } = cluster.node(2);
    // The leader commits and applies, but its answers are lost.
    cluster.network.cut(2, 1);
    const write = cluster.write(1, 1, upsertOf(number, cluster.idIn(1, number, 1)));
    await cluster.until(() => holder.machine(1)?.image.points.get(number)?.size === 2);
    const version = (): number =>
      Math.max(
        ...[...(cluster.node(3).holder.machine(1)?.image.points.get(number)?.values() ?? [])].map(
          ({ record }) => record.version,
        ),
      );
    await cluster.run(500);
    const first = version();
    await cluster.crash(2);
    const { index } = await cluster.finish(write);
    expect(index).toBe(first);
    expect(version()).toBe(first);
  });
});

describe('without a majority', () => {
  test('a write that reached nobody certainly had no effect', async () => {
    const cluster = await three({ writeTimeoutMs: 3_000 });
    const { number } = await cluster.createCollection(1);
    const id = cluster.idIn(1, number);
    await cluster.crash(2);
    await cluster.crash(3);
    await cluster.run(5_000);
    const failure = await cluster.finish(failureOf(cluster.write(1, 1, upsertOf(number, id))));
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(failure?.message).toContain('no effect');
  });

  test('a write that its leader took and could not commit has an unknown outcome', async () => {
    const cluster = await three({ writeTimeoutMs: 3_000 });
    const { number } = await cluster.createCollection(1);
    await cluster.upsert(2, number, [cluster.idIn(1, number)]);
    cluster.isolate(2);
    const write = cluster.write(2, 1, upsertOf(number, cluster.idIn(1, number, 1)));
    const failure = await cluster.finish(failureOf(write));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false });
  });

  test('the minority refuses while the majority goes on', async () => {
    const cluster = await three({ writeTimeoutMs: 4_000 });
    const { number } = await cluster.createCollection(1);
    cluster.isolate(1);
    await cluster.run(5_000);
    const id = cluster.idIn(0, number);
    const refused = failureOf(cluster.write(1, 0, upsertOf(number, id)));
    await cluster.upsert(2, number, [id]);
    expect((await cluster.finish(refused))?.code).toBe('UNAVAILABLE');
    expect(await cluster.count(3, number)).toBe(1);
    cluster.isolate(1, false);
    await cluster.until(() => cluster.node(1).host.leaderNode(groupOfShard(0)) !== 0);
    await cluster.upsert(1, number, [cluster.idIn(0, number, 1)]);
    expect(await cluster.count(1, number)).toBe(2);
  });

  test("the caller's signal ends a write and says what may be", async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    await cluster.upsert(2, number, [cluster.idIn(1, number)]);
    cluster.isolate(2);
    const given = new AbortController();
    const { signal } = given;
    const command = upsertOf(number, cluster.idIn(1, number, 1));
    const write = cluster.write(2, 1, command, { signal });
    cluster.clock.after(200, () => given.abort());
    const failure = await cluster.finish(failureOf(write));
    expect(failure?.code).toBe('DEADLINE_EXCEEDED');
    expect(failure?.message).toContain('may have taken effect');
  });
});

describe('sessions', () => {
  test('that the group forgot are opened anew', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    await cluster.upsert(1, number, [cluster.idIn(1, number)]);
    const { host } = cluster.node(2);
    const newest = versionsIn(cluster, 1)[1] ?? 0;
    for (let session = 1; session <= newest; session += 1) {
      await cluster.finish(host.closeSession(groupOfShard(1), session));
    }
    await cluster.upsert(1, number, [cluster.idIn(1, number, 1)]);
    expect(await cluster.count(1, number)).toBe(2);
  });

  test('of a client outside are used as they are: the same stamp is the same write', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const session = await cluster.finish(cluster.node(1).shardLog.openSession(1));
    const stamp = { session, sequence: 7, respondedUpTo: 0 };
    const command = upsertOf(number, cluster.idIn(1, number));
    const first = await cluster.finish(cluster.write(1, 1, command, { stamp }));
    const again = await cluster.finish(cluster.write(3, 1, command, { stamp }));
    expect(again).toEqual(first);
    const forgotten = { session, sequence: 8, respondedUpTo: 7 };
    await cluster.finish(cluster.write(3, 1, command, { stamp: forgotten }));
    const late = await cluster.finish(failureOf(cluster.write(1, 1, command, { stamp })));
    expect(late?.code).toBe('SESSION_EXPIRED');
  });
});

describe('many writes', () => {
  test('one after another go on for ever: numbers that ended are forgotten', async () => {
    const cluster = await three({ proposalsMax: 1_000, bytesMax: 1e7 });
    const { number } = await cluster.createCollection(1);
    const command = upsertOf(number, cluster.idIn(1, number));
    for (let round = 0; round < 3; round += 1) {
      const writes = Array.from({ length: 1_000 }, () => cluster.write(1, 1, command));
      await cluster.finish(Promise.all(writes));
    }
    const rows = [...(cluster.node(2).holder.machine(1)?.image.rows.keys() ?? [])];
    expect(rows.filter((row) => row.startsWith('result/')).length).toBeLessThan(1_024);
  });
});

describe('epochs', () => {
  test('a write with an old epoch is sent again with the new one', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const id = cluster.idIn(1, number);
    cluster.epochs.set(1, 5);
    await cluster.finish(cluster.write(1, 1, { kind: 'fence' }));
    cluster.epochs.set(1, 4);
    const write = cluster.write(1, 1, upsertOf(number, id));
    await cluster.run(1_000);
    expect(await cluster.count(1, number)).toBe(0);
    cluster.epochs.set(1, 5);
    await cluster.finish(write);
    expect(await cluster.count(1, number)).toBe(1);
  });
});

describe('bounds', () => {
  test('more writes than are permitted are refused, and none is lost', async () => {
    const cluster = await three({ proposalsMax: 5 });
    const { number } = await cluster.createCollection(1);
    const { shardLog } = cluster.node(1);
    const writes = Array.from({ length: 8 }, (_, nth) =>
      failureOf(cluster.write(1, 1, upsertOf(number, cluster.idIn(1, number, nth)))),
    );
    expect(shardLog.depth).toBe(5);
    expect(shardLog.depthBytes).toBeGreaterThan(0);
    const outcomes = await cluster.finish(Promise.all(writes));
    expect(outcomes.map((failure) => failure?.code)).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      ...Array.from({ length: 3 }, () => 'OVERLOADED'),
    ]);
    expect(shardLog.depth).toBe(0);
    expect(shardLog.depthBytes).toBe(0);
    expect(await cluster.count(1, number)).toBe(5);
  });

  test('bytes are bounded too, but one command alone is taken', async () => {
    const cluster = await three({ bytesMax: 10 });
    const { number } = await cluster.createCollection(1);
    const [first, second] = [0, 1].map((nth) =>
      failureOf(cluster.write(1, 1, upsertOf(number, cluster.idIn(1, number, nth)))),
    );
    expect((await cluster.finish(second as Promise<VectorDbError>)).code).toBe('OVERLOADED');
    expect(await cluster.finish(first as Promise<undefined>)).toBeUndefined();
  });

  test('drained, it refuses new writes and ends when the others have', async () => {
    const cluster = await three();
    const { number } = await cluster.createCollection(1);
    const { shardLog } = cluster.node(1);
    const write = cluster.write(1, 1, upsertOf(number, cluster.idIn(1, number)));
    const drained = shardLog.drain();
    const refused = failureOf(cluster.write(1, 1, upsertOf(number, cluster.idIn(1, number, 1))));
    expect((await cluster.finish(refused))?.code).toBe('SHUTTING_DOWN');
    await cluster.finish(drained);
    expect(await cluster.finish(write)).toMatchObject({ changed: 1 });
  });

  test('a shard that does not exist is not found', async () => {
    const cluster = await three();
    const write = failureOf(cluster.write(1, 9, { kind: 'fence' }));
    expect((await cluster.finish(write))?.code).toBe('NOT_FOUND');
  });
});
