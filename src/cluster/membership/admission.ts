import { VectorDbError } from '../../base/error.ts';
import type { ClusterCommand } from '../catalog/cluster-command.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ReportCollector } from './report-collector.ts';

const RETRY_MS = 1_000;
/** Milliseconds without a sign of life after which a node of the same name is believed to be the one before. */
const GONE_MS = 3_000;

/**
 * Looks whether a node may register: a name that another living node has is not given to a second one, whose coming would end the first. To be asked where the
 * catalog's leader is, which hears the nodes.
 *
 * @param collector - undefined: nobody is listened to here
 * @throws {VectorDbError} FAILED_PRECONDITION, to be tried again: the other may be dead and not be missed yet
 */
export function assertAdmissible(
  command: ClusterCommand,
  state: ClusterState,
  collector: ReportCollector | undefined,
): void {
  if (command.kind !== 'registerNode') return;
  const { nodeId, incarnation } = command.node;
  const living = [...state.nodes.values()].find(
    (node) => node.nodeId === nodeId && node.state !== 'gone' && node.incarnation !== incarnation,
  );
  // One that nobody listens to yet counts as alive.
  if (living === undefined || (collector?.silentMs(living.number) ?? 0) >= GONE_MS) return;
  const text = `${nodeId} is in the cluster and alive at ${living.raftAddress}: give this node another [cluster] node_id, or stop the other one`;
  throw new VectorDbError('FAILED_PRECONDITION', text, {
    field: 'cluster.node_id',
    retryAfterMs: RETRY_MS,
  });
}
