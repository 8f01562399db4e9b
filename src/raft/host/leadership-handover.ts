import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { RaftGroup } from './raft-group.ts';

/**
 * Hands the leadership of groups to other nodes, as far as somebody can take it within `limitMs`: an election that nobody has to wait for. Where it
 * does not work, an election timeout will do the same.
 */
export async function handLeadershipOver(
  groups: readonly RaftGroup[],
  clock: Clock,
  limitMs: number,
): Promise<void> {
  const controller = new AbortController();
  const timer = clock.after(limitMs, () => controller.abort());
  const transfers = groups.map(async (group) => {
    const successor = group.isLeader ? group.successor() : 0;
    if (successor === 0) return;
    try {
      await group.requests.transferLeadership(successor, controller.signal);
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
    }
  });
  await Promise.all(transfers);
  timer.cancel();
}
