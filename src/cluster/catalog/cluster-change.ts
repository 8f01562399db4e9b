import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterState } from './cluster-state.ts';

/** What one kind of command gives: the state without its new version (the very one that was given: nothing changed), and what the result says besides. */
export interface ClusterChange {
  readonly state: ClusterState;
  /** The number of the node that was registered. */
  readonly registered?: NodeNumber;
  /** The id of the move that was begun. */
  readonly begun?: number;
}
