import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { CatalogCommand } from '../../sharding/catalog-command.ts';
import type { ClusterSettings, MoveReason, MoveStep } from './cluster-state.ts';

/** What a node tells of itself. */
export interface NodeIntroduction {
  readonly nodeId: string;
  readonly raftAddress: string;
  readonly grpcAddress: string;
  readonly restAddress: string;
  readonly zone: string;
  readonly incarnation: string;
}

/** A change of what the nodes agree on. What depends on the state is decided when the command is applied, the same on every node. */
export type ClusterCommand =
  /**
   * The first command of a cluster; its founder is node 1 and has one replica of every shard. Refused where the cluster is founded already, unless by the
   * same founder under the same id: then nothing changes.
   */
  | {
      readonly kind: 'foundCluster';
      readonly clusterId: string;
      readonly settings: ClusterSettings;
      readonly founder: NodeIntroduction;
    }
  /**
   * A node joins, or says where it is now. The same name and incarnation: the same node. The same name with another incarnation: the node lost its data;
   * it gets a new number, and the old one is gone. Refused where the incarnation is that of a node which is gone, or has another name.
   */
  | { readonly kind: 'registerNode'; readonly node: NodeIntroduction }
  /** A leaving node gives its replicas up; `cancel` makes it a member again. Refused where no other member would stay. */
  | { readonly kind: 'leaveNode'; readonly node: NodeNumber; readonly cancel?: true }
  /**
   * The node is gone for good. Refused while it has replicas or moves, unless they are to be replaced; and where no other member would stay.
   */
  | { readonly kind: 'forgetNode'; readonly node: NodeNumber; readonly replace?: true }
  | { readonly kind: 'setRebalancing'; readonly on: boolean }
  /** How many replicas a shard is to have; 1 and up. */
  | { readonly kind: 'setReplicaCount'; readonly count: number }
  /**
   * Begins to move: the replica id of what comes is given when the command is applied. Refused where the shard's epoch differs or it has a move, and where it
   * would have more replicas than the settings say, or fewer than they say and the members allow.
   */
  | {
      readonly kind: 'beginMove';
      readonly shard: number;
      readonly epoch: number;
      readonly reason: MoveReason;
      readonly add?: NodeNumber;
      readonly remove?: NodeNumber;
    }
  /**
   * From one step to the next; `from` guards against a second driver. Where `to` is absent the move has ended. The shard's placement changes, and its epoch
   * rises, when the move goes on from `switching`: to `removing`, or to its end where nothing is to be removed.
   *
   * - `adding` → `switching`, `cancelling`
   * - `switching` → `removing`, end; `cancelling` where the group's configuration shows no such change
   * - `cancelling` → end; `switching` where the configuration shows that the change took effect after all
   * - `removing` → end
   */
  | {
      readonly kind: 'advanceMove';
      readonly move: number;
      readonly from: MoveStep;
      readonly to?: MoveStep;
    }
  /** About collections and aliases. */
  | { readonly kind: 'collections'; readonly command: CatalogCommand };

/** What a command came to. */
export type ClusterCommandResult =
  | { readonly kind: 'done'; readonly version: number; readonly changed: boolean }
  | { readonly kind: 'registered'; readonly version: number; readonly node: NodeNumber }
  | { readonly kind: 'moveBegun'; readonly version: number; readonly move: number }
  /** Nothing changed; `code` and `message` as of a VectorDbError. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly field?: string;
    };
