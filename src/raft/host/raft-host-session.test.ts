import { describe, expect, test } from 'vitest';
import { GROUP, HostCluster } from '../../../test/support/raft/host-cluster.ts';
import type { KeyValueCommand } from '../../../test/support/raft/host-key-value.ts';

const append: KeyValueCommand = { kind: 'append', key: 'a', value: 'x' };

describe('a write of a session', () => {
  test('that is sent again is applied once, and answered as before', async () => {
    const cluster = await HostCluster.withLeader(3);
    const id = await cluster.finish(cluster.host(1).openSession(GROUP));
    const session = { session: id, sequence: 1, respondedUpTo: 0 };
    expect(await cluster.propose(1, append, { session })).toBe('x');
    await cluster.propose(1, append);
    expect(await cluster.propose(1, append, { session })).toBe('x');
    expect(cluster.value(1, 'a')).toBe('xx');
  });

  test('is known to the next leader, and after restarts', async () => {
    const cluster = await HostCluster.withLeader(3);
    const id = await cluster.finish(cluster.host(1).openSession(GROUP));
    const session = { session: id, sequence: 1, respondedUpTo: 0 };
    await cluster.propose(1, append, { session });
    for (const node of [1, 2, 3]) await cluster.restart(node, () => Infinity);
    await cluster.elect(2);
    expect(await cluster.propose(2, append, { session })).toBe('x');
    expect(cluster.value(2, 'a')).toBe('x');
  });

  test('that comes twice in one step is applied once', async () => {
    const cluster = await HostCluster.withLeader(3);
    const id = await cluster.finish(cluster.host(1).openSession(GROUP));
    const session = { session: id, sequence: 1, respondedUpTo: 0 };
    const both = [1, 2].map(() => cluster.propose(1, append, { session }));
    expect(await Promise.all(both)).toEqual(['x', 'x']);
    expect(cluster.value(1, 'a')).toBe('x');
  });

  test('is refused where the session is not known, was closed or had to go', async () => {
    const cluster = await HostCluster.withLeader(3, { limits: { sessionsMax: 2 } });
    const write = (id: number): Promise<unknown> =>
      cluster.propose(1, append, { session: { session: id, sequence: 1, respondedUpTo: 0 } });
    await expect(write(77)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    const host = cluster.host(1);
    const closed = await cluster.finish(host.openSession(GROUP));
    await cluster.finish(host.closeSession(GROUP, closed));
    await expect(write(closed)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    const first = await cluster.finish(host.openSession(GROUP));
    const second = await cluster.finish(host.openSession(GROUP));
    await write(first);
    await cluster.finish(host.openSession(GROUP));
    await write(first);
    await expect(write(second)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(cluster.value(1, 'a')).toBe('x');
  });
});
