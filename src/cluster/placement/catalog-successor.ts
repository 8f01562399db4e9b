import type { RaftStatus } from '../../raft/core/raft-status.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { conditionOf, type PlacementInput } from './placement-input.ts';

/** All that a successor is chosen by. */
export interface CatalogSuccessorInput extends Pick<PlacementInput, 'state' | 'conditions'> {
  /** Of the catalog's leader, which is to hand over. */
  readonly raft: Pick<RaftStatus, 'replica' | 'progress'>;
}

/**
 * The member that should lead the catalog next: of the voters that stay and answered the leader lately, the one with the most. That a node is alive is not
 * enough: its voter may be damaged, and another replica in its place. Undefined: there is none now.
 */
export function catalogSuccessor(input: CatalogSuccessorInput): NodeNumber | undefined {
  const { replica: leading, progress } = input.raft;
  const fit = progress.filter(({ replica, isLearner, recentlyActive }) => {
    const node = nodeOf(replica);
    const stays = input.state.nodes.get(node)?.state === 'member';
    const answers = recentlyActive && conditionOf(input, node) === 'alive';
    return replica !== leading && !isLearner && stays && answers;
  });
  const [best] = fit.toSorted((a, b) => b.match - a.match);
  return best === undefined ? undefined : nodeOf(best.replica);
}
