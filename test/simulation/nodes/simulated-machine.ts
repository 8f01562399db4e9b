import { InvariantError } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import { CatalogMachines } from '../../../src/cluster/catalog/catalog-machines.ts';
import { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import { FileIdentityStore } from '../../../src/cluster/membership/file-identity-store.ts';
import type { FormationSettings } from '../../../src/cluster/membership/formation.ts';
import type { PeerAddress } from '../../../src/cluster/membership/peer-address.ts';
import type { GroupStatus } from '../../../src/raft/host/group-status.ts';
import type { RaftHost } from '../../../src/raft/host/raft-host.ts';
import { nodeOf, replicaId } from '../../../src/raft/host/replica-id.ts';
import type { LogStorage } from '../../../src/raft/log/log-storage.ts';
import { SegmentedLog } from '../../../src/raft/log/segmented-log.ts';
import { MemoryShardHolder } from '../../support/cluster/memory-shard-holder.ts';
import type { ShardDisk } from '../../support/cluster/memory-shard-machine.ts';
import type { FatedNode } from '../cluster/fate.ts';
import { ObservedLog } from '../cluster/observed-log.ts';
import { compareLog } from '../invariants/log-comparison.ts';
import type { ReplicaLedger } from '../invariants/replica-ledger.ts';
import { Violation } from '../invariants/violation.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream, RandomStreams } from '../world/random-streams.ts';
import { SimulatedClock } from '../world/simulated-clock.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedProcess } from '../world/simulated-process.ts';
import type { SimulatedNetwork } from '../world/simulated-transport.ts';
import { type NodeDatabase, openNodeDatabase } from './node-database.ts';
import type { NodesLedger } from './nodes-ledger.ts';
import type { NodesSwarm } from './nodes-options.ts';
import { ObservedHolder } from './observed-holder.ts';

/** What a machine is made from. */
export interface SimulatedMachineOptions {
  readonly number: number;
  readonly swarm: NodesSwarm;
  readonly queue: EventQueue;
  readonly streams: RandomStreams;
  readonly network: SimulatedNetwork;
  readonly ledger: NodesLedger;
  readonly onViolation: (violation: Violation) => void;
  readonly count: (what: string) => void;
  readonly onTouched: (machine: SimulatedMachine) => void;
}

/** A whole node that is open. */
export interface OpenNode {
  readonly node: ClusterNode;
  readonly database: NodeDatabase;
  readonly holder: MemoryShardHolder;
}

export const nodeName = (machine: number): string => `node-${machine}`;
const addressOf = (machine: number): string => `m${machine}:7000`;

/** A machine with a clock and a disk, and the production's whole node on it while its process runs. */
export class SimulatedMachine implements FatedNode {
  /** Of the machine: what links know. The cluster gives its node another number. */
  readonly number: number;
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  process: SimulatedProcess | undefined;
  /** Undefined until the process is in its cluster. */
  open: OpenNode | undefined;
  /** What the cluster calls the node; 0: it is not known, or the disk is new. */
  node = 0;
  isBeyondRepair = false;
  expectsFailure = false;
  isStopping = false;
  /** The cluster has let it go, and takes it as a new node only. */
  isRefused = false;
  readonly isSuspect = false;
  readonly #options: SimulatedMachineOptions;
  readonly #stateRandom: RandomStream;
  #shards = new Map<number, ShardDisk>();
  #holder: MemoryShardHolder | undefined;
  #crashesAfter = Infinity;
  #lives = 0;
  #isRotten = false;
  #wasWiped = false;

  constructor(options: SimulatedMachineOptions) {
    const { number, queue, streams, swarm } = options;
    this.#options = options;
    this.number = number;
    const random = streams.stream(`machine ${number}`);
    this.clock = new SimulatedClock(
      queue,
      swarm.drifts ? random.between(0.95, 1.05) : 1,
      random.between(0, 1e6),
    );
    this.disk = new SimulatedDisk(queue, streams.stream(`disk ${number}`), swarm.disk);
    this.#stateRandom = streams.stream(`state ${number}`);
  }

  get host(): RaftHost | undefined {
    return this.open?.node.host;
  }

  /** Whether the process runs and is in its cluster. */
  get isUp(): boolean {
    return this.open !== undefined && this.process?.state === 'running';
  }

  status(group: number): GroupStatus | undefined {
    return this.host?.groups().find((status) => status.group === group);
  }

  start(): void {
    if (this.process !== undefined) return;
    const process = new SimulatedProcess(this.number, this.#options.queue, () =>
      this.#options.onTouched(this),
    );
    this.process = process;
    this.#lives += 1;
    this.isStopping = false;
    this.isRefused = false;
    this.isBeyondRepair = false;
    process.deliver(`n${this.number} start`, () => {
      this.#open(process).then(
        (open) => {
          if (this.process !== process) return;
          this.open = open;
          this.#isRotten = false;
        },
        (error: unknown) => this.#onFatal(process, error),
      );
    });
  }

  crashAfter(count: number): void {
    if (this.process !== undefined) this.#crashesAfter = count;
  }

  /** Something has happened in the process, and all that it woke has run. */
  happened(): void {
    this.#crashesAfter -= 1;
    if (this.#crashesAfter <= 0) this.crash();
  }

  /** The power goes. */
  crash(): void {
    const { process } = this;
    if (process === undefined) return;
    process.kill();
    this.process = undefined;
    this.#crashesAfter = Infinity;
    for (const replica of this.#replicas()) replica.crashed();
    this.open = undefined;
    this.#shards =
      this.#holder?.crash((unsynced) => this.#stateRandom.below(unsynced + 1)) ?? this.#shards;
    this.#holder = undefined;
    this.disk.crash();
    this.expectsFailure = this.disk.isUnwell;
  }

  /** Not of whole nodes. */
  misread(): void {}

  rot(): string | undefined {
    this.crash();
    const what = this.disk.rot();
    if (what !== undefined) this.#isRotten = true;
    return what;
  }

  /** Everything is lost. */
  wipe(): void {
    this.crash();
    this.disk.wipe();
    this.#shards = new Map();
    for (const replica of this.#replicas()) replica.isWiped = true;
    this.#isRotten = false;
    this.isBeyondRepair = false;
    this.node = 0;
    this.#wasWiped = true;
  }

  /** Tells the ledger how each group is. */
  observe(): void {
    const { ledger } = this.#options;
    for (const status of this.host?.groups() ?? []) {
      if (status.state === 'open') {
        ledger.raft.observed(status.group, status.raft, this.isStopping);
      }
    }
  }

  /** Replicas that were ever on this machine's present disk. */
  *#replicas(): Iterable<ReplicaLedger> {
    if (this.node === 0) return;
    for (const { replicas } of this.#options.ledger.raft.groups) {
      for (const replica of replicas.values()) {
        if (nodeOf(replica.replica) === this.node) yield replica;
      }
    }
  }

  async #open(process: SimulatedProcess): Promise<OpenNode> {
    const { swarm, streams, ledger, count } = this.#options;
    const random = streams.stream(`life ${this.number} ${this.#lives}`);
    const holder = new MemoryShardHolder({
      disks: this.#shards,
      turn: () =>
        new Promise((resolve) => {
          const delayMs = this.#stateRandom.exponential(swarm.stateMeanMs);
          process.schedule(delayMs, `n${this.number} state`, resolve);
        }),
    });
    this.#holder = holder;
    const node = await ClusterNode.open(
      {
        ...this.#machineOf(process, random),
        ...this.#settings(),
        catalogMachines: (onChange) =>
          new CatalogMachines({
            fileSystem: this.disk.mount(process),
            folder: 'catalog',
            onChange: (state) => {
              this.#guarded(() => ledger.catalogSeen(nodeName(this.number), state));
              onChange(state);
            },
          }),
        holder: new ObservedHolder(holder, this.#observer(), (then) => {
          const delayMs = this.#stateRandom.exponential(20 * swarm.stateMeanMs);
          process.schedule(delayMs, `n${this.number} indexed`, then);
        }),
        openLog: (number) => this.#openLog(process, number, random),
        onWaiting: (reasons) => {
          this.isRefused = reasons.some((reason) => reason.includes('was removed'));
        },
        onFatal: (error) => this.#onFatal(process, error),
        onDigestMismatch: (mismatch) =>
          this.#options.onViolation(new Violation('sameState', JSON.stringify(mismatch))),
      },
      new AbortController().signal,
    );
    count('opened');
    const clock = this.clock.seenBy(process);
    return { node, holder, database: openNodeDatabase(node, clock, swarm.shards) };
  }

  /** What a node sees of its machine. */
  #machineOf(process: SimulatedProcess, random: RandomStream) {
    const nodeId = nodeName(this.number);
    return {
      clock: this.clock.seenBy(process),
      random,
      defer: (callback: () => void): void => {
        process.schedule(random.between(0.001, 0.05), `n${this.number} turn`, callback);
      },
      log: (level: string, message: string, fields?: object) => this.#tell(level, message, fields),
      port: this.#options.network.port(process, addressOf(this.number)),
      identities: new FileIdentityStore({
        files: this.disk.mount(process),
        folder: 'data',
        nodeId,
        random,
      }),
      room: { take: () => {} },
      vitals: () => ({
        version: '1',
        writable: true,
        reasons: [],
        diskFreeBytes: undefined,
        memoryBytes: 1,
        uptimeSeconds: 1,
      }),
    };
  }

  #settings() {
    const { swarm } = this.#options;
    return {
      formation: this.#formation(),
      // Whoever operates the cluster has it evened out.
      membership: { ...swarm, shardCount: swarm.shards, rebalanceThreshold: Infinity },
      limits: swarm.limits,
      routing: {
        writeTimeoutMs: swarm.timeoutMs,
        readTimeoutMs: swarm.timeoutMs,
        readsMax: 1000,
        readsAtOnce: 2,
        proposalsMax: 1000,
        bytesMax: 10_000_000,
        retryAfterMs: 50,
      },
      shutdownMs: 1000,
    };
  }

  async #openLog(
    process: SimulatedProcess,
    number: number,
    random: RandomStream,
  ): Promise<LogStorage> {
    const { swarm, ledger, count } = this.#options;
    this.node = number;
    const log = await SegmentedLog.open({
      files: this.disk.mount(process),
      folder: 'raft',
      node: number,
      clock: this.clock.seenBy(process),
      random,
      segmentBytesMax: swarm.segmentBytesMax,
      cacheBytesMax: swarm.cacheBytesMax,
    });
    compareLog({
      ledger: ledger.raft,
      node: number,
      log,
      isRotten: this.#isRotten,
      onDamage: () => count('damageFound'),
    });
    return new ObservedLog(log, ledger.raft);
  }

  /** The first machine's settings name all founders; the others look for whoever is in the cluster. So does a sole founder whose disk was lost. */
  #formation(): FormationSettings {
    const { number, swarm } = this.#options;
    const all: PeerAddress[] = Array.from({ length: swarm.founders + swarm.spares }, (_, at) => ({
      nodeId: nodeName(at + 1),
      address: addressOf(at + 1),
    }));
    const founds = number === 1 && !(this.#wasWiped && swarm.founders === 1);
    const name = nodeName(number);
    return {
      self: {
        nodeId: name,
        raftAddress: addressOf(number),
        grpcAddress: `${name}:6334`,
        restAddress: `${name}:6333`,
        zone: '',
      },
      initialPeers: founds ? all.slice(0, swarm.founders) : [],
      joinCluster: !founds,
      seedNodes: founds ? [] : all,
    };
  }

  #observer(): ConstructorParameters<typeof ObservedHolder>[1] {
    const { ledger, count } = this.#options;
    const replicaOf = (group: number): ReplicaLedger => {
      const known = [...ledger.raft.group(group).replicas.values()].findLast(
        ({ replica }) => nodeOf(replica) === this.node,
      );
      return known ?? ledger.raft.group(group).replica(replicaId(this.node, 0));
    };
    return {
      applied: (group, command, result) =>
        this.#guarded(() => ledger.applied(group, command, result, replicaOf(group))),
      digest: (group, index, digest) =>
        this.#guarded(() => ledger.raft.group(group).digest(index, digest, replicaOf(group))),
      installed: () => count('installed'),
    };
  }

  /** What does not hold is told, wherever in the node's code it is seen. */
  #guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#options.onViolation(error);
    }
  }

  #tell(level: string, message: string, fields: object = {}): void {
    const { queue, count } = this.#options;
    if (level !== 'warn') count(message);
    queue.trace.note(queue.nowMs, () => `n${this.number} ${message} ${JSON.stringify(fields)}`);
  }

  /** The process ends. Was that because of a fault that was made? */
  #onFatal(process: SimulatedProcess, error: unknown): void {
    if (this.process !== process || process.state === 'down') return;
    if (error instanceof Violation) {
      this.#options.onViolation(error);
      return;
    }
    const { code = '' } = error as { readonly code?: string };
    const isDiskFault =
      this.expectsFailure && ['STORAGE_FAILED', 'DISK_FULL', 'EIO', 'ENOSPC'].includes(code);
    const isDamage = this.#isRotten && code === 'DATA_CORRUPT';
    if (!isDiskFault && !isDamage) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const kind =
        error instanceof InvariantError
          ? 'a broken invariant'
          : error instanceof VectorDbError
            ? code
            : 'an error';
      this.#options.onViolation(
        new Violation('assertion', `${nodeName(this.number)} ended by ${kind}: ${text}`),
      );
      return;
    }
    this.#options.count(isDamage ? 'logBeyondRepair' : 'diskFailure');
    this.isBeyondRepair = isDamage;
    this.crash();
  }
}
