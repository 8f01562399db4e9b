import { describe, expect, test } from 'vitest';
import { GROUP, HostCluster } from '../../../test/support/raft/host-cluster.ts';
import { replicaId } from './replica-id.ts';

const SHORT_LOG = {
  logEntriesKept: 5,
  logCompactionEntries: 5,
  logPinnedBytesMax: 200,
  snapshotChunkBytes: 256,
  snapshotBytesPerSecondMax: 10_000,
};

async function fill(cluster: HostCluster, count: number, prefix = 'k'): Promise<void> {
  for (let at = 0; at < count; at += 1) await cluster.set(1, `${prefix}${at}`, 'x'.repeat(20));
}

/** Node 3 away while the others write more than their logs keep. */
async function laggingFollower(limits: object = {}): Promise<HostCluster> {
  const cluster = await HostCluster.withLeader(3, { limits: { ...SHORT_LOG, ...limits } });
  cluster.network.isolate(3, true);
  await fill(cluster, 60);
  await cluster.run(500);
  return cluster;
}

describe('compaction', () => {
  test('forgets what is applied durably, up to a tail', async () => {
    const cluster = await HostCluster.withLeader(3, { limits: SHORT_LOG });
    await fill(cluster, 60);
    await cluster.run(500);
    for (const node of [1, 2, 3]) {
      const { firstIndex, lastIndex } = cluster.status(node).raft;
      expect(lastIndex - firstIndex).toBeLessThan(12);
      expect(lastIndex - firstIndex).toBeGreaterThanOrEqual(4);
    }
  });

  test('loses nothing in a crash that takes every batch of the state that was not flushed', async () => {
    const cluster = await HostCluster.withLeader(3, { limits: SHORT_LOG });
    await fill(cluster, 60);
    await cluster.run(500);
    for (const node of [1, 2, 3]) await cluster.restart(node, () => 0);
    await cluster.elect(1);
    for (const at of [0, 30, 59]) expect(cluster.value(1, `k${at}`)).toBe('x'.repeat(20));
  });
});

describe('a snapshot', () => {
  test('brings a follower up whose entries are gone from the log', async () => {
    const cluster = await laggingFollower();
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.value(3, 'k59') !== undefined);
    expect(cluster.value(3, 'k0')).toBe('x'.repeat(20));
    await cluster.set(1, 'after', '1');
    await cluster.run(500);
    expect(cluster.value(3, 'after')).toBe('1');
    expect(cluster.node(3).log.group(GROUP)?.generation).toBeGreaterThan(0);
  });

  test('goes on where a broken connection stopped it', async () => {
    const cluster = await laggingFollower();
    cluster.network.isolate(3, false);
    await cluster.until(() => (cluster.status(3).snapshotBytesReceived ?? 0) >= 512);
    cluster.network.isolate(3, true);
    await cluster.run(300);
    const before = cluster.status(3).snapshotBytesReceived ?? 0;
    cluster.network.isolate(3, false);
    let least = before;
    await cluster.until(() => {
      least = Math.min(least, cluster.status(3).snapshotBytesReceived ?? Infinity);
      return cluster.value(3, 'k59') !== undefined;
    });
    expect(least).toBe(before);
  });

  test('counts after a crash from the log record on, even where the state was not activated', async () => {
    const cluster = await laggingFollower();
    cluster.network.isolate(3, false);
    const isNamed = (): boolean => (cluster.node(3).log.group(GROUP)?.generation ?? 0) > 0;
    await cluster.until(isNamed);
    await cluster.restart(3);
    expect(cluster.value(3, 'k59')).toBe('x'.repeat(20));
  });

  test('keeps the log behind it, so that one is enough however much is written meanwhile', async () => {
    const limits = { ...SHORT_LOG, logPinnedBytesMax: 1e6 };
    const cluster = await HostCluster.withLeader(3, { limits });
    cluster.network.isolate(3, true);
    await fill(cluster, 60);
    await cluster.run(2_500);
    await fill(cluster, 60, 'm');
    await cluster.run(500);
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.status(1).snapshotsSent.length > 0);
    for (let at = 0; cluster.value(3, 'k59') === undefined; at += 1) {
      await cluster.set(1, `n${at}`, 'x'.repeat(20));
      await cluster.run(50);
    }
    await cluster.set(1, 'after', '1');
    await cluster.until(() => cluster.value(3, 'after') === '1');
    expect(cluster.node(3).log.group(GROUP)?.generation).toBe(1);
    await cluster.run(500);
    const { firstIndex, lastIndex } = cluster.status(1).raft;
    expect(lastIndex - firstIndex).toBeLessThan(12);
  });

  test('takes sessions and the configuration along', async () => {
    const cluster = await HostCluster.withLeader(3, { limits: SHORT_LOG });
    cluster.network.isolate(3, true);
    const id = await cluster.finish(cluster.host(1).openSession(GROUP));
    const session = { session: id, sequence: 1, respondedUpTo: 0 };
    const append = { kind: 'append', key: 'a', value: 'x' } as const;
    await cluster.propose(1, append, { session });
    await fill(cluster, 60);
    await cluster.run(500);
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.value(3, 'k59') !== undefined);
    await cluster.elect(3);
    expect(await cluster.propose(3, append, { session })).toBe('x');
    expect(cluster.value(3, 'a')).toBe('x');
    expect(cluster.status(3).raft.configuration.voters).toHaveLength(3);
  });

  test('is given up by both sides when the other is gone, and begun anew later', async () => {
    const cluster = await laggingFollower();
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.status(3).snapshotBytesReceived !== undefined);
    cluster.network.isolate(3, true);
    await cluster.run(130_000);
    expect(cluster.status(3).snapshotBytesReceived).toBeUndefined();
    expect(cluster.status(1).snapshotsSent).toEqual([]);
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.value(3, 'k59') !== undefined);
  });
});

describe('membership', () => {
  const change = (steps: readonly ['addVoter' | 'addLearner' | 'remove', number][]) => ({
    steps: steps.map(([kind, replica]) => ({ kind, replica })),
    leave: 'auto' as const,
    context: new Uint8Array(0),
  });

  test('a replica joins as a learner, by a snapshot, and becomes a voter in the place of another', async () => {
    const cluster = await HostCluster.withLeader(3);
    await fill(cluster, 5);
    await cluster.start(4);
    await cluster.joinGroup(4);
    const host = cluster.host(1);
    const four = replicaId(4, 0);
    await cluster.finish(host.changeConfiguration(GROUP, change([['addLearner', four]])));
    await cluster.until(() => cluster.value(4, 'k4') !== undefined);
    const swapped = await cluster.finish(
      host.changeConfiguration(
        GROUP,
        change([
          ['addVoter', four],
          ['remove', replicaId(2, 0)],
        ]),
      ),
    );
    expect(swapped.outgoing).toEqual([]);
    expect(swapped.voters).toEqual([replicaId(1, 0), replicaId(3, 0), four]);
    await cluster.crash(2);
    await cluster.elect(4);
    await cluster.set(4, 'a', '1');
  });

  test('a second change waits for the first', async () => {
    const cluster = await HostCluster.withLeader(3);
    const host = cluster.host(1);
    const first = host.changeConfiguration(GROUP, change([['remove', replicaId(3, 0)]]));
    const second = host.changeConfiguration(GROUP, change([['remove', replicaId(2, 0)]]));
    await expect(second).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await cluster.finish(first);
  });

  test('a change that leaves nobody is refused', async () => {
    const cluster = await HostCluster.withLeader(1);
    const refused = cluster
      .host(1)
      .changeConfiguration(GROUP, change([['remove', replicaId(1, 0)]]));
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a removed replica is destroyed, and comes back only as a larger one', async () => {
    const cluster = await HostCluster.withLeader(3);
    const host = cluster.host(1);
    const three = replicaId(3, 0);
    await cluster.finish(host.changeConfiguration(GROUP, change([['remove', three]])));
    await cluster.finish(cluster.host(3).removeGroup(GROUP));
    expect(cluster.host(3).groups()).toEqual([]);
    await cluster.restart(3);
    expect(cluster.host(3).groups()).toEqual([]);
    await expect(cluster.joinGroup(3, 0)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await cluster.joinGroup(3, 1);
    await fill(cluster, 3);
    const again = change([['addVoter', replicaId(3, 1)]]);
    await cluster.finish(cluster.host(1).changeConfiguration(GROUP, again));
    await cluster.until(() => cluster.value(3, 'k2') !== undefined);
  });

  test('a group that is here is not made again, nor for another node', async () => {
    const cluster = await HostCluster.withLeader(1);
    await expect(cluster.joinGroup(1, 5)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    const { configuration } = cluster.status(1).raft;
    const other = cluster
      .host(1)
      .createGroup({ group: 2, replica: replicaId(2, 0), configuration });
    await expect(other).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const outside = cluster
      .host(1)
      .createGroup({ group: 2, replica: replicaId(1, 3), configuration });
    await expect(outside).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(cluster.host(1).removeGroup(7)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a group whose log turns out to be damaged', () => {
  const replaceOn3 = async (cluster: HostCluster): Promise<void> => {
    await cluster.until(() => cluster.host(3).status(GROUP)?.state === 'corrupt');
    await cluster.run(500);
    await cluster.finish(cluster.host(3).removeGroup(GROUP));
    await cluster.joinGroup(3, 1);
    const steps = [
      { kind: 'remove', replica: replicaId(3, 0) },
      { kind: 'addVoter', replica: replicaId(3, 1) },
    ] as const;
    const change = { steps, leave: 'auto', context: new Uint8Array(0) } as const;
    await cluster.finish(cluster.host(1).changeConfiguration(GROUP, change));
    await cluster.until(() => cluster.value(3, 'k59') !== undefined);
  };

  test('while it takes a snapshot leaves its place to the next one', async () => {
    const cluster = await laggingFollower({ snapshotsMax: 1 });
    cluster.network.isolate(3, false);
    await cluster.until(() => (cluster.status(3).snapshotBytesReceived ?? 0) >= 512);
    cluster.node(3).log.corrupt(GROUP, 'a bad sector');
    await replaceOn3(cluster);
  });

  test('while it installs a snapshot can be replaced', async () => {
    const cluster = await laggingFollower();
    cluster.network.isolate(3, false);
    const { log } = cluster.node(3);
    const append = log.append.bind(log);
    const slow = Promise.withResolvers<void>();
    Object.assign(log, {
      append: async (...args: Parameters<typeof append>) => {
        await append(...args);
        if (!args[0].some(({ snapshot }) => snapshot !== undefined)) return;
        log.corrupt(GROUP, 'a bad sector');
        await slow.promise;
      },
    });
    await cluster.until(() => cluster.host(3).status(GROUP)?.state === 'corrupt');
    await cluster.run(500);
    slow.resolve();
    await replaceOn3(cluster);
  });
});
