import type { Config } from '../config/config-schema.ts';
import type { NodeIntroduction } from '../cluster/catalog/cluster-command.ts';
import { parsePeerAddress } from '../cluster/membership/peer-address.ts';
import type { FormationSettings } from '../cluster/membership/formation.ts';
import { hostOf } from './host-overlay.ts';

const LOOPBACK = '127.0.0.1';

/** How the node introduces itself, and whom it looks for, as the settings say. A node that is no cluster's is a cluster of its own. */
export function formationSettings(config: Config): FormationSettings {
  const { cluster } = config;
  const self = introduction(config);
  if (!cluster.enabled) {
    const { nodeId, raftAddress: address } = self;
    return { self, initialPeers: [{ nodeId, address }], joinCluster: false, seedNodes: [] };
  }
  return {
    self,
    initialPeers: cluster.initialPeers.map((text, i) =>
      parsePeerAddress(text, `cluster.initial_peers[${i}]`),
    ),
    joinCluster: cluster.joinCluster,
    seedNodes: cluster.seedNodes.map((text, i) =>
      parsePeerAddress(text, `cluster.seed_nodes[${i}]`),
    ),
  };
}

function introduction({ cluster, server }: Config): Omit<NodeIntroduction, 'incarnation'> {
  const { nodeId, nodeAddress, zone, raftAddress, raftPort } = cluster;
  const host = hostOf(nodeAddress) || LOOPBACK;
  return {
    nodeId,
    raftAddress: raftAddress || `${host}:${raftPort}`,
    grpcAddress: nodeAddress || `${host}:${server.grpcPort}`,
    restAddress: cluster.restAddress || `${host}:${server.restPort}`,
    zone,
  };
}
