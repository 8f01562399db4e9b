import { appendFileSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { smallDisk } from '../small-disk.ts';
import { freePort } from './free-port.ts';
import { NodeLinks } from './node-links.ts';
import { NodeServer } from './node-server.ts';
import { DIMENSION } from './workload/point-vectors.ts';
import type { ClusterInfo, MigrationStatus, RebalanceStatus, ShardRow } from './cluster-answers.ts';

export interface ProcessClusterOptions {
  /** Started at once; absent: 3. */
  readonly nodes?: number;
  /** How many there may be later; absent: as many as are started. */
  readonly nodesMax?: number;
  /** For every node, after its own, so that they count. */
  readonly flags?: readonly string[];
  /** Whether nodes find each other without anything between them, as for measuring; absent: false. */
  readonly isDirect?: boolean;
  /** Mebibytes of a disk of its own, by the number of the node that gets one; absent: none does. */
  readonly smallDisks?: Readonly<Record<number, number>>;
}

const TOKEN = 'secret between nodes';
/** Small, so that several nodes fit on one machine; times are the defaults. */
const FLAGS = [
  `--vector.dimension=${DIMENSION}`,
  '--server.worker_threads=1',
  '--storage.cache_size_mb=16',
  '--storage.write_buffer_size_mb=16',
  '--monitoring.prometheus_enabled=false',
  '--cluster.moves_at_once=16',
];
const SETTLED_MS_MAX = 120_000;
/** Entries that a replica may be behind under load and count as whole. */
const LAG_MAX = 200;
const ASK_MS_MAX = 5_000;
const ASK_AGAIN_MS = 100;

/** Nodes in processes of their own on this machine, with something between them that can be made worse. Ends with its scope, and its data with it. */
export class ProcessCluster implements AsyncDisposable {
  /** Undefined where nodes find each other directly. */
  readonly links: NodeLinks | undefined;
  readonly folder: string;
  readonly #nodes: readonly NodeServer[];
  readonly #started: NodeServer[] = [];
  readonly #disks = new DisposableStack();

  private constructor(folder: string, nodes: readonly NodeServer[], links: NodeLinks | undefined) {
    this.folder = folder;
    this.#nodes = nodes;
    this.links = links;
  }

  /** Starts a cluster and waits until it is whole: every shard with all its replicas. */
  static async start(options: ProcessClusterOptions = {}): Promise<ProcessCluster> {
    const { nodes = 3, nodesMax = nodes, flags = [], isDirect = false } = options;
    const folder = await mkdtemp(join(tmpdir(), 'grape-cluster-'));
    const raftPorts = await Promise.all(Array.from({ length: nodesMax }, freePort));
    const links = isDirect ? undefined : await NodeLinks.start(raftPorts);
    const servers: NodeServer[] = [];
    for (let number = 1; number <= nodesMax; number += 1) {
      servers.push(await nodeServer({ number, nodes, raftPorts, links, folder, flags }));
    }
    const cluster = new ProcessCluster(folder, servers, links);
    try {
      for (const [number, mebibytes] of Object.entries(options.smallDisks ?? {}))
        cluster.#mount(Number(number), mebibytes);
      for (let number = 1; number <= nodes; number += 1) cluster.start(number);
      await Promise.all(cluster.started.map((node) => node.ready()));
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Numbered from 1. */
  node(number: number): NodeServer {
    const node = this.#nodes[number - 1];
    if (node === undefined) throw new Error(`there is no node ${number}`);
    return node;
  }

  /** Those that were started once, whether they run or not. */
  get started(): readonly NodeServer[] {
    return this.#started;
  }

  /** Starts a node, or starts it again. */
  start(number: number): NodeServer {
    const node = this.node(number);
    node.start();
    if (!this.#started.includes(node)) this.#started.push(node);
    return node;
  }

  /** The number of a node by its name. */
  numberOf(name: string): number {
    return this.#nodes.findIndex((node) => node.name === name) + 1;
  }

  /** Asks one of the running nodes, or a given one. @throws {Error} it answers with an error */
  async ask<Answer>(
    path: string,
    body?: object,
    by?: NodeServer,
    timeoutMs = ASK_MS_MAX,
  ): Promise<Answer> {
    const node = by ?? this.#started.find((each) => each.isRunning);
    if (node === undefined) throw new Error('no node runs');
    const answer = await fetch(`${node.restUrl}${path}`, {
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : {
            method: 'POST',
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Answer;
  }

  info(by?: NodeServer): Promise<ClusterInfo> {
    return this.ask('/cluster/info', undefined, by);
  }

  async shards(): Promise<readonly ShardRow[]> {
    return (await this.ask<{ readonly shards: readonly ShardRow[] }>('/cluster/shards')).shards;
  }

  migration(): Promise<MigrationStatus> {
    return this.ask('/cluster/migration/status');
  }

  rebalance(): Promise<RebalanceStatus> {
    return this.ask('/cluster/rebalance/status');
  }

  /** A collection like the default one, unless another dimension is told. */
  async createCollection(name: string, dimension = DIMENSION): Promise<void> {
    const answer = await fetch(`${this.node(1).restUrl}/admin/collections/${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ vector: { dimension, distance: 'cosine' } }),
    });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  }

  /** Waits until nothing is wrong and nothing is under way, by the cluster's own word. */
  async settled(msMax = SETTLED_MS_MAX): Promise<void> {
    await this.until('the cluster is whole', () => this.#unsettled(), msMax);
  }

  /** Asks again and again until nothing is in the way any more. @throws {Error} with what still is, when the time is up */
  async until(
    what: string,
    obstacle: () => Promise<string | undefined>,
    msMax = SETTLED_MS_MAX,
  ): Promise<void> {
    const end = performance.now() + msMax;
    for (;;) {
      const found = await obstacle().catch(String);
      if (found === undefined) return;
      if (performance.now() > end) throw new Error(`${what}: not in ${msMax} ms: ${found}`);
      await wait(ASK_AGAIN_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((node) => node[Symbol.asyncDispose]()));
    await this.links?.[Symbol.asyncDispose]();
    this.#disks.dispose();
    this.#keepLogs();
    await rm(this.folder, { recursive: true, force: true });
  }

  #mount(number: number, mebibytes: number): void {
    const { dataDirectory } = this.node(number);
    mkdirSync(dataDirectory);
    const disk = smallDisk(dataDirectory, mebibytes);
    if (typeof disk === 'string') throw new Error(disk);
    this.#disks.use(disk);
  }

  async #unsettled(): Promise<string | undefined> {
    const { health, reasons, is_live: isLive, replica_count: wanted } = await this.info();
    if (!isLive || health !== 'green') return `${health}: ${reasons.join('; ')}`;
    const { moves, moves_planned: planned } = await this.migration();
    if (moves.length + planned > 0) return `${moves.length} moves under way, ${planned} planned`;
    const members = this.#started.filter((node) => node.isRunning).length;
    for (const { shard, replicas } of await this.shards()) {
      const whole = replicas.filter(
        (each) => each.is_indexed && (each.entries_behind ?? 0) < LAG_MAX,
      ).length;
      if (whole < Math.min(wanted, members)) return `shard ${shard} has ${whole} whole replicas`;
    }
    return undefined;
  }

  /** For whoever looks why a run failed: `CLUSTER_LOGS` names a folder. */
  #keepLogs(): void {
    const folder = process.env['CLUSTER_LOGS'];
    if (folder === undefined || folder === '') return;
    mkdirSync(folder, { recursive: true });
    for (const node of this.#started) {
      const name = `${this.folder.slice(-6)}-${node.name}.log`;
      appendFileSync(join(folder, name), `${node.log.join('\n')}\n`);
    }
  }
}

interface NodeGround {
  readonly number: number;
  readonly nodes: number;
  readonly raftPorts: readonly number[];
  readonly links: NodeLinks | undefined;
  readonly folder: string;
  readonly flags: readonly string[];
}

async function nodeServer(ground: NodeGround): Promise<NodeServer> {
  const { number, nodes, raftPorts, links, folder, flags } = ground;
  const name = `node-${number}`;
  const [restPort, grpcPort] = [await freePort(), await freePort()];
  const overlay = raftPorts.map((port, at) => {
    const to = at + 1;
    const shown = links === undefined || to === number ? port : links.port(number, to);
    return `${raftAddress(to)}=127.0.0.1:${shown}`;
  });
  const dataDirectory = join(folder, name);
  const raftPort = raftPorts[number - 1] as number;
  const peers = raftPorts.slice(0, nodes).map((_, at) => `node-${at + 1}@${raftAddress(at + 1)}`);
  const settings = {
    'server.host': '127.0.0.1',
    'server.rest_port': restPort,
    'server.grpc_port': grpcPort,
    'server.data_dir': dataDirectory,
    'cluster.enabled': true,
    'cluster.cluster_token': TOKEN,
    'cluster.node_id': name,
    'cluster.node_address': `127.0.0.1:${grpcPort}`,
    'cluster.rest_address': `127.0.0.1:${restPort}`,
    'cluster.raft_port': raftPort,
    'cluster.raft_address': raftAddress(number),
    'cluster.host_overlay': overlay.join(','),
    ...(number === 1
      ? { 'cluster.initial_peers': peers.join(',') }
      : {
          'cluster.join_cluster': true,
          'cluster.seed_nodes': peers.filter((peer) => !peer.startsWith(`${name}@`)).join(','),
        }),
  };
  const own = Object.entries(settings).map(([key, value]) => `--${key}=${String(value)}`);
  return new NodeServer({
    name,
    dataDirectory,
    restPort,
    grpcPort,
    raftPort,
    flags: [...FLAGS, ...own, ...flags],
  });
}

/** What nodes call each other; the overlay of hosts says where that is. */
const raftAddress = (number: number): string => `grape-node-${number}:7000`;
