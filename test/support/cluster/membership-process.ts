import { must } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Random } from '../../../src/base/random.ts';
import { NodeCalls } from '../../../src/cluster/call/node-calls.ts';
import { NodeCallServer } from '../../../src/cluster/call/node-call-server.ts';
import { CatalogMachines } from '../../../src/cluster/catalog/catalog-machines.ts';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
} from '../../../src/cluster/catalog/cluster-state.ts';
import {
  ClusterMembership,
  type MembershipHandlers,
} from '../../../src/cluster/membership/cluster-membership.ts';
import { FileIdentityStore } from '../../../src/cluster/membership/file-identity-store.ts';
import { Formation, type Formed } from '../../../src/cluster/membership/formation.ts';
import { GuestDesk } from '../../../src/cluster/membership/guest-desk.ts';
import type { MembershipSettings } from '../../../src/cluster/membership/membership-options.ts';
import type { PeerAddress } from '../../../src/cluster/membership/peer-address.ts';
import { RaftHost } from '../../../src/raft/host/raft-host.ts';
import { MemoryLog } from '../../../src/raft/log/memory-log.ts';
import type { MemoryNetwork } from '../../../src/raft/transport/memory-network.ts';
import type { MemoryNodePort } from '../../../src/raft/transport/memory-node-port.ts';
import type { MemberTransport } from '../../../src/raft/transport/transport.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';
import { MemoryFileSystem } from '../raft/file-memory.ts';
import { MemoryShardHolder } from './memory-shard-holder.ts';

/** What a node's process leaves behind. */
export interface NodeDisk {
  readonly files: MemoryFileSystem;
  log: MemoryLog;
  shards: ConstructorParameters<typeof MemoryShardHolder>[0];
  /** Its node says that it refuses writes. */
  isFull: boolean;
}

/** A disk with nothing on it. */
export const newNodeDisk = (): NodeDisk => ({
  files: new MemoryFileSystem(),
  log: new MemoryLog(),
  shards: {},
  isFull: false,
});

/** A node that is in its cluster. */
export interface WorldNode {
  readonly name: string;
  readonly address: string;
  readonly host: RaftHost;
  readonly catalog: CatalogMachines;
  readonly membership: ClusterMembership;
  readonly holder: MemoryShardHolder;
}

export interface MembershipProcessOptions {
  readonly name: string;
  readonly address: string;
  readonly disk: NodeDisk;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly defer: (callback: () => void) => void;
  readonly settings: MembershipSettings;
  readonly zone: string;
  /** The first of them founds, all others join. */
  readonly founders: readonly PeerAddress[];
  readonly log: (text: string, fields: object) => void;
  readonly onFatal: (error: unknown) => void;
  readonly leaderOf: (group: number) => number;
}

/** Of time that passes by hand. */
export const WORLD_TICK_MS = 50;

/** One process of a node: from a port to a member of its cluster. */
export class MembershipProcess {
  readonly formation: Formation;
  readonly address: string;
  node: WorldNode | undefined;
  failure: unknown;
  /** Why it is a member no more; undefined: it has not been told so. */
  removed: string | undefined;
  readonly #options: MembershipProcessOptions;
  readonly #port: MemoryNodePort;
  readonly #desk: GuestDesk;
  readonly #identities: FileIdentityStore;
  readonly #stop = new AbortController();
  #transport: MemberTransport | undefined;

  constructor(options: MembershipProcessOptions) {
    const { name, address, disk, network, random, clock, founders, zone } = options;
    this.#options = options;
    this.address = address;
    this.#port = network.port(address);
    this.#desk = new GuestDesk(this.#port);
    this.#identities = new FileIdentityStore({
      files: disk.files,
      folder: 'data',
      nodeId: name,
      random,
    });
    const isFounder = name === founders[0]?.nodeId;
    this.formation = new Formation({
      self: {
        nodeId: name,
        raftAddress: address,
        grpcAddress: `${name}:6334`,
        restAddress: `${name}:6333`,
        zone,
      },
      initialPeers: isFounder ? founders : [],
      joinCluster: !isFounder,
      seedNodes: isFounder ? [] : founders,
      identities: this.#identities,
      desk: this.#desk,
      clock,
      random,
      log: (_, text, fields = {}) => options.log(text, fields),
    });
  }

  start(): void {
    this.#open().catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Nothing of it is heard any more. */
  async crash(): Promise<void> {
    const { disk } = this.#options;
    this.#stop.abort();
    await this.#port[Symbol.asyncDispose]();
    await this.#transport?.[Symbol.asyncDispose]();
    disk.log = disk.log.reopen();
    if (this.node === undefined) return;
    disk.shards = { disks: this.node.holder.crash() };
    void this.node.membership[Symbol.asyncDispose]();
    void this.node.host[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    const { disk } = this.#options;
    const formed = await this.formation.form(this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    const { clusterId: cluster, node } = formed.identity;
    const transport = this.#port.join({
      node,
      cluster,
      addressOf: (other) => formed.addresses.addressOf(other),
    });
    this.#transport = transport;
    const holder = new MemoryShardHolder(disk.shards);
    let changed: (state: ClusterState) => void = () => {};
    const catalog = new CatalogMachines({
      fileSystem: disk.files,
      folder: 'catalog',
      onChange: (state) => changed(state),
    });
    const host = await this.#host(transport, catalog, holder);
    const membership = await this.#membership({ formed, transport, host, catalog, holder });
    changed = (state) => membership.catalogChanged(state);
    membership.catalogChanged(catalog.state);
    const { name, address } = this.#options;
    this.node = { name, address, host, catalog, membership, holder };
  }

  #host(
    transport: MemberTransport,
    catalog: CatalogMachines,
    holder: MemoryShardHolder,
  ): Promise<RaftHost> {
    const { clock, random, disk, defer, onFatal } = this.#options;
    const of = (group: number) => (group === CATALOG_GROUP ? catalog : holder.machines);
    return RaftHost.open({
      clock,
      random,
      log: disk.log,
      transport,
      stateMachines: {
        open: (group, generation) => of(group).open(group, generation),
        destroy: (group) => of(group).destroy(group),
      },
      defer,
      limits: { tickMs: WORLD_TICK_MS },
      onFatal,
    });
  }

  async #membership({
    formed,
    transport,
    host,
    catalog,
    holder,
  }: Pick<WorldNode, 'host' | 'catalog' | 'holder'> & {
    readonly formed: Formed;
    readonly transport: MemberTransport;
  }): Promise<ClusterMembership> {
    const { clock, random, settings, founders, disk, log, leaderOf } = this.#options;
    const opened: { membership?: ClusterMembership } = {};
    const member = (): MembershipHandlers => must(opened.membership?.handlers, 'a member');
    const server = new NodeCallServer({
      report: (...given) => member().report(...given),
      clusterView: (...given) => member().clusterView(...given),
      changeCatalog: (...given) => member().changeCatalog(...given),
      changeConfiguration: (...given) => member().changeConfiguration(...given),
      transferLeadership: (...given) => member().transferLeadership(...given),
      propose: async ({ shard, command }, { signal }) => ({
        result: await host.propose(groupOfShard(shard), command, { signal }),
      }),
    });
    const caller = new NodeCalls({ transport, server, clock });
    server.serve(transport);
    const codec = new ShardCommandCodec();
    opened.membership = await ClusterMembership.open({
      clock,
      random,
      log: (_, text, fields = {}) => log(text, fields),
      settings,
      formed,
      identities: this.#identities,
      desk: this.#desk,
      onRemoved: (why) => {
        this.removed = why;
      },
      peers: founders.map(({ address }) => address),
      host,
      groupLog: (group) => disk.log.group(group),
      catalog,
      caller,
      holder,
      proposeToShard: async (shard, command, signal) => {
        const epoch = catalog.state.shards[shard]?.epoch ?? 0;
        const to = leaderOf(groupOfShard(shard));
        if (to === 0) throw new VectorDbError('UNAVAILABLE', 'no leader');
        const bytes = codec.encode(command, epoch);
        const call = { kind: 'propose', shard, epoch, command: bytes, session: undefined } as const;
        return caller.call(to, call, { timeoutMs: 2_000, signal });
      },
      vitals: () => ({
        version: '1',
        writable: !disk.isFull,
        reasons: [],
        diskFreeBytes: undefined,
        memoryBytes: 1,
        uptimeSeconds: 1,
      }),
      forgetPeer: (other) => transport.forget(other),
    });
    return opened.membership;
  }
}
