import { Type } from 'typebox';
import { booleanSetting, integerSetting, listSetting, textSetting } from './setting-options.ts';

/** `[cluster]`: who this node is and whom it knows. */
export const CLUSTER_SECTION = Type.Object(
  {
    enabled: booleanSetting({
      default: false,
      description: 'Whether the node is one of a cluster.',
    }),
    nodeId: textSetting({
      default: 'node-1',
      env: 'GRAPE_NODE_ID',
      description: 'Name of this node, the same for all its life.',
    }),
    nodeAddress: textSetting({
      default: '',
      description: '`host:port` under which other nodes and clients reach the gRPC interface.',
    }),
    raftPort: integerSetting(0, 65_535, {
      default: 7000,
      description: 'Port between nodes; 0 takes any free one.',
    }),
    raftAddress: textSetting({
      default: '',
      env: 'GRAPE_RAFT_ADDRESS',
      description:
        '`host:port` under which other nodes reach this one. Empty: the host of `node_address` and `raft_port`.',
    }),
    clusterToken: textSetting({
      default: '',
      secret: true,
      description: 'Secret that the nodes of a cluster share.',
    }),
    clusterTokenFile: textSetting({
      default: '',
      description: 'File that holds `cluster_token`, in place of it.',
    }),
    initialPeers: listSetting({
      default: [],
      description: 'First members, each `node@host:port`, on the node that founds the cluster.',
    }),
    joinCluster: booleanSetting({
      default: false,
      description: 'Whether this node joins a cluster that `seed_nodes` know.',
    }),
    seedNodes: listSetting({
      default: [],
      description: 'Members to ask for the cluster, each `node@host:port`.',
    }),
    zone: textSetting({
      default: '',
      description: 'Availability zone; replicas of a shard are put into different ones.',
    }),
  },
  {
    description:
      'Who this node is and whom it knows. This version runs as a single node: it refuses `enabled = true`, and only `node_id`, which the log carries, has an effect.',
  },
);
