import { VectorDbError } from '../base/error.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { RaftHostLimits } from '../raft/host/raft-host-limits.ts';
import type { DigestMismatch } from '../raft/host/digest-check.ts';
import { RaftHost } from '../raft/host/raft-host.ts';
import type { StateMachineFactory } from '../raft/host/state-machine.ts';
import type { LogStorage } from '../raft/log/log-storage.ts';
import type { MemberTransport, NodeNumber, NodePort } from '../raft/transport/transport.ts';
import type { TransportStatistics } from '../raft/transport/transport-statistics.ts';
import type { ShardCommand } from '../sharding/shard-command.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import type { NodeCallHandlers } from './call/node-call-server.ts';
import { NodeCallServer } from './call/node-call-server.ts';
import { NodeCalls } from './call/node-calls.ts';
import type { CatalogMachines } from './catalog/catalog-machines.ts';
import { CATALOG_GROUP, type ClusterState, groupOfShard } from './catalog/cluster-state.ts';
import { ClusterIndexes } from './cluster-indexes.ts';
import type { LogRoom } from './log-room.ts';
import { ClusterMembership } from './membership/cluster-membership.ts';
import type { ClusterOperations } from './membership/cluster-operations.ts';
import { type Formed, Formation, type FormationSettings } from './membership/formation.ts';
import { GuestDesk } from './membership/guest-desk.ts';
import type { MembershipLog } from './membership/membership-log.ts';
import type { MembershipSettings, NodeVitals } from './membership/membership-options.ts';
import type { IdentityStore } from './membership/node-identity.ts';
import { ClusterCatalog } from './routing/cluster-catalog.ts';
import { ClusterReads } from './routing/cluster-reads.ts';
import { ClusterShardLog, type WriteGroups } from './routing/cluster-shard-log.ts';
import { LocalReads } from './routing/local-reads.ts';
import type { ProposalBoundsOptions } from './routing/proposal-bounds.ts';
import { ReadBarriers } from './routing/read-barriers.ts';
import { ReaderLoad } from './routing/reader-load.ts';
import { routingHandlers } from './routing/routing-handlers.ts';
import type { ShardHolder } from './shard/shard-holder.ts';

/** Bounds of what a node asks of others. Milliseconds. */
export interface RoutingLimits extends ProposalBoundsOptions {
  /** How long a write, or a change of the catalog, is tried for where its caller sets no end. */
  readonly writeTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly readsMax: number;
  /** Reads that keep all who read shards here busy. */
  readonly readsAtOnce: number;
}

export interface ClusterNodeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly defer: (callback: () => void) => void;
  readonly log: MembershipLog;
  readonly port: NodePort;
  readonly identities: IdentityStore;
  readonly openLog: (node: NodeNumber) => Promise<LogStorage>;
  readonly catalogMachines: (onChange: (state: ClusterState) => void) => CatalogMachines;
  readonly holder: ShardHolder;
  readonly formation: FormationSettings;
  readonly membership: MembershipSettings;
  readonly limits: Partial<RaftHostLimits>;
  readonly routing: RoutingLimits;
  readonly vitals: () => NodeVitals;
  /** Asked before a command is proposed here. */
  readonly room: Pick<LogRoom, 'take'>;
  /** Why the node is in no cluster yet, or does not take all requests yet; told while it starts, also when nothing has changed. */
  readonly onWaiting?: (reasons: readonly string[]) => void;
  /** The node was removed from its cluster, or its data is another cluster's than its peers': it must not serve. May be told more than once. */
  readonly onRemoved?: (why: string) => void;
  /** The node cannot go on. */
  readonly onFatal: (error: unknown) => void;
  readonly onDigestMismatch?: (mismatch: DigestMismatch) => void;
  /** The longest that an end takes to hand leadership over and to answer what is under way. */
  readonly shutdownMs: number;
}

const FOLLOW_MS = 2_000;
const CHANGES_MAX = 256;

/** What is there once the node knows who it is. */
interface Base {
  readonly formed: Formed;
  readonly transport: MemberTransport;
  readonly logStorage: LogStorage;
  readonly machines: CatalogMachines;
  readonly host: RaftHost;
  readonly calls: NodeCalls;
  /** Answers to other nodes; filled as they come to be. */
  readonly handlers: { -readonly [K in keyof NodeCallHandlers]: NodeCallHandlers[K] };
}

/**
 * A node of a cluster, put together: its groups, what it asks of others and answers them, its part in the membership. All io is given, so that whole nodes
 * run in simulations as they run in production. A database alone is a cluster of one.
 */
export class ClusterNode implements AsyncDisposable {
  readonly host: RaftHost;
  readonly calls: NodeCalls;
  readonly shardLog: ClusterShardLog;
  readonly reads: ClusterReads;
  readonly catalog: ClusterCatalog;
  readonly indexes: ClusterIndexes;
  readonly membership: ClusterMembership;
  readonly logStorage: LogStorage;
  readonly #machines: CatalogMachines;
  readonly #options: ClusterNodeOptions;
  readonly #transport: MemberTransport;

  private constructor(
    options: ClusterNodeOptions,
    base: Base,
    parts: Pick<ClusterNode, 'shardLog' | 'reads' | 'catalog' | 'indexes' | 'membership'>,
  ) {
    this.#options = options;
    this.#machines = base.machines;
    this.#transport = base.transport;
    this.host = base.host;
    this.calls = base.calls;
    this.logStorage = base.logStorage;
    this.shardLog = parts.shardLog;
    this.reads = parts.reads;
    this.catalog = parts.catalog;
    this.indexes = parts.indexes;
    this.membership = parts.membership;
  }

  /**
   * Finds or founds the node's cluster, however long that takes, and takes its part in it. The port is given up with the node; the holder is the caller's,
   * to be closed after it.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION, DATA_CORRUPT, STORAGE_FAILED, DISK_FULL; CANCELLED by the signal
   */
  static async open(options: ClusterNodeOptions, signal: AbortSignal): Promise<ClusterNode> {
    const { clock, random, holder } = options;
    await using opened = new AsyncDisposableStack();
    const desk = new GuestDesk(options.port);
    const late: { membership?: ClusterMembership } = {};
    const base = await openBase(options, desk, opened, signal, (state) =>
      late.membership?.catalogChanged(state),
    );
    const { host, calls, machines: catalog } = base;
    const followed = (version: number, given?: AbortSignal): Promise<void> =>
      late.membership?.collectionsReached(version, given) ?? Promise.resolve();
    const { routing } = options;
    const shared = { clock, random, catalog, calls };
    const load = new ReaderLoad(routing.readsAtOnce);
    const barriers = new ReadBarriers({ groups: host, readsMax: routing.readsMax, load });
    const local = new LocalReads({ holder, barriers, load, catalog });
    const groups = roomyGroups(host, options.room);
    const shardLog = new ClusterShardLog({ ...shared, ...routing, groups });
    const reads = new ClusterReads({ ...shared, ...routing, barriers, local });
    const collections = new ClusterCatalog({
      ...shared,
      groups: host,
      barriers,
      reached: followed,
      changeTimeoutMs: routing.writeTimeoutMs,
      followMs: FOLLOW_MS,
      changesMax: CHANGES_MAX,
    });
    const codec = new ShardCommandCodec();
    const proposeToShard = (
      shard: number,
      command: ShardCommand,
      given?: AbortSignal,
    ): Promise<unknown> => shardLog.propose(shard, codec.encode(command), { signal: given });
    const indexes = new ClusterIndexes({
      calls,
      holder,
      catalog,
      reads,
      proposeToShard,
      followed,
    });
    const membership = await ClusterMembership.open({
      ...options,
      settings: options.membership,
      formed: base.formed,
      desk,
      peers: peersOf(options.formation),
      host,
      groupLog: (group) => base.logStorage.group(group),
      catalog,
      caller: calls,
      proposeToShard,
      forgetPeer: (node) => base.transport.forget(node),
    });
    late.membership = membership;
    Object.assign(
      base.handlers,
      routingHandlers({ catalog, groups, local, holder, reached: followed }),
      membership.handlers,
    );
    const parts = { shardLog, reads, catalog: collections, indexes, membership };
    const node = new ClusterNode(options, base, parts);
    opened.move();
    return node;
  }

  /** The catalog as it is applied here. */
  get state(): ClusterState {
    return this.#machines.state;
  }

  /** What this node and the others have said to each other. */
  get traffic(): TransportStatistics {
    return this.#transport.statistics;
  }

  get operations(): ClusterOperations {
    return this.membership.operations;
  }

  /** Why the node does not take all requests; empty: it does. */
  get reasons(): readonly string[] {
    const { reasons } = this.membership;
    const count = this.#unreadable.length;
    return count === 0 ? reasons : [...reasons, `${count} shards are being indexed`];
  }

  /**
   * Resolves once the node has all that the catalog had when it was asked, unless it is cut off, follows it, and can read the shards that nobody else has.
   *
   * @throws {VectorDbError} CANCELLED by the signal
   */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.state.clusterId !== '', signal);
    await this.#until(() => this.membership.hasCaughtUp, signal);
    await this.membership.collectionsReached(this.state.version, signal);
    await this.#until(() => this.#unreadable.length === 0, signal);
  }

  /** Hands leadership over, answers what is under way, and closes everything but the holder. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { shutdownMs } = this.#options;
    await this.membership[Symbol.asyncDispose]();
    await Promise.race([
      this.shardLog.drain(),
      new Promise<void>((resolve) => this.#options.clock.after(shutdownMs, resolve)),
    ]);
    await this.host.shutdown(shutdownMs);
    await this.#transport[Symbol.asyncDispose]();
    await this.logStorage[Symbol.asyncDispose]();
  }

  /** Shards that only this node has and whose points are not all in the indexes yet; not those that are damaged, for which waiting does not help. */
  get #unreadable(): readonly number[] {
    const { readable } = this.#options.holder;
    const unreadable = this.state.shards.flatMap(({ replicas }, shard) => {
      const isAlone = replicas.length === 1 && replicas[0]?.node === this.host.node;
      return isAlone && !readable.has(shard) ? [shard] : [];
    });
    if (unreadable.length === 0) return unreadable;
    const corrupt = this.host.groups().filter(({ state }) => state === 'corrupt');
    const damaged = new Set(corrupt.map(({ group }) => group));
    return unreadable.filter((shard) => !damaged.has(groupOfShard(shard)));
  }

  async #until(isReached: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isReached()) await this.#pause(signal);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, onWaiting } = this.#options;
    if (signal.aborted) throw new VectorDbError('CANCELLED', 'stopped before it was ready');
    onWaiting?.(this.reasons);
    await new Promise<void>((resolve) => clock.after(READY_POLL_MS, resolve));
  }
}

const READY_POLL_MS = 20;

async function openBase(
  options: ClusterNodeOptions,
  desk: GuestDesk,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
  onChange: (state: ClusterState) => void,
): Promise<Base> {
  const { clock, random, defer, log, port, identities, limits, onFatal, holder } = options;
  const formation = new Formation({
    ...options.formation,
    identities,
    desk,
    clock,
    random,
    log: (level, message, fields) => {
      log(level, message, fields);
      options.onWaiting?.(formation.reasons);
    },
  });
  const formed = await formation.form(signal);
  options.onWaiting?.([]);
  const { identity, addresses } = formed;
  const { node, clusterId: cluster } = identity;
  const logStorage = opened.use(await options.openLog(node));
  const transport = opened.use(
    port.join({ node, cluster, addressOf: (other) => addresses.addressOf(other) }),
  );
  const machines = options.catalogMachines(onChange);
  const host = opened.use(
    await RaftHost.open({
      clock,
      random,
      log: logStorage,
      transport,
      stateMachines: machinesOf(machines, holder),
      defer,
      limits,
      onFatal,
      ...(options.onDigestMismatch && { onDigestMismatch: options.onDigestMismatch }),
    }),
  );
  const handlers = {};
  const server = new NodeCallServer(handlers);
  server.serve(transport);
  const calls = new NodeCalls({ transport, server, clock });
  return { formed, transport, logStorage, machines, host, calls, handlers };
}

/** Proposes points only while the log's disk has room for them; what nodes agree on may always change, so that collections can be dropped. */
function roomyGroups(host: RaftHost, room: Pick<LogRoom, 'take'>): WriteGroups {
  return {
    node: host.node,
    leaderNode: (group) => host.leaderNode(group),
    isCutOff: (group) => host.isCutOff(group),
    watchLeadership: (watcher) => host.watchLeadership(watcher),
    openSession: (group, signal) => host.openSession(group, signal),
    propose: async (group, command, options) => {
      if (group !== CATALOG_GROUP) room.take(command.byteLength);
      return host.propose(group, command, options);
    },
  };
}

/** The catalog's group has a machine of its own; the others are shards. */
function machinesOf(catalog: StateMachineFactory, holder: ShardHolder): StateMachineFactory {
  const of = (group: number): StateMachineFactory =>
    group === CATALOG_GROUP ? catalog : holder.machines;
  return {
    open: (group, generation) => of(group).open(group, generation),
    destroy: (group) => of(group).destroy(group),
  };
}

function peersOf({ initialPeers, seedNodes, self }: FormationSettings): string[] {
  const others = [...initialPeers, ...seedNodes].filter(({ nodeId }) => nodeId !== self.nodeId);
  return [...new Set(others.map(({ address }) => address))];
}
