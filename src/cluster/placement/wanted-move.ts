import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { MoveReason } from '../catalog/cluster-state.ts';

/** A change of a shard's replicas that is wanted, and not begun. */
export interface WantedMove {
  readonly shard: number;
  readonly reason: MoveReason;
  readonly add?: NodeNumber;
  readonly remove?: NodeNumber;
}
