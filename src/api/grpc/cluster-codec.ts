import type {
  ClusterInfo,
  LeaveResult,
  MigrationStatus,
  MoveView,
  NodeView,
  RebalanceStatus,
  ShardView,
} from '../../database/cluster-admin.ts';
import type * as wire from './generated/messages.ts';

const HEALTH = {
  green: 'CLUSTER_HEALTH_GREEN',
  yellow: 'CLUSTER_HEALTH_YELLOW',
  red: 'CLUSTER_HEALTH_RED',
} as const;
const STATE = {
  member: 'MEMBER_STATE_MEMBER',
  leaving: 'MEMBER_STATE_LEAVING',
  gone: 'MEMBER_STATE_GONE',
} as const;
const STATUS = {
  up: 'NODE_STATUS_UP',
  down: 'NODE_STATUS_DOWN',
  unknown: 'NODE_STATUS_UNKNOWN',
} as const;
const ROLE = {
  leader: 'REPLICA_ROLE_LEADER',
  follower: 'REPLICA_ROLE_FOLLOWER',
  learner: 'REPLICA_ROLE_LEARNER',
  corrupt: 'REPLICA_ROLE_CORRUPT',
  absent: 'REPLICA_ROLE_ABSENT',
  unknown: 'REPLICA_ROLE_UNKNOWN',
} as const;
const REASON = {
  repair: 'MOVE_REASON_REPAIR',
  replace: 'MOVE_REASON_REPLACE',
  drain: 'MOVE_REASON_DRAIN',
  rebalance: 'MOVE_REASON_REBALANCE',
  trim: 'MOVE_REASON_TRIM',
} as const;
const STEP = {
  adding: 'MOVE_STEP_ADDING',
  switching: 'MOVE_STEP_SWITCHING',
  removing: 'MOVE_STEP_REMOVING',
  cancelling: 'MOVE_STEP_CANCELLING',
} as const;

/** What the cluster is, as a message. */
export function writeClusterInfo(info: ClusterInfo): wire.ClusterInfoResponse {
  return {
    ...info,
    health: HEALTH[info.health],
    members: info.members.map((member) => ({
      ...member,
      state: STATE[member.state],
      status: STATUS[member.status],
    })),
  };
}

/** A node, as a message. */
export function writeNode(node: NodeView): wire.ClusterNode {
  return {
    ...node,
    state: STATE[node.state],
    status: STATUS[node.status],
    catalogRole: ROLE[node.catalogRole],
  };
}

/** A shard, as a message. */
export function writeShard(shard: ShardView): wire.ClusterShard {
  return {
    ...shard,
    health: HEALTH[shard.health],
    replicas: shard.replicas.map((replica) => ({ ...replica, role: ROLE[replica.role] })),
  };
}

/** What became of a node that is to leave, as a message. */
export function writeLeaveResult(result: LeaveResult): wire.LeaveClusterResponse {
  return { ...result, state: STATE[result.state] };
}

/** What moves, as a message. */
export function writeMigrationStatus(status: MigrationStatus): wire.MigrationStatusResponse {
  return { ...status, moves: status.moves.map(writeMove) };
}

/** How evenly replicas are spread, as a message. */
export function writeRebalanceStatus(status: RebalanceStatus): wire.RebalanceStatusResponse {
  return { ...status, moves: status.moves.map(writeMove) };
}

function writeMove(move: MoveView): wire.ClusterMove {
  return { ...move, reason: REASON[move.reason], step: STEP[move.step] };
}
