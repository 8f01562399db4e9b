import { Type } from 'typebox';
import { booleanSetting, integerSetting, listSetting, textSetting } from './setting-options.ts';

/** `[cluster]`: who this node is and whom it knows. */
export const CLUSTER_SECTION = Type.Object(
  {
    enabled: booleanSetting({
      default: false,
      description:
        'Whether the node is one of a cluster. Without it the node is a cluster of its own that no other node can join.',
    }),
    nodeId: textSetting({
      default: 'node-1',
      env: 'GRAPE_NODE_ID',
      description:
        'Name of this node, the same for all its life; no two nodes of a cluster have the same. A cluster asks for one.',
    }),
    nodeAddress: textSetting({
      default: '',
      description:
        '`host:port` under which clients reach the gRPC interface; its host is that of the addresses below where they are empty.',
    }),
    restAddress: textSetting({
      default: '',
      description:
        '`host:port` under which clients reach REST. Empty: the host of `node_address` and `rest_port`.',
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
      description:
        'Secret that the nodes of a cluster share: a node that does not know it is not let in. It is never sent.',
    }),
    clusterTokenFile: textSetting({
      default: '',
      description: 'File that holds `cluster_token`, in place of it.',
    }),
    initialPeers: listSetting({
      default: [],
      description:
        'First members, each `node@host:port` and this node among them. The node founds the cluster once a majority of the others (both of two) are there and none belongs to one; the first of them that does not join does so. Else it joins them.',
    }),
    joinCluster: booleanSetting({
      default: false,
      description:
        'Whether this node joins a cluster that `seed_nodes` know, and never founds one.',
    }),
    seedNodes: listSetting({
      default: [],
      description:
        'Members to ask for the cluster, each `node@host:port`; asked again and again until one answers.',
    }),
    zone: textSetting({
      default: '',
      description: 'Availability zone; replicas of a shard are put into different ones.',
    }),
    replaceAfterSecs: integerSetting(1, 31_536_000, {
      default: 600,
      description:
        'Seconds without word from a node after which its replicas are made anew on other nodes.',
    }),
    movesAtOnce: integerSetting(1, 64, {
      default: 2,
      description: 'Replicas that move at the same time in the whole cluster.',
    }),
    hostOverlay: listSetting({
      default: [],
      description:
        'Where addresses of other nodes really are: `host=host`, or `host:port=host:port`. For running the files of several machines on one.',
    }),
  },
  {
    description:
      'Who this node is and whom it knows. Nodes may start in any order; docs/cluster.md tells how a cluster comes to be.',
  },
);
