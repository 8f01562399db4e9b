import { VectorDbError } from '../../src/base/error.ts';
import type {
  ClusterAdmin,
  ClusterInfo,
  JoinResult,
  LeaveResult,
  MigrationStatus,
  MoveView,
  NodeView,
  RebalanceStatus,
  ShardView,
} from '../../src/database/cluster-admin.ts';

/** A cluster of three nodes and two shards that does what it is told and moves nothing, for tests of the edges. */
export class MemoryCluster implements ClusterAdmin {
  /** Names of nodes that leave. */
  readonly leaving = new Set<string>();
  /** Moves that are under way. */
  moves: readonly MoveView[] = [];
  rebalancing = false;
  /** What every operation throws instead of answering, while set. */
  failure: Error | undefined;
  /** Addresses that nodes were joined with. */
  readonly joined: string[] = [];

  async info(): Promise<ClusterInfo> {
    this.#enter();
    return {
      clusterId: 'c-1',
      nodeId: 'node-1',
      leader: 'node-2',
      term: 7,
      catalogVersion: 12,
      shardCount: 2,
      replicaCount: 3,
      health: 'yellow',
      reasons: ['node-3 is not heard of'],
      members: NAMES.map((nodeId, i) => ({
        nodeId,
        raftAddress: `${nodeId}:7000`,
        state: this.#stateOf(nodeId),
        status: i === 2 ? 'down' : 'up',
      })),
      isLive: true,
    };
  }

  async nodes(): Promise<readonly NodeView[]> {
    this.#enter();
    return NAMES.map((nodeId, i) => ({
      number: i + 1,
      nodeId,
      raftAddress: `${nodeId}:7000`,
      grpcAddress: `${nodeId}:6334`,
      restAddress: `${nodeId}:6333`,
      zone: '',
      state: this.#stateOf(nodeId),
      status: i === 2 ? 'down' : 'up',
      silentMs: i === 2 ? undefined : 120,
      version: '0.1.0',
      uptimeSeconds: 3_600,
      catalogRole: i === 1 ? 'leader' : i === 2 ? 'unknown' : 'follower',
      replicas: 2,
      leaders: i === 2 ? 0 : 1,
      points: 1_000,
      bytes: 2_000_000,
      memoryBytes: 300_000_000,
      diskFreeBytes: i === 2 ? undefined : 4_000_000_000,
      writable: true,
      reasons: [],
    }));
  }

  async shards(): Promise<readonly ShardView[]> {
    this.#enter();
    return [0, 1].map((shard) => ({
      shard,
      epoch: 3,
      primary: shard === 0 ? 'node-1' : undefined,
      term: 4,
      health: shard === 0 ? 'yellow' : 'red',
      replicas: NAMES.map((nodeId, i) => ({
        node: i + 1,
        nodeId,
        replica: (i + 1) * 2 ** 20,
        role: i === 0 && shard === 0 ? 'leader' : i === 2 ? 'unknown' : 'follower',
        appliedIndex: 100,
        entriesBehind: i === 2 ? undefined : i,
        isIndexed: i !== 2,
        points: 500,
        bytes: 1_000_000,
      })),
      points: 500,
      bytes: 1_000_000,
      move: this.moves.find((move) => move.shard === shard)?.id,
    }));
  }

  async join({ nodeId, address }: { nodeId: string; address: string }): Promise<JoinResult> {
    this.#enter();
    if (!NAMES.includes(nodeId)) {
      throw new VectorDbError('FAILED_PRECONDITION', `${nodeId} has not joined`);
    }
    this.joined.push(address);
    this.rebalancing = true;
    return { nodeId, number: NAMES.indexOf(nodeId) + 1, alreadyMember: true, rebalancing: true };
  }

  async leave({ nodeId, cancel }: { nodeId: string; cancel?: boolean }): Promise<LeaveResult> {
    this.#enter();
    if (!NAMES.includes(nodeId)) {
      throw new VectorDbError('NOT_FOUND', `there is no node ${nodeId}`, { field: 'node_id' });
    }
    if (cancel === true) this.leaving.delete(nodeId);
    else this.leaving.add(nodeId);
    return { nodeId, state: this.#stateOf(nodeId), replicasLeft: 2 };
  }

  async rebalance(): Promise<RebalanceStatus> {
    this.rebalancing = true;
    return this.rebalanceStatus();
  }

  async cancelRebalance(): Promise<RebalanceStatus> {
    this.rebalancing = false;
    return this.rebalanceStatus();
  }

  async migrationStatus(): Promise<MigrationStatus> {
    this.#enter();
    return {
      moves: this.moves,
      movesPlanned: this.moves.length === 0 ? 0 : 2,
      movesEnded: 5,
      bytesMoved: 10_000,
      leaving: [...this.leaving],
    };
  }

  async rebalanceStatus(): Promise<RebalanceStatus> {
    this.#enter();
    return {
      rebalancing: this.rebalancing,
      balanced: this.moves.length === 0,
      moves: this.moves,
      movesPlanned: this.moves.length === 0 ? 0 : 2,
      nodes: NAMES.map((nodeId) => ({ nodeId, replicas: 2, leaders: 1 })),
    };
  }

  #enter(): void {
    if (this.failure) throw this.failure;
  }

  #stateOf(nodeId: string): 'member' | 'leaving' {
    return this.leaving.has(nodeId) ? 'leaving' : 'member';
  }
}

const NAMES: readonly string[] = ['node-1', 'node-2', 'node-3'];

/** A move of shard 1 from node-1 to node-3 that is in its middle. */
export const MOVE_UNDER_WAY: MoveView = {
  id: 9,
  shard: 1,
  reason: 'rebalance',
  step: 'adding',
  from: 'node-1',
  to: 'node-3',
  bytesSent: 500_000,
  bytesTotal: 1_000_000,
  entriesBehind: 40,
  stepMs: 1_500,
  waitsFor: '',
};
