import type { Config } from './config-schema.ts';
import type { ConfigProblem } from './config-source.ts';

/** A rule between settings: what is wrong, or nothing. */
type Rule = (config: Config) => ConfigProblem | undefined;

const problem = (field: string, message: string): ConfigProblem => ({
  field,
  message: `${field}: ${message}`,
});

const PEER = /^([^@\s]+)@(\S+)$/;
const ADDRESS = /^(?:\[[0-9a-fA-F:.]+\]|[^:@\s]+):(\d{1,5})$/;
const PORT_MAX = 65_535;
const OVERLAY = /^[^=\s]+=[^=\s]+$/;
const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const RULES: readonly Rule[] = [
  ({ server }) =>
    (server.tlsCertPath === '') !== (server.tlsKeyPath === '')
      ? problem('server.tls_cert_path', 'a certificate and its key (tls_key_path) go together')
      : undefined,
  ({ server }) =>
    server.readOnlyApiKey !== '' && server.apiKey === ''
      ? problem('server.read_only_api_key', 'needs api_key as well, or nobody could write')
      : undefined,
  ({ server }) =>
    server.readOnlyApiKey !== '' && server.readOnlyApiKey === server.apiKey
      ? problem('server.read_only_api_key', 'must differ from api_key')
      : undefined,
  ({ server }) =>
    server.dataDir === '' ? problem('server.data_dir', 'must name a folder') : undefined,
  portsDiffer,
  ({ raft }) =>
    raft.heartbeatIntervalMs * 2 > raft.electionTimeoutMs
      ? problem('raft.heartbeat_interval_ms', 'is at most half of election_timeout_ms')
      : undefined,
  ({ vector }) =>
    vector.binaryQuantization && vector.quantization !== '' && vector.quantization !== 'binary'
      ? problem('vector.binary_quantization', `contradicts quantization = "${vector.quantization}"`)
      : undefined,
  ({ vector, limits }) =>
    vector.dimension > limits.dimensionMax
      ? problem('vector.dimension', `is above limits.dimension_max (${limits.dimensionMax})`)
      : undefined,
  ({ index, limits }) =>
    index.efSearch > limits.efMax
      ? problem('index.ef_search', `is above limits.ef_max (${limits.efMax})`)
      : undefined,
  ({ index }) =>
    index.maxSegmentPoints < index.growingRows
      ? problem('index.max_segment_points', `is below growing_rows (${index.growingRows})`)
      : undefined,
  ({ limits }) =>
    limits.payloadBytesMax > limits.bodyBytesMax
      ? problem('limits.payload_bytes_max', `is above body_bytes_max (${limits.bodyBytesMax})`)
      : undefined,
  ({ limits }) =>
    limits.bodyBytesMax > limits.writeQueueBytesMax
      ? problem('limits.write_queue_bytes_max', `is below body_bytes_max (${limits.bodyBytesMax})`)
      : undefined,
  ({ cluster }) =>
    NODE_ID.test(cluster.nodeId)
      ? undefined
      : problem('cluster.node_id', 'has 1 to 128 letters, digits, dots, hyphens or underscores'),
  ({ cluster }) => badAddress('cluster.node_address', cluster.nodeAddress),
  ({ cluster }) => badAddress('cluster.rest_address', cluster.restAddress),
  ({ cluster }) => badAddress('cluster.raft_address', cluster.raftAddress),
  ({ cluster }) => badPeers('cluster.initial_peers', cluster.initialPeers),
  ({ cluster }) => badPeers('cluster.seed_nodes', cluster.seedNodes),
  ({ cluster }) =>
    cluster.joinCluster && cluster.seedNodes.length === 0
      ? problem('cluster.join_cluster', 'needs seed_nodes')
      : undefined,
  ({ cluster }) =>
    cluster.joinCluster && cluster.initialPeers.length > 0
      ? problem(
          'cluster.join_cluster',
          'contradicts initial_peers: a node founds a cluster or joins one',
        )
      : undefined,
  ({ cluster }) =>
    cluster.enabled && !cluster.joinCluster && cluster.initialPeers.length === 0
      ? problem('cluster.enabled', 'needs initial_peers, or join_cluster and seed_nodes')
      : undefined,
  ({ cluster }) =>
    cluster.initialPeers.length > 0 && !namesOf(cluster.initialPeers).includes(cluster.nodeId)
      ? problem('cluster.initial_peers', `does not have this node (${cluster.nodeId})`)
      : undefined,
  ({ cluster }) => {
    const bad = cluster.hostOverlay.find((pair) => !OVERLAY.test(pair));
    return bad === undefined
      ? undefined
      : problem('cluster.host_overlay', `${JSON.stringify(bad)} is not name=place`);
  },
  ({ raft }) => {
    const given = [raft.tlsCertPath, raft.tlsKeyPath, raft.tlsCaPath].filter((path) => path !== '');
    return given.length === 0 || given.length === 3
      ? undefined
      : problem('raft.tls_cert_path', 'goes together with tls_key_path and tls_ca_path');
  },
];

/** What is wrong between the settings, each of which is right for itself; empty where all is well. */
export function inconsistencies(config: Config): readonly ConfigProblem[] {
  return RULES.flatMap((rule) => rule(config) ?? []);
}

function badAddress(field: string, address: string): ConfigProblem | undefined {
  return address === '' || isAddress(address)
    ? undefined
    : problem(field, `${JSON.stringify(address)} is not host:port`);
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= PORT_MAX;
}

const namesOf = (peers: readonly string[]): readonly string[] =>
  peers.map((peer) => PEER.exec(peer)?.[1] ?? '');

function badPeers(field: string, peers: readonly string[]): ConfigProblem | undefined {
  const bad = peers.find((peer) => !isAddress(PEER.exec(peer)?.[2] ?? ''));
  if (bad !== undefined) return problem(field, `${JSON.stringify(bad)} is not node@host:port`);
  const names = namesOf(peers);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined ? undefined : problem(field, `names ${twice} twice`);
}

function portsDiffer({ server, cluster, monitoring }: Config): ConfigProblem | undefined {
  const ports: [string, number][] = [
    ['server.rest_port', server.restPort],
    ['server.grpc_port', server.grpcPort],
  ];
  if (monitoring.prometheusEnabled) {
    ports.push(['monitoring.prometheus_port', monitoring.prometheusPort]);
  }
  if (cluster.enabled) ports.push(['cluster.raft_port', cluster.raftPort]);
  const owners = new Map<number, string>();
  for (const [field, port] of ports) {
    const owner = owners.get(port);
    // Port 0 takes any free one, so two of them do not meet.
    if (owner !== undefined && port !== 0) {
      return problem(field, `is the same port as ${owner} (${port})`);
    }
    owners.set(port, field);
  }
  return undefined;
}
