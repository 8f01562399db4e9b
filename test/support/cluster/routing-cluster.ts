import { must } from '../../../src/base/assert.ts';
import { encodePointId, type PointId } from '../../../src/base/point-id.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { NodeCalls } from '../../../src/cluster/call/node-calls.ts';
import { NodeCallServer } from '../../../src/cluster/call/node-call-server.ts';
import { CatalogMachines } from '../../../src/cluster/catalog/catalog-machines.ts';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
  type MemberNode,
  type ShardPlacement,
} from '../../../src/cluster/catalog/cluster-state.ts';
import { ClusterCatalog } from '../../../src/cluster/routing/cluster-catalog.ts';
import { ClusterReads } from '../../../src/cluster/routing/cluster-reads.ts';
import { ClusterShardLog } from '../../../src/cluster/routing/cluster-shard-log.ts';
import { LocalReads } from '../../../src/cluster/routing/local-reads.ts';
import { ReadBarriers } from '../../../src/cluster/routing/read-barriers.ts';
import { ReaderLoad } from '../../../src/cluster/routing/reader-load.ts';
import { routingHandlers } from '../../../src/cluster/routing/routing-handlers.ts';
import type { CollectionSchema } from '../../../src/index/collection-schema.ts';
import { configurationOf } from '../../../src/raft/core/configuration.ts';
import { RaftHost } from '../../../src/raft/host/raft-host.ts';
import { replicaId } from '../../../src/raft/host/replica-id.ts';
import type { StateMachineFactory } from '../../../src/raft/host/state-machine.ts';
import { MemoryLog } from '../../../src/raft/log/memory-log.ts';
import { MemoryNetwork } from '../../../src/raft/transport/memory-network.ts';
import type { MemoryTransport } from '../../../src/raft/transport/memory-transport.ts';
import { HashRouter } from '../../../src/sharding/hash-router.ts';
import type { ApplyResult, ShardCommand } from '../../../src/sharding/shard-command.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';
import { unpackPoints } from '../../../src/worker/packed-points.ts';
import { HandClock } from '../hand-clock.ts';
import { MemoryFileSystem } from '../raft/file-memory.ts';
import { MemoryShardHolder } from './memory-shard-holder.ts';

/** What outlives a process of a node. */
interface NodeDisk {
  readonly log: MemoryLog;
  readonly files: MemoryFileSystem;
  readonly holder: MemoryShardHolder;
}

/** One process of a node, with all that writes and reads of it pass through. */
export interface RoutingNode extends NodeDisk {
  readonly node: number;
  readonly host: RaftHost;
  readonly transport: MemoryTransport;
  readonly catalog: { readonly state: ClusterState };
  readonly calls: NodeCalls;
  readonly shardLog: ClusterShardLog;
  readonly barriers: ReadBarriers;
  readonly local: LocalReads;
  readonly reads: ClusterReads;
  readonly collections: ClusterCatalog;
}

export interface RoutingClusterOptions {
  readonly nodes: number;
  /** By shard: the nodes that have it. */
  readonly placement: readonly (readonly number[])[];
  readonly readTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
  readonly proposalsMax?: number;
  readonly bytesMax?: number;
}

const TICK_MS = 50;
const CODEC = new ShardCommandCodec();

/** Whole data planes of several nodes in one process, moved by hand: production's but for disks, network and index. Shards stay where they are placed. */
export class RoutingCluster {
  readonly clock = new HandClock();
  readonly network: MemoryNetwork;
  readonly router: HashRouter;
  readonly #options: RoutingClusterOptions;
  readonly #nodes = new Map<number, RoutingNode>();
  readonly #waits: (() => void)[] = [];
  /** Epochs of shards, where a test changed them. */
  readonly epochs = new Map<number, number>();
  #deferred: (() => void)[] = [];

  private constructor(options: RoutingClusterOptions) {
    this.#options = options;
    this.router = new HashRouter({ shardCount: options.placement.length });
    this.network = new MemoryNetwork({
      clock: this.clock,
      defer: (callback) => this.#deferred.push(callback),
    });
  }

  /** All nodes are up, and every group has a leader: the catalog's is node 1, a shard's the first of its nodes. */
  static async start(options: RoutingClusterOptions): Promise<RoutingCluster> {
    const cluster = new RoutingCluster(options);
    for (let node = 1; node <= options.nodes; node += 1) await cluster.startNode(node);
    const all = Array.from({ length: options.nodes }, (_, place) => place + 1);
    await cluster.#createGroup(CATALOG_GROUP, all);
    for (const [shard, nodes] of options.placement.entries()) {
      await cluster.#createGroup(groupOfShard(shard), nodes);
    }
    await cluster.elect(1, CATALOG_GROUP);
    for (const [shard, [first]] of options.placement.entries()) {
      await cluster.elect(must(first, 'a shard has a node'), groupOfShard(shard));
    }
    await cluster.#found();
    return cluster;
  }

  node(node: number): RoutingNode {
    return must(this.#nodes.get(node), `node ${node} is there`);
  }

  async startNode(node: number, disk?: NodeDisk): Promise<RoutingNode> {
    const holder = disk?.holder ?? new MemoryShardHolder();
    const log = disk?.log ?? new MemoryLog();
    const files = disk?.files ?? new MemoryFileSystem();
    const machines = new CatalogMachines({
      fileSystem: files,
      folder: 'catalog',
      onChange: (state) => {
        for (const schema of state.collections.collections.values()) void holder.adopt(schema);
        for (const number of state.collections.dropping.keys()) void holder.drop(number);
        for (const wait of this.#waits) wait();
      },
    });
    const stateMachines: StateMachineFactory = {
      open: (group, generation) =>
        (group === CATALOG_GROUP ? machines : holder.machines).open(group, generation),
      destroy: (group) => (group === CATALOG_GROUP ? machines : holder.machines).destroy(group),
    };
    const placed = (): ClusterState => this.#placed(machines.state);
    const catalog = {
      get state() {
        return placed();
      },
    };
    const transport = this.network.transport(node);
    const random = seededRandom(node * 1000 + this.clock.monotonicMs());
    const host = await RaftHost.open({
      clock: this.clock,
      random,
      log,
      transport,
      stateMachines,
      defer: (callback) => this.#deferred.push(callback),
      limits: { tickMs: TICK_MS },
      onFatal: (error) => {
        throw error;
      },
    });
    const started = this.#assemble({ node, holder, log, files, host, transport, catalog });
    this.#nodes.set(node, started);
    return started;
  }

  #assemble(
    parts: Pick<
      RoutingNode,
      'node' | 'holder' | 'log' | 'files' | 'host' | 'transport' | 'catalog'
    >,
  ): RoutingNode {
    const { host, holder, catalog, transport } = parts;
    const { clock } = this;
    const random = seededRandom(parts.node);
    const {
      readTimeoutMs = 5_000,
      writeTimeoutMs = 10_000,
      proposalsMax = 100,
      bytesMax = 1e6,
    } = this.#options;
    const load = new ReaderLoad(2);
    const barriers = new ReadBarriers({ groups: host, readsMax: 1_000, load });
    const local = new LocalReads({ holder, barriers, load, catalog });
    const reached = (version: number): Promise<void> => this.#reached(catalog, version);
    const server = new NodeCallServer(
      routingHandlers({ catalog, groups: host, local, holder, reached }),
    );
    server.serve(transport);
    const calls = new NodeCalls({ transport, server, clock });
    const shared = { catalog, groups: host, calls, clock, random };
    return {
      ...parts,
      calls,
      barriers,
      local,
      shardLog: new ClusterShardLog({
        ...shared,
        writeTimeoutMs,
        proposalsMax,
        bytesMax,
        retryAfterMs: 100,
      }),
      reads: new ClusterReads({ ...shared, barriers, local, readTimeoutMs, readsMax: 100 }),
      collections: new ClusterCatalog({
        ...shared,
        barriers,
        reached,
        changeTimeoutMs: 10_000,
        followMs: 2_000,
        changesMax: 100,
      }),
    };
  }

  /** The process dies; un-flushed batches of its shards' state are lost but for `keep`. */
  async crash(node: number, keep?: (unsynced: number) => number): Promise<NodeDisk> {
    const { host, transport, log, holder, files } = this.node(node);
    this.#nodes.delete(node);
    await transport[Symbol.asyncDispose]();
    const disks = holder.crash(keep);
    const left = { log: log.reopen(), files, holder: new MemoryShardHolder({ disks }) };
    void host[Symbol.asyncDispose]();
    return left;
  }

  isolate(node: number, isIsolated = true): void {
    this.network.isolate(node, isIsolated);
  }

  /** Has the replica of a node lead. */
  async elect(node: number, group: number): Promise<void> {
    const leads = (each: RoutingNode): boolean =>
      each.host
        .groups()
        .some(
          (status) =>
            status.group === group && status.state === 'open' && status.raft.role === 'leader',
        );
    const leader = (): RoutingNode | undefined => [...this.#nodes.values()].find(leads);
    await this.until(() => leader() !== undefined);
    const found = must(leader(), 'a leader');
    if (found.node !== node) await this.finish(found.host.transferLeadership(group, node));
    await this.until(() => leads(this.node(node)));
  }

  /** A collection of one unnamed vector, made through a node. */
  async createCollection(
    node: number,
    name = 'c',
    distance: 'euclid' | 'dot' = 'euclid',
  ): Promise<CollectionSchema> {
    const vector = {
      dimension: 2,
      distance,
      quantization: 'none',
      m: 16,
      efConstruction: 64,
      efSearch: 64,
    } as const;
    const { collections } = this.node(node);
    await this.finish(
      collections.propose({ kind: 'createCollection', name, vectors: { '': vector } }),
    );
    return collections.resolve(name);
  }

  /** Proposes a command to the shard of a key. */
  write(
    node: number,
    shard: number,
    command: ShardCommand,
    options: Parameters<ClusterShardLog['propose']>[2] = {},
  ): Promise<ApplyResult> {
    return this.node(node).shardLog.propose(shard, CODEC.encode(command), options);
  }

  /** Upserts points with their id as both numbers of the vector; resolves when all shards' parts are acknowledged. */
  async upsert(node: number, collection: number, ids: readonly PointId[]): Promise<void> {
    const byShard = Map.groupBy(ids, (id) => this.shardOf(collection, id));
    const writes = [...byShard].map(([shard, part]) =>
      this.write(node, shard, {
        kind: 'upsert',
        collection,
        points: part.map((id) => pointOf(id)),
      }),
    );
    await this.finish(Promise.all(writes));
  }

  shardOf(collection: number, id: PointId): number {
    return this.router.shardOf(collection, encodePointId(id, 'id', 512));
  }

  /** An id of the shard: the `nth` from 0. */
  idIn(shard: number, collection: number, nth = 0): number {
    for (let id = 0, found = -1; ; id += 1) {
      if (this.shardOf(collection, id) === shard) found += 1;
      if (found === nth) return id;
    }
  }

  /** Ids of a search's answer. */
  async search(
    node: number,
    collection: number,
    at: number,
    overrides: { readonly limit?: number; readonly offset?: number } = {},
    options: Parameters<ClusterReads['read']>[1] = {},
  ): Promise<readonly PointId[]> {
    const query = {
      collection,
      using: '',
      vector: Float32Array.of(at, at),
      limit: 10,
      offset: 0,
      ef: 64,
      exact: false,
      filter: undefined,
      scoreThreshold: undefined,
      select: { payload: true, vectors: false },
      explain: false,
      timed: false,
      ...overrides,
    };
    const reading = this.node(node).reads.read({ kind: 'search', query }, options);
    return unpackPoints((await this.finish(reading)).points).map(({ id }) => id);
  }

  async count(node: number, collection: number): Promise<number> {
    const request = { kind: 'count', collection, filter: undefined } as const;
    return (await this.finish(this.node(node).reads.read(request))).count;
  }

  /** Runs until the promise is settled; one at a time, for each of them moves the clock. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  /** Lets time pass until `condition` holds, up to two minutes. */
  async until(condition: () => boolean): Promise<void> {
    for (let tick = 0; tick < 2_400; tick += 1) {
      await this.settle();
      if (condition()) return;
      this.clock.pass(TICK_MS);
    }
    throw new Error('what was waited for did not come');
  }

  async run(ms: number): Promise<void> {
    await this.settle();
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.clock.pass(TICK_MS);
      await this.settle();
    }
  }

  /** Does everything that needs no time. */
  async settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const due = this.#deferred;
      this.#deferred = [];
      if (due.length === 0) return;
      for (const callback of due) callback();
    }
  }

  async #found(): Promise<void> {
    const { nodeId, raftAddress, grpcAddress, restAddress, zone, incarnation } = memberNode(1);
    const command = {
      kind: 'foundCluster',
      clusterId: 'cluster',
      settings: { shardCount: this.router.shardCount, replicaCount: 3 },
      founder: { nodeId, raftAddress, grpcAddress, restAddress, zone, incarnation },
    } as const;
    await this.finish(this.node(1).collections.change(command));
  }

  async #createGroup(group: number, nodes: readonly number[]): Promise<void> {
    const configuration = configurationOf(nodes.map((node) => replicaId(node, 0)));
    const all = nodes.map((node) =>
      this.node(node).host.createGroup({ group, replica: replicaId(node, 0), configuration }),
    );
    await this.finish(Promise.all(all));
  }

  async #reached(catalog: { readonly state: ClusterState }, version: number): Promise<void> {
    while (catalog.state.version < version) {
      await new Promise<void>((resolve) => {
        this.#waits.push(resolve);
      });
    }
  }

  /** The state with the nodes and places of this cluster in it. */
  #placed(state: ClusterState): ClusterState {
    const shards = this.#options.placement.map((nodes, shard): ShardPlacement => ({
      epoch: this.epochs.get(shard) ?? 1,
      replicas: nodes.map((node) => ({ node, replica: replicaId(node, 0) })),
      generations: new Map(),
    }));
    const members = Array.from({ length: this.#options.nodes }, (_, place) =>
      memberNode(place + 1),
    );
    return { ...state, shards, nodes: new Map(members.map((node) => [node.number, node])) };
  }
}

function memberNode(number: number): MemberNode {
  return {
    number,
    nodeId: `node-${number}`,
    raftAddress: `node-${number}:7000`,
    grpcAddress: '',
    restAddress: '',
    zone: '',
    incarnation: String(number),
    state: 'member',
  };
}

/** A point with its id, where it is a number, as both numbers of its vector. */
export function pointOf(id: PointId, payload: object = {}) {
  const at = typeof id === 'number' ? id : 0;
  return {
    key: encodePointId(id, 'id', 512),
    vectors: { '': Float32Array.of(at, at) },
    payload: new Uint8Array(Buffer.from(JSON.stringify(payload))),
  };
}
