import { crc32 } from 'node:zlib';
import { assert, must } from '../../../src/base/assert.ts';
import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';
import { decodeConfigurationChange } from '../../../src/raft/core/configuration-change-codec.ts';
import type { Entry, EntryId } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import { RaftNode } from '../../../src/raft/core/raft-node.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import type { Ready } from '../../../src/raft/core/ready.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import type { GroupWrite } from '../../../src/raft/log/log-storage.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream } from '../world/random-streams.ts';
import { SimulatedProcess } from '../world/simulated-process.ts';
import type { CoreLog } from './core-log.ts';

/** The one group of a simulation of cores. */
export const CORE_GROUP = 1;

/** A state: what was applied, as a running hash, and the configuration there. */
export interface CoreState {
  readonly last: EntryId;
  readonly configuration: Configuration;
  readonly hash: number;
}

/** How a replica's machine behaves. Milliseconds. */
export interface CorePace {
  readonly tickMs: number;
  readonly persistMeanMs: number;
  readonly applyMeanMs: number;
  /** Delay between what wakes a replica and the turn in which its effects are taken; 0: at once. */
  readonly turnMeanMs: number;
  /** Of a stall of the state machine. */
  readonly applyStallMeanMs: number;
}

/** What a replica tells the cluster about. */
export interface CoreOutlet {
  send(message: Message): void;
  sendState(to: ReplicaId, state: CoreState): void;
  readable(context: number, index: number): void;
  /** The core knows. */
  applied(): void;
}

/** What a replica is made from. */
export interface CoreReplicaOptions {
  readonly replica: ReplicaId;
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly ledger: ClusterLedger;
  readonly pace: CorePace;
  readonly limits: Omit<RaftOptions, 'replica' | 'log' | 'appliedIndex' | 'random'>;
  readonly log: CoreLog;
  /** Of the first life. */
  readonly state: CoreState;
  readonly outlet: CoreOutlet;
}

/** One replica: a core, and a host of the simplest kind around it that writes, sends and applies in the order that a Ready demands. */
export class CoreReplica {
  readonly replica: ReplicaId;
  readonly log: CoreLog;
  process: SimulatedProcess | undefined;
  node: RaftNode | undefined;
  /** Of a replica that runs too slowly, or fast: what is true of terms and quorums must not hang on clocks. */
  tickFactor = 1;
  /** Of the entries that are applied next: that the state machine stalls before. */
  applyStallChance = 0;
  readonly #options: CoreReplicaOptions;
  #state: CoreState;
  #durableState: CoreState;
  /** By index; durable. */
  readonly #staged = new Map<number, CoreState>();
  #persistedAtMs = 0;
  #toApply: Entry[] = [];
  #isApplying = false;
  #installing = false;
  #turnIsDue = false;

  constructor(options: CoreReplicaOptions) {
    this.replica = options.replica;
    this.log = options.log;
    this.#options = options;
    this.#state = options.state;
    this.#durableState = options.state;
  }

  get state(): CoreState {
    return this.#state;
  }

  /** A new process. */
  start(): void {
    const { queue, random, limits, ledger, replica, pace } = this.#options;
    const process = new SimulatedProcess(replica, queue, () => this.#touched());
    this.process = process;
    this.log.configuration = this.#state.configuration;
    const { hardState, generation, compacted, all } = this.log;
    const recovered = { hardState, generation, compacted, entries: all };
    ledger.recovered(CORE_GROUP, replica, recovered);
    this.#persistedAtMs = 0;
    this.node = new RaftNode({
      ...limits,
      replica,
      log: this.log,
      appliedIndex: this.#state.last.index,
      random,
    });
    const tick = (): void => {
      process.schedule(pace.tickMs * this.tickFactor, `r${replica} tick`, () => {
        this.node?.tick();
        tick();
      });
    };
    tick();
    this.#observe();
  }

  crash(): void {
    this.process?.kill();
    this.process = undefined;
    this.node = undefined;
    this.#toApply = [];
    this.#isApplying = false;
    this.#turnIsDue = false;
    this.#installing = false;
    this.log.crash(this.#options.random.below(this.log.writesUnderWay + 1));
    // A staged state is durable, and counts from the moment that the log names it.
    const staged = this.#staged.get(this.log.compacted.index);
    if (staged !== undefined && staged.last.index > this.#durableState.last.index) {
      this.#durableState = staged;
    }
    this.#staged.clear();
    // The state is durable only as far as the log was when it was flushed; what was applied behind that is applied again.
    this.#state = this.#durableState;
    this.#options.ledger.crashed(CORE_GROUP, this.replica);
  }

  /** A message, or whatever else the core is told. */
  tell(what: (node: RaftNode) => void): void {
    if (this.node !== undefined) what(this.node);
  }

  /** A state has arrived as a whole. */
  receiveState(state: CoreState, request: Message): void {
    if (!this.#installing) this.#staged.set(state.last.index, state);
    this.node?.step(request);
  }

  /** Forgets entries, behind what is durably applied. */
  compact(keep: number): void {
    const to = this.#state.last.index - keep;
    if (this.node === undefined || to <= this.log.compacted.index) return;
    this.#durableState = this.#state;
    this.#write({ group: CORE_GROUP, compactTo: to }, () => undefined);
  }

  /** The power stays; what was applied is written down. */
  flush(): void {
    this.#durableState = this.#state;
  }

  #touched(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    const { random, pace } = this.#options;
    const delay = pace.turnMeanMs === 0 ? 0 : random.exponential(pace.turnMeanMs);
    this.process?.schedule(delay, `r${this.replica} turn`, () => {
      this.#turnIsDue = false;
      this.#turn();
    });
  }

  #turn(): void {
    for (let ready = this.#next(); ready !== undefined; ready = this.#next()) this.#handle(ready);
    this.#observe();
  }

  #next(): Ready | undefined {
    return this.node?.hasReady() === true ? this.node.ready() : undefined;
  }

  #observe(): void {
    if (this.node !== undefined) this.#options.ledger.observed(CORE_GROUP, this.node.status());
  }

  #handle(ready: Ready): void {
    const { outlet } = this.#options;
    const { hardState, entries, snapshot } = ready;
    if (snapshot !== undefined) this.#beginInstall(snapshot);
    const write: GroupWrite = {
      group: CORE_GROUP,
      ...(snapshot === undefined
        ? {}
        : {
            snapshot: {
              last: { term: snapshot.term, index: snapshot.index },
              generation: this.log.generation + 1,
            },
          }),
      ...(hardState === undefined ? {} : { hardState }),
      ...(entries.length === 0 ? {} : { entries }),
    };
    const persisted = (): void => {
      if (snapshot !== undefined) this.#install(snapshot);
      this.node?.onPersisted(ready.number);
      for (const message of ready.messagesAfterPersist) this.#send(message);
    };
    this.#write(write, persisted);
    for (const message of ready.messages) this.#send(message);
    for (const { to } of ready.snapshotsWanted) outlet.sendState(to, this.#state);
    for (const { context, index } of ready.readStates) outlet.readable(context, index);
    this.#toApply.push(...ready.committed);
    this.#apply();
  }

  #send(message: Message): void {
    this.#options.ledger.sent(CORE_GROUP, message);
    this.#options.outlet.send(message);
  }

  /** Writes become durable in order. */
  #write(write: GroupWrite, then: () => void): void {
    const { queue, random, pace, ledger } = this.#options;
    const isEmpty = Object.keys(write).length === 1;
    if (!isEmpty) {
      ledger.wrote(this.replica, write);
      this.log.write(write);
    }
    const delay = isEmpty ? 0 : random.exponential(pace.persistMeanMs);
    this.#persistedAtMs = Math.max(this.#persistedAtMs, queue.nowMs + delay);
    this.process?.scheduleAt(this.#persistedAtMs, `r${this.replica} durable`, () => {
      if (!isEmpty) {
        this.log.acknowledge();
        ledger.acknowledged(CORE_GROUP, this.replica, 1);
      }
      then();
    });
  }

  #beginInstall(snapshot: SnapshotMeta): void {
    assert(this.#staged.has(snapshot.index), 'the state of a snapshot was not staged');
    this.#toApply = [];
    this.#installing = true;
  }

  #install(snapshot: SnapshotMeta): void {
    const state = must(this.#staged.get(snapshot.index), 'the staged state has gone');
    this.#staged.clear();
    this.#state = state;
    this.#durableState = state;
    this.#installing = false;
    this.node?.onApplied(state.last.index);
    this.#apply();
  }

  #apply(): void {
    if (this.#isApplying || this.#installing || this.#toApply.length === 0) return;
    const { random, pace, outlet } = this.#options;
    this.#isApplying = true;
    const stallMs = random.happens(this.applyStallChance)
      ? random.exponential(pace.applyStallMeanMs)
      : 0;
    const delayMs = random.exponential(pace.applyMeanMs) + stallMs;
    this.process?.schedule(delayMs, `r${this.replica} apply`, () => {
      this.#isApplying = false;
      if (this.#installing) return;
      for (const entry of this.#toApply.splice(0, 1 + random.below(8))) this.#applyOne(entry);
      this.node?.onApplied(this.#state.last.index);
      outlet.applied();
      this.#apply();
    });
  }

  #applyOne(entry: Entry): void {
    const { ledger, replica } = this.#options;
    const { index } = entry;
    if (index <= this.#state.last.index) return;
    assert(index === this.#state.last.index + 1, 'an entry was skipped');
    const command = crc32(entry.data);
    const hash = crc32(`${this.#state.hash}:${command}`);
    const group = ledger.group(CORE_GROUP);
    group.applied(index, entry.data, Buffer.from(`${hash}`), group.replica(replica));
    const change =
      entry.kind === 'configuration' ? decodeConfigurationChange(entry.data) : undefined;
    const configuration = change === undefined ? undefined : this.node?.applyConfiguration(change);
    this.#state = {
      last: { term: entry.term, index },
      configuration: configuration ?? this.#state.configuration,
      hash,
    };
  }
}
