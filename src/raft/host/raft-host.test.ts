import { describe, expect, test } from 'vitest';
import { GROUP, HostCluster } from '../../../test/support/raft/host-cluster.ts';
import { FaultyLog } from '../../../test/support/raft/host-faulty-log.ts';
import { encodeKeyValueCommand } from '../../../test/support/raft/host-key-value.ts';
import { must } from '../../base/assert.ts';
import { DEFAULT_RAFT_HOST_LIMITS } from './raft-host-limits.ts';
import { replicaId } from './replica-id.ts';

const set = (key: string, value: string): Uint8Array =>
  encodeKeyValueCommand({ kind: 'set', key, value });

describe('a group of three', () => {
  test('elects one leader, whom all know', async () => {
    const cluster = await HostCluster.withLeader(3);
    expect([1, 2, 3].map((node) => cluster.status(node).leaderNode)).toEqual([1, 1, 1]);
    expect([1, 2, 3].map((node) => cluster.host(node).leaderNode(GROUP))).toEqual([1, 1, 1]);
    expect(cluster.host(1).leaderNode(GROUP + 1)).toBe(0);
  });

  test('applies what is proposed, everywhere and in order', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.set(1, 'a', '1');
    expect(await cluster.propose(1, { kind: 'append', key: 'a', value: '2' })).toBe('12');
    expect(await cluster.propose(1, { kind: 'cas', key: 'a', expected: '1', value: 'x' })).toBe(
      false,
    );
    await cluster.run(500);
    expect([1, 2, 3].map((node) => cluster.value(node, 'a'))).toEqual(['12', '12', '12']);
  });

  test('sends heartbeats together with groups that began to be led at other times', async () => {
    const cluster = await HostCluster.withLeader(3, { limits: { heartbeatTicks: 5 } });
    for (const group of [GROUP + 1, GROUP + 2, GROUP + 3]) {
      await cluster.run(50);
      await cluster.createGroup([1, 2, 3], group);
      await cluster.elect(1, group);
    }
    const { transport } = cluster.node(1);
    const beats: number[][] = [];
    const send = transport.send.bind(transport);
    transport.send = (to, messages) => {
      const groups = messages.filter(({ message }) => message.kind === 'heartbeat');
      if (to === 2 && groups.length > 0)
        beats.push(groups.map(({ group }) => group).toSorted((a, b) => a - b));
      send(to, messages);
    };
    await cluster.run(750);
    const all = [GROUP, GROUP + 1, GROUP + 2, GROUP + 3];
    expect(beats).toEqual([all, all, all]);
  });

  test('names its leader where another one is asked', async () => {
    const cluster = await HostCluster.withLeader(3);
    await expect(cluster.set(2, 'a', '1')).rejects.toMatchObject({
      code: 'NOT_LEADER',
      leaderNode: 1,
    });
  });

  test('goes on without its leader', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.set(1, 'a', '1');
    await cluster.crash(1);
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    const leader = cluster.leads(2) ? 2 : 3;
    expect(await cluster.propose(leader, { kind: 'append', key: 'a', value: '2' })).toBe('12');
  });

  test('elects another leader long before an election timeout when the process of its leader ends', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.run(500);
    await cluster.crash(1);
    const { electionTicks, heartbeatTicks, tickMs } = DEFAULT_RAFT_HOST_LIMITS;
    expect(heartbeatTicks * 6).toBeLessThan(electionTicks);
    await cluster.run(heartbeatTicks * 6 * tickMs);
    expect(cluster.leads(2) || cluster.leads(3)).toBe(true);
  });

  test('knows that it is cut off, and that it is not any more', async () => {
    const cluster = await HostCluster.withLeader(3);
    const isCutOff = (): boolean[] => [1, 2, 3].map((node) => cluster.host(node).isCutOff(GROUP));
    const heard: number[] = [];
    cluster.host(2).watchLeadership(() => heard.push(cluster.host(2).leaderNode(GROUP)));
    cluster.network.isolate(1, true);
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    await cluster.until(() => cluster.host(1).isCutOff(GROUP));
    expect(isCutOff()).toEqual([true, false, false]);
    await expect(cluster.set(1, 'a', '1')).rejects.toMatchObject({ code: 'NOT_LEADER' });
    expect(heard.at(-1)).toBe(cluster.leads(2) ? 2 : 3);
    cluster.network.isolate(1, false);
    await cluster.until(() => !cluster.host(1).isCutOff(GROUP));
    expect(cluster.host(1).isCutOff(GROUP + 1)).toBe(false);
  });

  test('has everything after all were restarted, from their logs alone', async () => {
    const cluster = await HostCluster.withLeader(3);
    for (let count = 0; count < 20; count += 1) await cluster.set(1, `k${count}`, String(count));
    for (const node of [1, 2, 3]) await cluster.restart(node, () => 1);
    await cluster.elect(2);
    await cluster.run(500);
    for (const node of [1, 2, 3]) expect(cluster.value(node, 'k19')).toBe('19');
  });

  test('hands leadership over, and says when that was too late', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.finish(cluster.host(1).transferLeadership(GROUP, 3));
    expect(cluster.leads(3)).toBe(true);
    cluster.network.isolate(2, true);
    const failed = cluster.host(3).transferLeadership(GROUP, 2);
    await expect(cluster.finish(failed)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await cluster.set(3, 'a', '1');
  });

  test('gives up waiting for a successor when it hears of no leader any more', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(1, true);
    const transfers: Promise<unknown>[] = [];
    while (cluster.leads(1)) {
      const transfer = cluster.host(1).transferLeadership(GROUP, 2);
      transfers.push(transfer.catch(({ code }: { readonly code: string }) => code));
      await cluster.run(100);
    }
    const codes = await cluster.finish(Promise.all(transfers));
    expect(codes.at(-1)).toBe('DEADLINE_EXCEEDED');
  });

  test('refuses to hand leadership to a node without a voter', async () => {
    const cluster = await HostCluster.withLeader(3);
    const refused = cluster.host(1).transferLeadership(GROUP, 4);
    await expect(cluster.finish(refused)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a group of one', () => {
  test('leads itself, and keeps what it acknowledged', async () => {
    const cluster = await HostCluster.withLeader(1);
    await cluster.set(1, 'a', '1');
    await cluster.restart(1);
    await cluster.elect(1);
    expect(cluster.value(1, 'a')).toBe('1');
  });
});

describe('reads of several groups', () => {
  test('are confirmed by one other node, on any of them', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.createGroup([1, 2, 3], GROUP + 1);
    await cluster.set(1, 'a', '1');
    await cluster.run(500);
    for (const node of [1, 2, 3]) {
      const open = cluster.host(node).unconfirmed([GROUP, GROUP + 1]);
      expect(await cluster.finish(open)).toEqual([]);
    }
  });

  test('are not where the node is behind, nor where it is cut off or alone', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(3, true);
    await cluster.set(1, 'a', '1');
    const alone = cluster.host(3).unconfirmed([GROUP]);
    expect(await cluster.finish(alone)).toEqual([GROUP]);
    cluster.network.isolate(3, false);
    cluster.network.cut(1, 3);
    expect(await cluster.finish(cluster.host(3).unconfirmed([GROUP]))).toEqual([GROUP]);
    cluster.network.mend(1, 3);
    await cluster.run(500);
    expect(await cluster.finish(cluster.host(3).unconfirmed([GROUP]))).toEqual([]);
    expect(await cluster.finish(cluster.host(3).unconfirmed([GROUP, GROUP + 7]))).toEqual([
      GROUP + 7,
    ]);
  });

  test('need no leader', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.set(1, 'a', '1');
    await cluster.run(500);
    await cluster.crash(1);
    expect(await cluster.finish(cluster.host(2).unconfirmed([GROUP]))).toEqual([]);
    expect(cluster.value(2, 'a')).toBe('1');
  });

  test('are not confirmed by a node that has ended', async () => {
    const cluster = await HostCluster.withLeader(3);
    const open = cluster.host(2).unconfirmed([GROUP]);
    await cluster.host(2)[Symbol.asyncDispose]();
    expect(await open).toEqual([GROUP]);
    expect(await cluster.host(2).unconfirmed([GROUP])).toEqual([GROUP]);
  });
});

describe('a read barrier', () => {
  test('on a follower covers what the leader acknowledged before', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.set(1, 'a', '1');
    const index = await cluster.finish(cluster.host(3).readBarrier(GROUP));
    expect(cluster.value(3, 'a')).toBe('1');
    expect(index).toBeGreaterThanOrEqual(cluster.status(1).raft.commitIndex);
  });

  test('waits until a follower that is behind has applied it', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.cut(1, 3);
    await cluster.set(1, 'a', '1');
    cluster.network.mend(1, 3);
    await cluster.finish(cluster.host(3).readBarrier(GROUP));
    expect(cluster.value(3, 'a')).toBe('1');
  });

  test('is not answered by a leader that is cut off', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(1, true);
    const read = cluster.host(1).readBarrier(GROUP);
    await expect(cluster.finish(read)).rejects.toMatchObject({
      code: expect.stringMatching(/^(NOT_LEADER|DEADLINE_EXCEEDED)$/) as string,
    });
  });

  test('is asked again where the question was lost', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.cut(3, 1);
    const read = cluster.host(3).readBarrier(GROUP);
    await cluster.run(100);
    cluster.network.mend(3, 1);
    await expect(cluster.finish(read)).resolves.toBeGreaterThan(0);
  });

  test('ends when its caller gives up', async () => {
    const cluster = await HostCluster.withLeader(3);
    const controller = new AbortController();
    cluster.network.isolate(1, true);
    const read = cluster.host(1).readBarrier(GROUP, controller.signal);
    controller.abort();
    await expect(read).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('a proposal', () => {
  test('of a leader that is cut off is lost for certain once another entry took its place', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(1, true);
    const lost = cluster.host(1).propose(GROUP, set('a', 'lost'));
    const outcome = expect(lost).rejects.toMatchObject({ code: 'NOT_LEADER' });
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    cluster.network.isolate(1, false);
    await cluster.run(2_000);
    await outcome;
    expect(cluster.value(2, 'a')).toBeUndefined();
  });

  test('that the next leader commits ends as applied', async () => {
    const cluster = await HostCluster.withLeader(3);
    // The entry gets out, the answers do not get back.
    for (const node of [2, 3]) cluster.network.cut(node, 1);
    const kept = cluster.host(1).propose(GROUP, set('a', 'kept'));
    await cluster.settle();
    cluster.network.isolate(1, true);
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    cluster.network.isolate(1, false);
    await cluster.finish(kept);
    expect(cluster.value(1, 'a')).toBe('kept');
  });

  test('is unknown where nothing can be learnt of it', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(1, true);
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    await expect(cluster.finish(proposal)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  test('that its caller gave up may still be applied', async () => {
    const cluster = await HostCluster.withLeader(3);
    const controller = new AbortController();
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'), { signal: controller.signal });
    controller.abort();
    await expect(proposal).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await cluster.run(500);
    expect(cluster.value(2, 'a')).toBe('1');
  });

  test('is not taken from a caller who gave up before', async () => {
    const cluster = await HostCluster.withLeader(1);
    const signal = AbortSignal.abort();
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'), { signal });
    await expect(proposal).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await cluster.run(500);
    expect(cluster.value(1, 'a')).toBeUndefined();
  });

  test('is refused where too much waits to be committed, and taken again afterwards', async () => {
    const limits = { uncommittedBytesMax: 1_000, commandBytesMax: 600 };
    const cluster = await HostCluster.withLeader(3, { limits });
    const large = set('a', 'x'.repeat(500));
    const first = cluster.host(1).propose(GROUP, large);
    const second = cluster.host(1).propose(GROUP, large);
    await expect(second).rejects.toMatchObject({ code: 'OVERLOADED' });
    await cluster.finish(first);
    await cluster.finish(cluster.host(1).propose(GROUP, large));
  });

  test('is refused where it is too large, or too many wait', async () => {
    const limits = { commandBytesMax: 100, proposalsMax: 1 };
    const cluster = await HostCluster.withLeader(3, { limits });
    const tooLarge = cluster.host(1).propose(GROUP, set('a', 'x'.repeat(100)));
    await expect(tooLarge).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const first = cluster.host(1).propose(GROUP, set('a', '1'));
    const second = cluster.host(1).propose(GROUP, set('a', '2'));
    await expect(second).rejects.toMatchObject({ code: 'OVERLOADED' });
    await cluster.finish(first);
  });

  test('to a group that is not here is refused', async () => {
    const cluster = await HostCluster.withLeader(1);
    const proposal = cluster.host(1).propose(9, set('a', '1'));
    await expect(proposal).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(cluster.host(1).status(9)).toBeUndefined();
  });
});

test('entries leave for the followers before the leader writes them', async () => {
  const logs = new Map<number, FaultyLog>();
  const cluster = await HostCluster.withLeader(3, {
    wrapLog: (node, log) => {
      const wrapped = new FaultyLog(log);
      logs.set(node, wrapped);
      return wrapped;
    },
  });
  const waiting: (readonly number[])[] = [];
  const log = must(logs.get(1), 'the log of node 1');
  log.onAppend = () => {
    const { peers } = cluster.node(1).transport.statistics;
    waiting.push(peers.map(({ queuedMessages }) => queuedMessages));
  };
  await cluster.set(1, 'a', '1');
  expect(waiting[0]).toEqual([1, 1]);
});

describe('several groups', () => {
  test('write less often than they would alone', async () => {
    const cluster = await HostCluster.withLeader(3);
    for (const group of [0, 2, 3]) await cluster.createGroup([1, 2, 3], group);
    const { statistics: before } = cluster.host(1);
    await cluster.run(10_000);
    for (const group of [0, 1, 2, 3]) await cluster.elect(1, group);
    const proposals = [0, 1, 2, 3].map((group) => cluster.host(1).propose(group, set('a', '1')));
    await cluster.finish(Promise.all(proposals));
    const { turns, logBatches, logWrites, logStalledMs } = cluster.host(1).statistics;
    expect(turns).toBeGreaterThan(before.turns);
    expect(logWrites - before.logWrites).toBeGreaterThan(logBatches - before.logBatches + 2);
    expect(logStalledMs).toBe(0);
  });

  test('share turns and log writes, each with its own leader', async () => {
    const cluster = await HostCluster.withLeader(3);
    for (const group of [0, 2, 3]) await cluster.createGroup([1, 2, 3], group);
    for (const [node, group] of [
      [1, 0],
      [2, 2],
      [3, 3],
    ] as const)
      await cluster.elect(node, group);
    const proposals = (
      [
        [1, 0],
        [2, 2],
        [3, 3],
      ] as const
    ).map(([node, group]) => cluster.host(node).propose(group, set('a', String(group))));
    await cluster.finish(Promise.all(proposals));
    await cluster.run(500);
    expect([0, 2, 3].map((group) => cluster.value(1, 'a', group))).toEqual(['0', '2', '3']);
    expect(
      cluster
        .host(1)
        .groups()
        .map(({ group }) => group),
    ).toEqual([0, 1, 2, 3]);
  });
});

describe('a node decides alone', () => {
  test('where it leads and there is no other replica, once it applied an entry of its term', async () => {
    const cluster = new HostCluster();
    const { host } = await cluster.start(1);
    expect(host.decidesAlone(GROUP)).toBe(false);
    await cluster.createGroup([1]);
    expect(host.decidesAlone(GROUP)).toBe(false);
    await cluster.elect(1);
    expect(host.decidesAlone(GROUP)).toBe(true);
    await cluster.start(2);
    await cluster.joinGroup(2);
    const change = (kind: 'addLearner' | 'addVoter') =>
      host.changeConfiguration(GROUP, {
        steps: [{ kind, replica: replicaId(2, 0) }],
        leave: 'auto',
        context: new Uint8Array(0),
      });
    // The learner may apply an entry, and answer a read of it, while this node has yet to.
    await cluster.finish(change('addLearner'));
    expect(host.decidesAlone(GROUP)).toBe(false);
    await cluster.finish(change('addVoter'));
    expect(host.decidesAlone(GROUP)).toBe(false);
    await cluster.finish(host.transferLeadership(GROUP, 2));
    expect(cluster.host(2).decidesAlone(GROUP)).toBe(false);
  });

  test('no more when it has shut down', async () => {
    const cluster = await HostCluster.withLeader(1);
    expect(cluster.host(1).decidesAlone(GROUP)).toBe(true);
    await cluster.host(1)[Symbol.asyncDispose]();
    expect(cluster.host(1).decidesAlone(GROUP)).toBe(false);
  });
});
