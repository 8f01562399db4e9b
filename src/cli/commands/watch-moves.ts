import { pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { CliContext } from '../cli-context.ts';
import type { Session } from '../session.ts';
import { MoveLines } from '../terminal/move-lines.ts';

const PERIOD_MS = 1_000;
/** So many looks in a row may fail before the watch is given up: an election takes a few. */
const FAILURES_MAX = 30;

/**
 * Shows moves on the standard error until nothing moves, nothing is to follow and no node leaves, or the user has seen enough.
 *
 * @throws {VectorDbError} CANCELLED: the user ended it; what was asked for goes on
 */
export async function watchMoves(context: CliContext, session: Session): Promise<void> {
  const { clock, signal } = context;
  const lines = new MoveLines(context.stderr);
  let failures = 0;
  try {
    for (;;) {
      try {
        const status = await session.call('Cluster.MigrationStatus', {});
        const { rebalancing } = await session.call('Cluster.RebalanceStatus', {});
        failures = 0;
        await lines.update(status);
        const { moves, movesPlanned, leaving } = status;
        if (moves.length + movesPlanned + leaving.length === 0 && !rebalancing) return;
      } catch (error) {
        failures += 1;
        const isPassing = error instanceof VectorDbError && error.retryable;
        if (!isPassing || signal.aborted || failures >= FAILURES_MAX) throw error;
      }
      await pause(clock, PERIOD_MS, signal);
      if (signal.aborted) throw new VectorDbError('CANCELLED', 'not watched any more');
    }
  } finally {
    await lines.clear();
  }
}
