import { must } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import { seededRandom } from '../../../src/base/random.ts';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
} from '../../../src/cluster/catalog/cluster-state.ts';
import type { ClusterView } from '../../../src/cluster/membership/cluster-view.ts';
import type { MembershipSettings } from '../../../src/cluster/membership/membership-options.ts';
import type { OpenGroupStatus } from '../../../src/raft/host/group-status.ts';
import { MemoryNetwork } from '../../../src/raft/transport/memory-network.ts';
import type { ShardCommand } from '../../../src/sharding/shard-command.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';
import { applyResultOf } from '../../../src/sharding/shard-result-codec.ts';
import { HandClock } from '../hand-clock.ts';
import {
  MembershipProcess,
  newNodeDisk,
  type NodeDisk,
  WORLD_TICK_MS,
  type WorldNode,
} from './membership-process.ts';

/** Whole memberships of nodes over production's Raft hosts, on one clock and one network in memory, moved by hand. */
export class MembershipWorld {
  readonly clock = new HandClock();
  readonly network: MemoryNetwork;
  readonly fatal: unknown[] = [];
  /** What nodes told, for people. */
  readonly lines: string[] = [];
  readonly #settings: MembershipSettings;
  readonly #disks = new Map<string, NodeDisk>();
  readonly #processes = new Map<string, MembershipProcess>();
  readonly #founders: readonly string[];
  readonly zones = new Map<string, string>();
  readonly #codec = new ShardCommandCodec();
  readonly #moved = new Map<string, string>();
  #deferred: (() => void)[] = [];
  #seed = 1;

  constructor(
    settings: Partial<MembershipSettings> = {},
    founders: readonly string[] = ['node-1', 'node-2', 'node-3'],
  ) {
    this.#settings = {
      shardCount: 4,
      replicaCount: 3,
      replaceAfterMs: 60_000,
      movesMax: 2,
      rebalanceThreshold: Infinity,
      lagMax: 128,
      ...settings,
    };
    this.#founders = founders;
    const { clock } = this;
    this.network = new MemoryNetwork({
      clock,
      defer: (callback) => this.#deferred.push(callback),
    });
  }

  /** A cluster of so many nodes that has come to rest. */
  static async of(count: number, settings: Partial<MembershipSettings> = {}) {
    const names = Array.from({ length: count }, (_, place) => `node-${place + 1}`);
    const world = new MembershipWorld(settings, names.slice(0, 3));
    for (const name of names) world.start(name);
    await world.untilAtRest(count);
    return world;
  }

  /** Begins a process; the first founder founds, the others join. */
  start(name: string, address = this.addressOf(name), nodeId = name): void {
    const disk = this.#disks.get(name) ?? newNodeDisk();
    this.#disks.set(name, disk);
    this.#seed += 1;
    const process = new MembershipProcess({
      name: nodeId,
      address,
      disk,
      clock: this.clock,
      random: seededRandom(this.#seed),
      network: this.network,
      defer: (callback) => this.#deferred.push(callback),
      settings: this.#settings,
      zone: this.zones.get(name) ?? '',
      founders: this.#founders.map((each) => ({ nodeId: each, address: this.addressOf(each) })),
      log: (text, fields) => this.lines.push(`${name} ${text} ${JSON.stringify(fields)}`),
      onFatal: (error) => this.fatal.push(error),
      leaderOf: (group) => this.leaderOf(group),
    });
    this.#processes.set(name, process);
    process.start();
  }

  addressOf(name: string): string {
    return this.#moved.get(name) ?? `${name}:7000`;
  }

  node(name: string): WorldNode {
    return must(this.#processes.get(name)?.node, `${name} is in the cluster`);
  }

  process(name: string): MembershipProcess | undefined {
    return this.#processes.get(name);
  }

  /** Those that are in the cluster. */
  get nodes(): readonly WorldNode[] {
    return [...this.#processes.values()].flatMap(({ node }) => node ?? []);
  }

  /** The process dies. */
  async crash(name: string): Promise<void> {
    const process = must(this.#processes.get(name), 'a process');
    this.#processes.delete(name);
    await process.crash();
  }

  /** Starts all nodes again, at addresses that the settings of all of them name. */
  moveAll(names: readonly string[], address: (name: string) => string): void {
    for (const name of names) this.#moved.set(name, address(name));
    for (const name of names) this.start(name);
  }

  /** What a node's process left, or is using. */
  disk(name: string): NodeDisk {
    return must(this.#disks.get(name), 'a disk');
  }

  async restart(name: string): Promise<void> {
    await this.crash(name);
    this.start(name);
  }

  /** The process dies, and its disk with it. */
  async wipe(name: string): Promise<void> {
    await this.crash(name);
    this.#disks.delete(name);
  }

  /** A live node's number; 0: nobody leads. */
  leaderOf(group: number): number {
    let [best, term] = [0, 0];
    for (const { host } of this.nodes) {
      const status = host.groups().find((each) => each.group === group);
      if (status?.state !== 'open' || status.raft.role !== 'leader') continue;
      if (status.raft.term > term) [best, term] = [host.node, status.raft.term];
    }
    return best;
  }

  byNumber(number: number): WorldNode {
    return must(
      this.nodes.find(({ host }) => host.node === number),
      `node ${number}`,
    );
  }

  status(name: string, group: number): OpenGroupStatus | undefined {
    const status = this.node(name)
      .host.groups()
      .find((each) => each.group === group);
    return status?.state === 'open' ? status : undefined;
  }

  /** As the catalog's leader has it, if it leads now. */
  get state(): ClusterState | undefined {
    const leader = this.leaderOf(CATALOG_GROUP);
    return leader === 0 ? undefined : this.byNumber(leader).catalog.state;
  }

  async view(): Promise<ClusterView> {
    const leader = this.byNumber(this.leaderOf(CATALOG_GROUP));
    return leader.membership.handlers.clusterView(
      { kind: 'clusterView' },
      { from: 1, signal: new AbortController().signal },
    );
  }

  /** Proposes a command to a shard's leader, and again where that was in vain. */
  async propose(shard: number, command: ShardCommand): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const leader = this.leaderOf(groupOfShard(shard));
      try {
        if (leader === 0) throw new VectorDbError('UNAVAILABLE', 'nobody leads');
        const bytes = this.#codec.encode(command, 2 ** 32 - 1);
        const { host } = this.byNumber(leader);
        applyResultOf(await this.finish(host.propose(groupOfShard(shard), bytes)));
        return;
      } catch (error) {
        if (!(error instanceof VectorDbError)) throw error;
        await this.run(100);
      }
    }
    throw new Error(`shard ${shard} takes nothing`);
  }

  /** Replicas and leaders by node name, as the catalog and the hosts have them. */
  counts(): Readonly<Record<string, { readonly replicas: number; readonly leaders: number }>> {
    const state = must(this.state, 'a catalog leader');
    const members = [...state.nodes.values()].filter((node) => node.state !== 'gone');
    return Object.fromEntries(
      members.map(({ number, nodeId }) => {
        const replicas = state.shards.filter(({ replicas: all }) =>
          all.some(({ node }) => node === number),
        );
        const leaders = state.shards.filter(
          (_, shard) => this.leaderOf(groupOfShard(shard)) === number,
        );
        return [nodeId, { replicas: replicas.length, leaders: leaders.length }];
      }),
    );
  }

  /** Whether so many members have all that they should have, and nothing is under way. */
  isAtRest(members: number): boolean {
    const { state } = this;
    if (state === undefined || state.moves.size > 0 || state.rebalancing) return false;
    const all = [...state.nodes.values()].filter((node) => node.state !== 'gone');
    if (all.length !== members || all.some((node) => node.state === 'leaving')) return false;
    const wanted = Math.min(members, state.settings.replicaCount);
    const isWhole = state.shards.every(({ replicas }, shard) => {
      const leader = this.leaderOf(groupOfShard(shard));
      if (replicas.length !== wanted || leader === 0) return false;
      // What was on a node that is gone has yet to be made anew.
      if (replicas.some(({ node }) => state.nodes.get(node)?.state !== 'member')) return false;
      const { configuration } =
        this.status(this.byNumber(leader).name, groupOfShard(shard))?.raft ?? {};
      const ids = replicas.map(({ replica }) => replica).toSorted((a, b) => a - b);
      return configuration?.voters.join() === ids.join() && configuration.learners.length === 0;
    });
    const leaders = Object.values(this.counts()).flatMap((count) =>
      count.replicas === 0 ? [] : [count.leaders],
    );
    return isWhole && Math.max(...leaders) - Math.min(...leaders) <= 1;
  }

  async untilAtRest(members: number, limitMs = 300_000): Promise<void> {
    await this.until(() => this.isAtRest(members), limitMs);
  }

  async finish<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  async until(condition: () => boolean, limitMs = 300_000): Promise<void> {
    for (let passed = 0; passed < limitMs; passed += WORLD_TICK_MS) {
      if (await this.#settle(condition)) return;
      this.clock.pass(WORLD_TICK_MS);
    }
    throw new Error(`what was waited for did not come\n${this.lines.slice(-30).join('\n')}`);
  }

  async run(ms: number): Promise<void> {
    await this.#settle();
    for (let passed = 0; passed < ms; passed += WORLD_TICK_MS) {
      this.clock.pass(WORLD_TICK_MS);
      await this.#settle();
    }
  }

  /** Every process ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#processes.keys()) await this.crash(name);
  }

  /** Does everything that needs no time, or less of it where what is waited for has come: whether it has. */
  async #settle(condition: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (condition()) return true;
      const due = this.#deferred;
      this.#deferred = [];
      if (due.length === 0) return false;
      for (const callback of due) callback();
    }
  }
}
