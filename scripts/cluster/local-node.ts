import { join } from 'node:path';

/** Where one node of a cluster on this machine is, and how it is started. */
export interface LocalNode {
  /** Such as `node-2`. */
  readonly name: string;
  /** `host:port` that clients and people use. */
  readonly rest: string;
  readonly grpc: string;
  readonly metrics: string;
  /** `host:port` between nodes. */
  readonly raft: string;
  readonly dataDirectory: string;
  /** Arguments of the server. */
  readonly flags: readonly string[];
}

/** What {@link localNodes} needs. */
export interface LocalNodesOptions {
  /** At least 1. */
  readonly count: number;
  /** Added to every port; 0 gives the host ports of docker-compose.yml. */
  readonly portOffset: number;
  /** Folder that gets a folder for each node. */
  readonly dataDirectory: string;
  /** Folder that has `node1.toml` to `node3.toml`. */
  readonly configurations: string;
  /** Flags for every node, after its own, so that they count. */
  readonly extraFlags: readonly string[];
}

const LOOPBACK = '127.0.0.1';
/** Nodes with a configuration file of their own; further ones take the last. */
const CONFIGURED = 3;
const PORT_STEP = 10;
const PORTS = { rest: 6333, grpc: 6334, metrics: 9090, raft: 7000 } as const;

/** The port that the configuration files give to all nodes; each is on a machine of its own there. */
const RAFT_PORT_OF_FILES = 7000;

/**
 * Nodes that run configuration files for several machines on this one: the files count as they are, but for ports, data and listening host. Nodes go on
 * calling each other by the files' names, which the overlay of hosts leads to the loopback interface.
 */
export function localNodes(options: LocalNodesOptions): readonly LocalNode[] {
  const numbers = Array.from({ length: options.count }, (_, at) => at + 1);
  const overlay = numbers
    .map((number) => `${advertised(number)}=${address('raft', number, options.portOffset)}`)
    .join(',');
  return numbers.map((number) => localNode(number, overlay, options));
}

function localNode(number: number, overlay: string, options: LocalNodesOptions): LocalNode {
  const { portOffset, configurations, extraFlags } = options;
  const name = `node-${number}`;
  const at = (kind: keyof typeof PORTS): string => address(kind, number, portOffset);
  const dataDirectory = join(options.dataDirectory, name);
  const settings: Readonly<Record<string, string>> = {
    'server.host': LOOPBACK,
    'server.rest_port': portOf(at('rest')),
    'server.grpc_port': portOf(at('grpc')),
    'server.data_dir': dataDirectory,
    'monitoring.prometheus_port': portOf(at('metrics')),
    'cluster.node_id': name,
    'cluster.node_address': at('grpc'),
    'cluster.rest_address': at('rest'),
    'cluster.raft_port': portOf(at('raft')),
    'cluster.raft_address': advertised(number),
    'cluster.host_overlay': overlay,
  };
  return {
    name,
    rest: at('rest'),
    grpc: at('grpc'),
    metrics: at('metrics'),
    raft: at('raft'),
    dataDirectory,
    flags: [
      '--config',
      join(configurations, `node${Math.min(number, CONFIGURED)}.toml`),
      ...Object.entries(settings).map(([key, value]) => `--${key}=${value}`),
      ...extraFlags,
    ],
  };
}

/** What other nodes call it, as in the files. */
function advertised(number: number): string {
  return `grape-node-${number}:${RAFT_PORT_OF_FILES}`;
}

function address(kind: keyof typeof PORTS, number: number, portOffset: number): string {
  // Host ports of metrics are one apart in docker-compose.yml, the others ten.
  const step = kind === 'metrics' ? 1 : PORT_STEP;
  return `${LOOPBACK}:${PORTS[kind] + portOffset + (number - 1) * step}`;
}

function portOf(hostAndPort: string): string {
  return hostAndPort.slice(hostAndPort.lastIndexOf(':') + 1);
}
