import { describe, expect, test } from 'vitest';
import { GROUP, HostCluster } from '../../../test/support/raft/host-cluster.ts';
import { encodeKeyValueCommand } from '../../../test/support/raft/host-key-value.ts';
import { FaultyLog } from '../../../test/support/raft/host-faulty-log.ts';
import { MemoryMachines } from '../../../test/support/raft/host-memory-machine.ts';
import { VectorDbError } from '../../base/error.ts';
import { MemoryLog } from '../log/memory-log.ts';
import { replicaId } from './replica-id.ts';

const set = (key: string, value: string): Uint8Array =>
  encodeKeyValueCommand({ kind: 'set', key, value });

async function withFaultyLeader(
  limits: object = {},
): Promise<{ readonly cluster: HostCluster; readonly log: FaultyLog }> {
  let faulty: FaultyLog | undefined;
  const cluster = await HostCluster.withLeader(3, {
    limits,
    wrapLog: (node, log) => {
      if (node !== 1) return log;
      faulty = new FaultyLog(log);
      return faulty;
    },
  });
  return { cluster, log: faulty as FaultyLog };
}

describe('an error of the log', () => {
  test('ends the host: nothing is acknowledged, sent or written afterwards', async () => {
    const { cluster, log } = await withFaultyLeader();
    log.mode = 'fails';
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    await expect(cluster.finish(proposal)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(cluster.node(1).fatal).toEqual([expect.objectContaining({ message: 'EIO' })]);
    const { appends } = log;
    const { messagesSent } = cluster.node(1).transport.statistics;
    log.mode = 'works';
    await cluster.run(5_000);
    expect(log.appends).toBe(appends);
    expect(cluster.node(1).transport.statistics.messagesSent).toBe(messagesSent);
    const late = cluster.host(1).propose(GROUP, set('a', '2'));
    await expect(late).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const read = cluster.host(1).readBarrier(GROUP);
    await expect(read).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(cluster.node(1).fatal).toHaveLength(1);
  });

  test('leaves the others a group that goes on', async () => {
    const { cluster, log } = await withFaultyLeader();
    log.mode = 'fails';
    const lost = cluster.host(1).propose(GROUP, set('a', '1'));
    await cluster.finish(lost.catch(() => {}));
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    await cluster.set(cluster.leads(2) ? 2 : 3, 'b', '1');
  });
});

describe('a disk that stands still', () => {
  test('ends the host after a while', async () => {
    const { cluster, log } = await withFaultyLeader({ stalledDiskMs: 10_000 });
    log.mode = 'stalls';
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    const outcome = expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await cluster.run(9_000);
    expect(cluster.node(1).fatal).toEqual([]);
    await cluster.run(2_000);
    expect(cluster.node(1).fatal).toEqual([expect.objectContaining({ code: 'STORAGE_FAILED' })]);
    await outcome;
  });
});

describe('a state machine', () => {
  test('that fails ends the host', async () => {
    const cluster = await HostCluster.withLeader(1);
    const machine = cluster.node(1).machines.machine(GROUP);
    Object.assign(machine as object, { apply: () => Promise.reject(new Error('EIO')) });
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    await expect(cluster.finish(proposal)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(cluster.node(1).fatal).toHaveLength(1);
  });

  test('that finds its state damaged silences its group alone, until it is replaced', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.createGroup([1, 2, 3], 2);
    await cluster.elect(1, 2);
    const damaged = new VectorDbError('DATA_CORRUPT', 'a checksum differs');
    const machine = cluster.node(1).machines.machine(GROUP);
    Object.assign(machine as object, { apply: () => Promise.reject(damaged) });
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    await expect(cluster.finish(proposal)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(cluster.host(1).status(GROUP)).toMatchObject({ damage: 'a checksum differs' });
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    await cluster.finish(cluster.host(1).propose(2, set('b', '1')));
    await cluster.finish(cluster.host(1).removeGroup(GROUP));
    expect(cluster.node(1).fatal).toEqual([]);
  });

  test('that is behind makes its leader refuse proposals until it has caught up', async () => {
    let open = true;
    const waiting: (() => void)[] = [];
    const machines = new MemoryMachines(async () => {
      if (!open) await new Promise<void>((resolve) => waiting.push(resolve));
    });
    const cluster = new HostCluster({ limits: { applyingBytesMax: 2_000 } });
    await cluster.start(1, new MemoryLog(), machines);
    await cluster.createGroup([1]);
    await cluster.elect(1);
    open = false;
    const large = set('a', 'x'.repeat(600));
    const taken = [1, 2].map(() => cluster.host(1).propose(GROUP, large));
    await cluster.run(200);
    const refused = cluster.host(1).propose(GROUP, large);
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(cluster.status(1).unappliedEntries).toBe(2);
    expect(cluster.status(1).unappliedBytes).toBeGreaterThan(1_000);
    open = true;
    for (const resume of waiting) resume();
    await cluster.finish(Promise.all(taken));
    await cluster.finish(cluster.host(1).propose(GROUP, large));
  });
});

describe('a corrupt group', () => {
  test('is listed and stays silent, while the others of its node go on', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.createGroup([1, 2, 3], 2);
    const { log, machines } = await cluster.crash(3);
    log.corrupt(GROUP, 'a hole');
    await cluster.start(3, log, machines);
    expect(cluster.host(3).status(GROUP)).toEqual({
      state: 'corrupt',
      group: GROUP,
      replica: replicaId(3, 0),
      damage: 'a hole',
    });
    await cluster.crash(2);
    await cluster.until(() => !cluster.leads(1));
    await cluster.run(10_000);
    expect(cluster.leads(1)).toBe(false);
    await cluster.elect(1, 2);
    await expect(cluster.host(3).readBarrier(GROUP)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    });
  });

  test('falls silent where the damage is found while it is read, and its node goes on', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.createGroup([1, 2, 3], 2);
    await cluster.elect(1, 2);
    cluster.network.isolate(3, true);
    await cluster.set(1, 'a', '1');
    const log = cluster.node(1).log.group(GROUP);
    const damage = (): never => {
      throw new VectorDbError('DATA_CORRUPT', 'a checksum differs');
    };
    Object.assign(log as object, { entries: damage });
    cluster.network.isolate(3, false);
    await cluster.until(() => cluster.host(1).status(GROUP)?.state === 'corrupt');
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    expect(cluster.node(1).fatal).toEqual([]);
    await cluster.elect(1, 2);
    await cluster.finish(cluster.host(1).removeGroup(GROUP));
    expect(cluster.host(1).groups()).toHaveLength(1);
  });

  test('falls silent where its log turns out to be damaged at any moment, and takes nobody along', async () => {
    for (const moment of ['proposed', 'written'] as const) {
      const { cluster, log } = await withFaultyLeader();
      await cluster.createGroup([1, 2, 3], 2);
      await cluster.elect(1, 2);
      const other = cluster.host(1).propose(2, set('b', '1'));
      const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
      const ended = expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      const rot = (): void => cluster.node(1).log.corrupt(GROUP, 'a bad sector');
      if (moment === 'proposed') rot();
      else log.afterAppend = rot;
      await cluster.finish(other);
      await ended;
      expect(cluster.host(1).status(GROUP)).toMatchObject({ damage: 'a bad sector' });
      expect(
        cluster
          .host(1)
          .groups()
          .map(({ state }) => state),
      ).toEqual(['corrupt', 'open']);
      await expect(cluster.host(1).propose(GROUP, set('a', '2'))).rejects.toMatchObject({
        code: 'DATA_CORRUPT',
      });
      await cluster.until(() => cluster.leads(2) || cluster.leads(3));
      expect(cluster.node(1).fatal).toEqual([]);
    }
  });

  test('is replaced by a larger replica, which takes a snapshot', async () => {
    const limits = { logEntriesKept: 2, logCompactionEntries: 2 };
    const cluster = await HostCluster.withLeader(3, { limits });
    await cluster.set(1, 'a', '1');
    const { log, machines } = await cluster.crash(3);
    log.corrupt(GROUP, 'a hole');
    await cluster.start(3, log, machines);
    await cluster.finish(cluster.host(3).removeGroup(GROUP));
    await cluster.joinGroup(3, 1);
    const steps = [
      { kind: 'remove', replica: replicaId(3, 0) },
      { kind: 'addVoter', replica: replicaId(3, 1) },
    ] as const;
    const change = { steps, leave: 'auto', context: new Uint8Array(0) } as const;
    await cluster.finish(cluster.host(1).changeConfiguration(GROUP, change));
    await cluster.until(() => cluster.value(3, 'a') === '1');
  });

  test('is one whose state has lost what its log forgot', async () => {
    const limits = { logEntriesKept: 2, logCompactionEntries: 2 };
    const cluster = await HostCluster.withLeader(1, { limits });
    for (let count = 0; count < 20; count += 1) await cluster.set(1, 'a', String(count));
    await cluster.run(500);
    const { log } = await cluster.crash(1);
    await cluster.start(1, log, new MemoryMachines());
    expect(cluster.host(1).groups()).toEqual([
      expect.objectContaining({ state: 'corrupt', group: GROUP }),
    ]);
  });
});

describe('replicas whose states differ', () => {
  test('are told apart by a digest at one index', async () => {
    const cluster = await HostCluster.withLeader(3);
    await cluster.set(1, 'a', '1');
    await cluster.finish(cluster.host(1).checkDigest(GROUP));
    await cluster.run(500);
    expect([1, 2, 3].flatMap((node) => cluster.node(node).mismatches)).toEqual([]);
    cluster.node(3).machines.machine(GROUP)?.damage('a', 'other');
    const reported = await cluster.finish(cluster.host(1).checkDigest(GROUP));
    await cluster.run(500);
    expect([1, 2].flatMap((node) => cluster.node(node).mismatches)).toEqual([]);
    expect(cluster.node(3).mismatches).toEqual([
      expect.objectContaining({ group: GROUP, reported }),
    ]);
  });
});

describe('shutting down', () => {
  test('hands leadership over first, and lets proposals end', async () => {
    const cluster = await HostCluster.withLeader(3);
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    const shutdown = cluster.host(1).shutdown(5_000);
    const late = cluster.host(1).propose(GROUP, set('a', '2'));
    await expect(late).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await cluster.finish(proposal);
    await cluster.until(() => cluster.leads(2) || cluster.leads(3));
    await cluster.finish(shutdown);
  });

  test('does not wait for ever where nobody can take over', async () => {
    const cluster = await HostCluster.withLeader(3);
    cluster.network.isolate(1, true);
    const proposal = cluster.host(1).propose(GROUP, set('a', '1'));
    const outcome = expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const before = cluster.clock.monotonicMs();
    await cluster.finish(cluster.host(1).shutdown(1_000));
    expect(cluster.clock.monotonicMs() - before).toBeLessThan(2_500);
    await outcome;
  });

  test('twice is once', async () => {
    const cluster = await HostCluster.withLeader(1);
    await cluster.finish(cluster.host(1).shutdown(1_000));
    await cluster.finish(cluster.host(1).shutdown(1_000));
  });
});
