import { InvariantError } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import type { GroupStatus } from '../../../src/raft/host/group-status.ts';
import { RaftHost } from '../../../src/raft/host/raft-host.ts';
import { nodeOf, replicaId } from '../../../src/raft/host/replica-id.ts';
import { SegmentedLog } from '../../../src/raft/log/segmented-log.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { compareLog } from '../invariants/log-comparison.ts';
import { Violation } from '../invariants/violation.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStreams } from '../world/random-streams.ts';
import { SimulatedClock } from '../world/simulated-clock.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedProcess } from '../world/simulated-process.ts';
import { SimulatedStateStore } from '../world/simulated-state-machine.ts';
import type { SimulatedNetwork } from '../world/simulated-transport.ts';
import type { ClusterSwarm } from './cluster-options.ts';
import { ObservedLog } from './observed-log.ts';

const LOG_FOLDER = 'raft';

/** What a node is made from. */
export interface SimulatedNodeOptions {
  readonly number: number;
  readonly swarm: ClusterSwarm;
  readonly queue: EventQueue;
  readonly streams: RandomStreams;
  readonly network: SimulatedNetwork;
  readonly ledger: ClusterLedger;
  /** An invariant does not hold, and nobody up the stack can hear it. */
  readonly onViolation: (violation: Violation) => void;
  readonly count: (what: string) => void;
  /** Code of the node ran. */
  readonly onTouched: (node: SimulatedNode) => void;
}

/** A machine with a clock and a disk, and the production's host on it while its process runs. */
export class SimulatedNode {
  readonly number: number;
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  readonly states: SimulatedStateStore;
  process: SimulatedProcess | undefined;
  /** Undefined until the process has opened its log. */
  host: RaftHost | undefined;
  /** Its log cannot be opened any more. */
  isBeyondRepair = false;
  /** Its disk was lost; until a process has opened a new log. */
  isWiped = false;
  /** The host was told to stop: it may not keep its books any more. */
  isStopping = false;
  /** A disk fault was made that may end the process at any time. */
  expectsFailure = false;
  readonly #options: SimulatedNodeOptions;
  /** Things that are still to happen in the process before it crashes. */
  #crashesAfter = Infinity;
  #lives = 0;
  #suspectLife = -1;
  #replicas = 0;
  /** Bytes of the disk have gone bad since its log was opened last. */
  #isRotten = false;

  constructor(options: SimulatedNodeOptions) {
    const { number, queue, streams, swarm } = options;
    this.#options = options;
    this.number = number;
    const random = streams.stream(`node ${number}`);
    const rate = swarm.drifts ? random.between(0.95, 1.05) : 1;
    this.clock = new SimulatedClock(queue, rate, random.between(0, 1e6));
    this.disk = new SimulatedDisk(queue, streams.stream(`disk ${number}`), swarm.disk);
    this.states = new SimulatedStateStore(streams.stream(`state ${number}`), swarm.stateMeanMs);
  }

  /** An id that no replica had. */
  newReplica(): number {
    this.#replicas += 1;
    return replicaId(this.number, this.#replicas);
  }

  /** Whether the process runs and has opened its log. */
  get isUp(): boolean {
    return this.host !== undefined && this.process?.state === 'running';
  }

  /** Of a group that takes part; undefined where there is none such. */
  status(group: number): GroupStatus | undefined {
    return this.host?.groups().find((status) => status.group === group);
  }

  /** Starts a process, which opens its log. */
  start(): void {
    if (this.process !== undefined) return;
    const { queue } = this.#options;
    const process = new SimulatedProcess(this.number, queue, () => {
      this.#options.onTouched(this);
    });
    this.process = process;
    this.#lives += 1;
    this.isWiped = false;
    this.isStopping = false;
    this.isBeyondRepair = false;
    process.deliver(`n${this.number} start`, () => {
      this.#open(process).then(
        (host) => {
          if (this.process === process) this.host = host;
        },
        (error: unknown) => this.#onFatal(process, error),
      );
    });
  }

  /** The power will go, right after so many things have happened in the process. */
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
    for (const { replicas } of this.#options.ledger.groups) {
      for (const replica of replicas.values()) {
        if (nodeOf(replica.replica) === this.number) replica.crashed();
      }
    }
    this.host = undefined;
    this.disk.crash();
    this.states.crash();
    this.expectsFailure = this.disk.isUnwell;
  }

  /** The disk gives something else than it holds, once; some things later the power goes. */
  misread(how: 'wrong' | 'short', things: number): void {
    this.disk.misreadsNext = how;
    this.#isRotten = true;
    this.#suspectLife = this.#lives;
    this.crashAfter(things);
  }

  /** Whether this process may yet find damage. */
  get isSuspect(): boolean {
    return this.#suspectLife === this.#lives;
  }

  /** The power goes, and bytes of the disk go bad meanwhile. */
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
    this.states.wipe();
    this.#isRotten = false;
    this.isBeyondRepair = false;
    this.isWiped = true;
  }

  /** Tells the ledger how each group is. */
  observe(): void {
    const { ledger } = this.#options;
    for (const status of this.host?.groups() ?? []) {
      if (status.state === 'open') ledger.observed(status.group, status.raft, this.isStopping);
    }
  }

  async #open(process: SimulatedProcess): Promise<RaftHost> {
    const { swarm, streams, network, ledger } = this.#options;
    const clock = this.clock.seenBy(process);
    const random = streams.stream(`life ${this.number} ${this.#lives}`);
    const log = await SegmentedLog.open({
      files: this.disk.mount(process),
      folder: LOG_FOLDER,
      node: this.number,
      clock,
      random,
      segmentBytesMax: swarm.segmentBytesMax,
      cacheBytesMax: swarm.cacheBytesMax,
    });
    compareLog({
      ledger,
      node: this.number,
      log,
      isRotten: this.#isRotten,
      onDamage: () => this.#options.count('damageFound'),
    });
    this.#isRotten = false;
    return RaftHost.open({
      clock,
      random,
      log: new ObservedLog(log, ledger),
      transport: network.transport(process),
      stateMachines: this.states.seenBy(process, this.#observer()),
      limits: swarm.limits,
      defer: (callback) => {
        process.schedule(random.between(0.001, 0.05), `n${this.number} turn`, callback);
      },
      onFatal: (error) => this.#onFatal(process, error),
      onDigestMismatch: (mismatch) =>
        this.#options.onViolation(
          new Violation('sameState', `node ${this.number}: ${JSON.stringify(mismatch)}`),
        ),
    });
  }

  #observer(): Parameters<SimulatedStateStore['seenBy']>[1] {
    const { ledger } = this.#options;
    const replicaOf = (group: number) => {
      const newest = [...ledger.group(group).replicas.values()].findLast(
        ({ replica }) => nodeOf(replica) === this.number,
      );
      return newest ?? ledger.group(group).replica(replicaId(this.number, 0));
    };
    return {
      applied: (group, index, operation, command, result) => {
        const ledgerOfGroup = ledger.group(group);
        const by = replicaOf(group);
        ledgerOfGroup.applied(index, command, result, by);
        ledgerOfGroup.effect(operation, index, by);
      },
      installed: () => this.#options.count('installed'),
      digest: (group, index, digest) => ledger.group(group).digest(index, digest, replicaOf(group)),
    };
  }

  /** The process ends. Was that because of a fault that was made? */
  #onFatal(process: SimulatedProcess, error: unknown): void {
    if (this.process !== process || process.state === 'down') return;
    if (error instanceof Violation) {
      this.#options.onViolation(error);
      return;
    }
    const code = error instanceof VectorDbError ? error.code : '';
    const isDiskFault = this.expectsFailure && (code === 'STORAGE_FAILED' || code === 'DISK_FULL');
    const isDamage = this.#isRotten && code === 'DATA_CORRUPT' && this.host === undefined;
    // The group's log is gone under a host that runs.
    const isMisread =
      this.disk.misreads > 0 && (code === 'DATA_CORRUPT' || error instanceof InvariantError);
    if (!isDiskFault && !isDamage && !isMisread) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const kind = error instanceof InvariantError ? 'a broken invariant' : 'an error';
      this.#options.onViolation(
        new Violation('assertion', `node ${this.number} ended by ${kind}: ${text}`),
      );
      return;
    }
    this.#options.count(isDamage ? 'logBeyondRepair' : isMisread ? 'misreadFound' : 'diskFailure');
    this.isBeyondRepair = isDamage;
    this.crash();
  }
}
