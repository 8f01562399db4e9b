import { describe, expect, test } from 'vitest';
import { CoreGroup } from '../../../test/support/raft/core-group.ts';
import { CORE_LIMITS, CoreReplica } from '../../../test/support/raft/core-replica.ts';
import { configurationOf } from './configuration.ts';

const { electionTicks, heartbeatTicks } = CORE_LIMITS;

/** Ticks until `holds`, at most so many. */
function ticksUntil(replica: CoreReplica, holds: () => boolean, ticksMax: number): number {
  let ticks = 0;
  for (; !holds() && ticks < ticksMax; ticks += 1) replica.node.tick();
  return ticks;
}

describe('who stands and is not answered', () => {
  test('asks again within half an election timeout, without a new term', () => {
    const replica = new CoreReplica(1, configurationOf([1, 2, 3]));
    replica.node.campaign();
    replica.run();
    for (let round = 0; round < 20; round += 1) {
      let asked = 0;
      const ticks = ticksUntil(replica, () => (asked += replica.run().length) > 0, electionTicks);
      expect(ticks).toBeLessThanOrEqual(electionTicks / 2);
    }
    expect(replica.node.term).toBe(0);
  });

  test('as a candidate stands again soon, and later each time', () => {
    const replica = new CoreReplica(1, configurationOf([1, 2, 3]));
    const waits: number[] = [];
    for (let term = 1; term <= 6; term += 1) {
      replica.node.campaign();
      const committed = { term: 0, index: 0 };
      const granted = { kind: 'preVoteReply', from: 2, to: 1, term, committed, granted: true };
      replica.hear(granted as Parameters<typeof replica.hear>[0]);
      replica.run();
      expect(replica.node).toMatchObject({ role: 'candidate', term });
      const isAsking = (): boolean => replica.node.role === 'preCandidate';
      waits.push(ticksUntil(replica, isAsking, 3 * electionTicks));
    }
    expect(waits[0]).toBeLessThanOrEqual(electionTicks);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(electionTicks);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2 * electionTicks);
  });
});

describe('a leader that is likely to be gone', () => {
  const suspected = (): CoreGroup => {
    const group = new CoreGroup(3);
    group.elect(1);
    group.tick(heartbeatTicks);
    group.isolate(1);
    for (const id of [2, 3]) group.at(id).node.suspectLeader();
    return group;
  };

  test('is replaced long before an election timeout', () => {
    const group = suspected();
    group.tick(3 * (heartbeatTicks + 1));
    expect([group.at(2).node.role, group.at(3).node.role]).toContain('leader');
  });

  test('stays if it speaks in time, and is not doubted again before an election timeout', () => {
    const group = suspected();
    group.heal();
    group.tick(heartbeatTicks);
    for (const id of [2, 3]) group.at(id).node.suspectLeader();
    group.isolate(1);
    group.tick(electionTicks - 1);
    expect(group.at(1).node.role).toBe('leader');
    expect([2, 3].map((id) => group.at(id).node.leader)).toEqual([1, 1]);
  });

  test('is waited for as ever by who knows nothing of it, or leads', () => {
    const group = new CoreGroup(3);
    group.elect(1);
    for (const id of [1, 2, 3]) group.at(id).node.suspectLeader();
    group.tick(4 * electionTicks);
    expect(group.at(1).node).toMatchObject({ role: 'leader', term: 1 });
  });
});
