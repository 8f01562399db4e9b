import type { MetricDeclaration } from './metric-declaration.ts';

/** Metrics of Raft groups and of the cluster; `group` is `catalog` or `shard-` and its number. */
export const RAFT_METRIC_TABLE = {
  raftTerm: {
    name: 'grape_raft_term',
    type: 'gauge',
    help: 'Term of a group, as this node knows it.',
    labels: ['group'],
  },
  raftIsLeader: {
    name: 'grape_raft_is_leader',
    type: 'gauge',
    help: '1 where this node leads the group, else 0.',
    labels: ['group'],
  },
  raftHasLeader: {
    name: 'grape_raft_has_leader',
    type: 'gauge',
    help: '1 where this node knows who leads the group, else 0.',
    labels: ['group'],
  },
  raftCommitIndex: {
    name: 'grape_raft_commit_index',
    type: 'gauge',
    help: 'Index up to which this node knows the log of a group to be committed.',
    labels: ['group'],
  },
  raftApplyLag: {
    name: 'grape_raft_apply_lag_entries',
    type: 'gauge',
    help: 'Committed entries of a group that this node has not applied yet.',
    labels: ['group'],
  },
  raftReplicaLag: {
    name: 'grape_raft_replica_lag_entries',
    type: 'gauge',
    help: 'Of groups that this node leads: entries by which the slowest other replica is behind.',
    labels: ['group'],
  },
  raftProposals: {
    name: 'grape_raft_proposals_waiting',
    type: 'gauge',
    help: 'Proposals of all groups that wait for their end.',
    labels: [],
  },
  raftReads: {
    name: 'grape_raft_reads_waiting',
    type: 'gauge',
    help: 'Reads of all groups that wait for being confirmed.',
    labels: [],
  },
  raftCorruptGroups: {
    name: 'grape_raft_corrupt_groups',
    type: 'gauge',
    help: 'Groups on this node that are silent because their log or state is damaged.',
    labels: [],
  },
  raftLogBytes: {
    name: 'grape_raft_log_bytes',
    type: 'gauge',
    help: 'Bytes of the files of the log that all groups share.',
    labels: [],
  },
  raftLogStalled: {
    name: 'grape_raft_log_stalled_seconds',
    type: 'gauge',
    help: 'Age of the oldest batch of the log that is not durable yet; 0 where none is under way.',
    labels: [],
  },
  raftLogBatches: {
    name: 'grape_raft_log_batches_total',
    type: 'counter',
    help: 'Batches written to the log, each with one fsync.',
    labels: [],
  },
  raftLogWrites: {
    name: 'grape_raft_log_writes_total',
    type: 'counter',
    help: 'Writes of groups in those batches: by their ratio, how many groups share an fsync.',
    labels: [],
  },
  clusterNodes: {
    name: 'grape_cluster_nodes',
    type: 'gauge',
    help: 'Nodes of the cluster by what the catalog says of them (member, leaving).',
    labels: ['state'],
  },
  clusterMoves: {
    name: 'grape_cluster_moves',
    type: 'gauge',
    help: 'Replicas that are being moved in the whole cluster.',
    labels: [],
  },
  clusterCatalogVersion: {
    name: 'grape_cluster_catalog_version',
    type: 'gauge',
    help: 'Version of the catalog that this node has applied.',
    labels: [],
  },
  shardReplicas: {
    name: 'grape_shard_replicas',
    type: 'gauge',
    help: 'Replicas that the catalog knows of a shard.',
    labels: ['shard'],
  },
  shardReplicasWanted: {
    name: 'grape_shard_replicas_wanted',
    type: 'gauge',
    help: 'Replicas that each shard is to have, with as many nodes as there are.',
    labels: [],
  },
} as const satisfies Record<string, MetricDeclaration>;
