import { readFile } from 'node:fs/promises';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { Config } from '../config/config-schema.ts';
import { DEFAULT_RAFT_HOST_LIMITS } from '../raft/host/raft-host-limits.ts';
import { MemoryNetwork } from '../raft/transport/memory-network.ts';
import type { MetricsSource } from '../raft/transport/metrics-responder.ts';
import { TcpNodePort } from '../raft/transport/tcp-node-port.ts';
import type { NodePort } from '../raft/transport/transport.ts';
import type { TransportTls } from '../raft/transport/transport-tls.ts';
import type { LogMessage } from '../worker/apply-messages.ts';
import type { NodeSettings } from './create-database.ts';
import { formationSettings } from './formation-settings.ts';
import { HostOverlay } from './host-overlay.ts';
import { packageVersion } from './package-version.ts';
import { raftSettings } from './raft-settings.ts';

/** Entries that a replica may be behind and still become a voter or a leader. */
const LAG_MAX = 128;
const ALONE = 'local:0';

/** What a node of the settings needs beside them. */
export interface NodeCollaborators {
  readonly log: (message: Omit<LogMessage, 'kind'>) => void;
  readonly vitals: NodeSettings['vitals'];
  /** Served at `/raft/metrics`. */
  readonly metrics?: MetricsSource;
}

/** How a server is a node: of the cluster that the settings name, or of one of its own, which needs no port. */
export function nodeSettings(config: Config, given: NodeCollaborators): NodeSettings {
  const { cluster, sharding, server } = config;
  const overlay = new HostOverlay(cluster.hostOverlay);
  return {
    formation: formationSettings(config),
    membership: {
      shardCount: sharding.shardCount,
      replicaCount: sharding.replicaCount,
      replaceAfterMs: cluster.replaceAfterSecs * 1_000,
      movesMax: cluster.movesAtOnce,
      rebalanceThreshold: sharding.rebalanceThreshold,
      lagMax: LAG_MAX,
    },
    limits: raftSettings(config),
    openPort: async () =>
      cluster.enabled ? overlay.over(await openTcpPort(config, given)) : memoryPort(),
    vitals: given.vitals,
    shutdownMs: server.shutdownTimeoutMs,
  };
}

/** A database in somebody else's process: a cluster of one. */
export function embeddedSettings(shardCount: number): NodeSettings {
  const self = {
    nodeId: 'node-1',
    raftAddress: ALONE,
    grpcAddress: '',
    restAddress: '',
    zone: '',
  };
  const startedMs = systemClock.monotonicMs();
  return {
    formation: {
      self,
      initialPeers: [{ nodeId: self.nodeId, address: ALONE }],
      joinCluster: false,
      seedNodes: [],
    },
    membership: {
      shardCount,
      replicaCount: 1,
      replaceAfterMs: 600_000,
      movesMax: 1,
      rebalanceThreshold: 1,
      lagMax: LAG_MAX,
    },
    limits: DEFAULT_RAFT_HOST_LIMITS,
    openPort: async () => memoryPort(),
    vitals: () => ({
      version: packageVersion(),
      diskFreeBytes: undefined,
      memoryBytes: process.memoryUsage.rss(),
      uptimeSeconds: (systemClock.monotonicMs() - startedMs) / 1_000,
    }),
    shutdownMs: 5_000,
  };
}

function memoryPort(): NodePort {
  return new MemoryNetwork({ defer: (callback) => void setImmediate(callback) }).port(ALONE);
}

async function openTcpPort(
  config: Config,
  { log, metrics }: NodeCollaborators,
): Promise<TcpNodePort> {
  const { cluster, server } = config;
  const tls = await readTls(config);
  const token = cluster.clusterToken;
  return TcpNodePort.open({
    host: server.host,
    port: cluster.raftPort,
    ...(token === '' ? {} : { token }),
    ...(tls && { tls }),
    ...(metrics && { metrics }),
    clock: systemClock,
    random: systemRandom,
    log: ({ event, ...fields }) =>
      log({ level: event === 'connected' ? 'info' : 'warn', event: `node_${event}`, fields }),
    defer: (callback) => void setImmediate(callback),
  });
}

async function readTls({ raft }: Config): Promise<TransportTls | undefined> {
  if (raft.tlsCertPath === '') return undefined;
  const [certificate, key, authority] = await Promise.all(
    [raft.tlsCertPath, raft.tlsKeyPath, raft.tlsCaPath].map((path) => readFile(path)),
  );
  if (certificate === undefined || key === undefined || authority === undefined) return undefined;
  return { certificate, key, authority, checksNode: false };
}
