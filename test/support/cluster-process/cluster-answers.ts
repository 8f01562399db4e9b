/** What nodes answer about their cluster, as far as tests read it; names are those of REST. */
export interface ClusterInfo {
  readonly cluster_id: string;
  readonly leader?: string;
  readonly term: number;
  readonly replica_count: number;
  readonly shard_count: number;
  readonly health: 'green' | 'yellow' | 'red';
  readonly reasons: readonly string[];
  readonly members: readonly { readonly node_id: string; readonly state: string }[];
  readonly is_live: boolean;
}

/** A shard and its replicas. */
export interface ShardRow {
  readonly shard: number;
  readonly primary?: string;
  readonly replicas: readonly {
    readonly node_id: string;
    readonly role: string;
    readonly is_indexed: boolean;
    readonly applied_index: number;
    readonly entries_behind?: number;
    readonly points: number;
    readonly bytes: number;
  }[];
  readonly points: number;
  readonly bytes: number;
}

/** Moves of replicas. */
export interface MigrationStatus {
  readonly moves: readonly {
    readonly id: number;
    readonly shard: number;
    readonly step: string;
    readonly from?: string;
    readonly to?: string;
    readonly bytes_sent: number;
    readonly bytes_total: number;
  }[];
  readonly moves_planned: number;
  readonly moves_ended: number;
  readonly bytes_moved: number;
  readonly leaving: readonly string[];
}

/** How even the cluster is. */
export interface RebalanceStatus {
  readonly rebalancing: boolean;
  readonly balanced: boolean;
  readonly moves_planned: number;
  readonly nodes: readonly {
    readonly node_id: string;
    readonly replicas: number;
    readonly leaders: number;
  }[];
}
