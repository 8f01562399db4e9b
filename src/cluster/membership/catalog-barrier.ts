import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import { CATALOG_GROUP } from '../catalog/cluster-state.ts';
import { within } from './deadline.ts';

/** Whether this node has applied, within `limitMs`, what the catalog had agreed on before the call; false: that cannot be learnt now. */
export async function passCatalogBarrier(
  clock: Clock,
  host: Pick<RaftHost, 'readBarrier'>,
  limitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await within(clock, limitMs, signal, (limited) => host.readBarrier(CATALOG_GROUP, limited));
    return true;
  } catch (error) {
    if (!(error instanceof VectorDbError)) throw error;
    return false;
  }
}
