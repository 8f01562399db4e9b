import { assert, must } from '../../../src/base/assert.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { configurationOf } from '../../../src/raft/core/configuration.ts';
import type { DigestMismatch } from '../../../src/raft/host/digest-check.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/host/host-rows.ts';
import type { OpenGroupStatus } from '../../../src/raft/host/group-status.ts';
import { RaftHost, type ProposeOptions } from '../../../src/raft/host/raft-host.ts';
import type { RaftHostLimits } from '../../../src/raft/host/raft-host-limits.ts';
import { replicaId } from '../../../src/raft/host/replica-id.ts';
import { MemoryLog } from '../../../src/raft/log/memory-log.ts';
import type { LogStorage } from '../../../src/raft/log/log-storage.ts';
import { MemoryNetwork } from '../../../src/raft/transport/memory-network.ts';
import type { MemoryTransport } from '../../../src/raft/transport/memory-transport.ts';
import { HandClock } from '../hand-clock.ts';
import {
  decodeKeyValueResult,
  encodeKeyValueCommand,
  type KeyValueCommand,
  type KeyValueResult,
} from './host-key-value.ts';
import { MemoryMachines } from './host-memory-machine.ts';

/** One process of a node. */
export interface ClusterNode {
  readonly host: RaftHost;
  readonly log: MemoryLog;
  readonly machines: MemoryMachines;
  readonly transport: MemoryTransport;
  readonly fatal: unknown[];
  readonly mismatches: DigestMismatch[];
}

export interface HostClusterOptions {
  readonly limits?: Partial<RaftHostLimits>;
  /** The log that a node's host gets instead of its own: one that fails, say. */
  readonly wrapLog?: (node: number, log: MemoryLog) => LogStorage;
}

export const GROUP = 1;
const TICK_MS = 50;

/** Production hosts on one clock, one network and memory, moved by hand: nothing happens but in {@link settle} and {@link run}. */
export class HostCluster {
  readonly clock = new HandClock();
  readonly network: MemoryNetwork;
  readonly #options: HostClusterOptions;
  readonly #nodes = new Map<number, ClusterNode>();
  #deferred: (() => void)[] = [];

  constructor(options: HostClusterOptions = {}) {
    this.#options = options;
    this.network = new MemoryNetwork({ defer: (callback) => this.#defer(callback) });
  }

  /** Nodes 1 … `count` with the group on all of them, node 1 its leader. */
  static async withLeader(count: number, options: HostClusterOptions = {}): Promise<HostCluster> {
    const cluster = new HostCluster(options);
    const nodes = Array.from({ length: count }, (_, place) => place + 1);
    for (const node of nodes) await cluster.start(node);
    await cluster.createGroup(nodes);
    await cluster.elect(1);
    return cluster;
  }

  node(node: number): ClusterNode {
    return must(this.#nodes.get(node), `node ${node} is there`);
  }

  host(node: number): RaftHost {
    return this.node(node).host;
  }

  status(node: number, group = GROUP): OpenGroupStatus {
    const status = this.host(node).status(group);
    assert(status?.state === 'open', 'the group takes part');
    return status;
  }

  value(node: number, key: string, group = GROUP): string | undefined {
    return this.node(node).machines.machine(group)?.value(key);
  }

  async start(
    node: number,
    log = new MemoryLog(),
    machines = new MemoryMachines(),
  ): Promise<ClusterNode> {
    const transport = this.network.transport(node);
    const [fatal, mismatches]: [unknown[], DigestMismatch[]] = [[], []];
    const host = await RaftHost.open({
      clock: this.clock,
      random: seededRandom(node * 1000 + this.clock.monotonicMs()),
      log: this.#options.wrapLog?.(node, log) ?? log,
      transport,
      stateMachines: machines,
      defer: (callback) => this.#defer(callback),
      limits: { tickMs: TICK_MS, ...this.#options.limits },
      onFatal: (error) => fatal.push(error),
      onDigestMismatch: (mismatch) => mismatches.push(mismatch),
    });
    const started = { host, log, machines, transport, fatal, mismatches };
    this.#nodes.set(node, started);
    return started;
  }

  async createGroup(nodes: readonly number[], group = GROUP): Promise<void> {
    const voters = nodes.map((node) => replicaId(node, 0));
    const configuration = configurationOf(voters);
    const all = nodes.map((node) =>
      this.host(node).createGroup({ group, replica: replicaId(node, 0), configuration }),
    );
    await this.finish(Promise.all(all));
  }

  /** A replica that waits to be told of the group. */
  async joinGroup(node: number, generation = 0, group = GROUP): Promise<void> {
    const replica = replicaId(node, generation);
    const birth = { group, replica, configuration: EMPTY_CONFIGURATION };
    await this.finish(this.host(node).createGroup(birth));
  }

  /** The process dies: its host is cut off from everything, and its un-flushed batches of state are lost but for `keep`. What the next one finds. */
  async crash(
    node: number,
    keep: (unsynced: number) => number = () => 0,
  ): Promise<{ readonly log: MemoryLog; readonly machines: MemoryMachines }> {
    const { log, machines, transport, host } = this.node(node);
    this.#nodes.delete(node);
    await transport[Symbol.asyncDispose]();
    const left = { log: log.reopen(), machines: machines.crash(keep) };
    // Its timers would go on; what it still wants to write is refused.
    void host[Symbol.asyncDispose]();
    return left;
  }

  /** The process dies and a new one finds its disk. */
  async restart(node: number, keep?: (unsynced: number) => number): Promise<ClusterNode> {
    const { log, machines } = await this.crash(node, keep);
    return this.start(node, log, machines);
  }

  /** Has the replica of a node lead, by transfer from another leader if there is one. */
  async elect(node: number, group = GROUP): Promise<void> {
    await this.until(() => [...this.#nodes.keys()].some((each) => this.leads(each, group)));
    const leader = must(
      [...this.#nodes.keys()].find((each) => this.leads(each, group)),
      'a leader',
    );
    if (leader !== node) await this.finish(this.host(leader).transferLeadership(group, node));
    await this.until(
      () => this.leads(node, group) && this.status(node, group).unappliedEntries === 0,
    );
  }

  leads(node: number, group = GROUP): boolean {
    const status = this.#nodes
      .get(node)
      ?.host.groups()
      .find((each) => each.group === group);
    return status?.state === 'open' && status.raft.role === 'leader';
  }

  /** Proposes and waits for the result. */
  async propose(
    node: number,
    command: KeyValueCommand,
    options: ProposeOptions = {},
  ): Promise<KeyValueResult> {
    const proposal = this.host(node).propose(GROUP, encodeKeyValueCommand(command), options);
    return decodeKeyValueResult(await this.finish(proposal));
  }

  async set(node: number, key: string, value: string): Promise<void> {
    await this.propose(node, { kind: 'set', key, value });
  }

  /** Runs until the promise is settled. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  /** Lets time pass until `condition` holds, up to ten minutes. */
  async until(condition: () => boolean): Promise<void> {
    for (let tick = 0; tick < 12_000; tick += 1) {
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

  #defer(callback: () => void): void {
    this.#deferred.push(callback);
  }
}
