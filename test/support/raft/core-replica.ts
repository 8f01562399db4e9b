import { must } from '../../../src/base/assert.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { decodeConfigurationChange } from '../../../src/raft/core/configuration-change-codec.ts';
import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { Entry, EntryId, LogIndex } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import { RaftNode } from '../../../src/raft/core/raft-node.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import type { ReadState, Ready, SnapshotWanted } from '../../../src/raft/core/ready.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import { CoreLog } from './core-log.ts';

/** What a test may want otherwise than {@link CORE_LIMITS}. */
export type CoreLimits = Omit<RaftOptions, 'replica' | 'log' | 'appliedIndex' | 'random'>;

/** Wide limits, and timeouts of ten to nineteen ticks. */
export const CORE_LIMITS: CoreLimits = {
  electionTicks: 10,
  heartbeatTicks: 2,
  appendBytesMax: 1 << 20,
  appendEntriesMax: 64,
  inflightMessagesMax: 8,
  inflightBytesMax: 1 << 20,
  uncommittedBytesMax: 1 << 20,
  applyingBytesMax: 1 << 20,
  pendingReadsMax: 16,
};

/** The state that a replica applied: durable at once, and what a snapshot holds. */
export interface CoreState {
  last: EntryId;
  configuration: Configuration;
  commands: string[];
}

/** A replica with its disk and state machine, driven by hand: what it takes, persists and applies is each a step of its own. */
export class CoreReplica {
  readonly id: ReplicaId;
  readonly log: CoreLog;
  state: CoreState;
  node: RaftNode;
  /** Sent by Readys that were taken, in order; whoever delivers them takes them away. */
  outgoing: Message[] = [];
  /** Taken, and not persisted. */
  underWay: Ready[] = [];
  /** Handed out, and not applied. */
  toApply: (Entry | SnapshotMeta)[] = [];
  readStates: ReadState[] = [];
  snapshotsWanted: SnapshotWanted[] = [];
  readonly #limits: CoreLimits;
  readonly #random: Random;

  constructor(id: ReplicaId, configuration: Configuration, limits: Partial<CoreLimits> = {}) {
    this.id = id;
    this.log = new CoreLog(configuration);
    this.state = { last: { term: 0, index: 0 }, configuration, commands: [] };
    this.#limits = { ...CORE_LIMITS, ...limits };
    this.#random = seededRandom(id * 7919);
    this.node = this.#boot();
  }

  /** Comes back with what is on its disk; a snapshot that the log names takes the place of the state. */
  restart(staged?: (meta: SnapshotMeta) => readonly string[]): void {
    this.outgoing = [];
    this.underWay = [];
    this.toApply = [];
    this.snapshotsWanted = [];
    const { installed } = this.log;
    if (installed !== undefined && installed.index > this.state.last.index) {
      this.#takeOver(installed, staged);
    }
    this.log.configuration = this.state.configuration;
    this.node = this.#boot();
  }

  /** Takes a Ready, if there is one; its messages go out, and what has to wait for the disk waits. */
  take(): Ready | undefined {
    if (!this.node.hasReady()) return undefined;
    const ready = this.node.ready();
    this.outgoing.push(...ready.messages);
    this.underWay.push(ready);
    this.readStates.push(...ready.readStates);
    this.snapshotsWanted.push(...ready.snapshotsWanted);
    this.toApply.push(...ready.committed);
    return ready;
  }

  /** Persists the oldest Ready that is not. */
  persist(): void {
    const ready = must(this.underWay.shift(), 'a Ready to be persisted');
    this.log.write(ready);
    this.node.onPersisted(ready.number);
    this.outgoing.push(...ready.messagesAfterPersist);
    if (ready.snapshot !== undefined) this.toApply.unshift(ready.snapshot);
  }

  /** Applies the oldest entry that is not, or takes a snapshot over. */
  apply(staged?: (meta: SnapshotMeta) => readonly string[]): void {
    const next = must(this.toApply.shift(), 'something to be applied');
    if (next.index > this.state.last.index) {
      if ('configuration' in next) {
        this.#takeOver(next, staged);
      } else {
        this.#applyEntry(next);
        this.state.last = { term: next.term, index: next.index };
      }
    }
    this.node.onApplied(next.index);
  }

  /** Takes, persists and applies until nothing is left. */
  settle(staged?: (meta: SnapshotMeta) => readonly string[]): void {
    while (this.take() !== undefined || this.underWay.length + this.toApply.length > 0) {
      while (this.underWay.length > 0) this.persist();
      while (this.toApply.length > 0) this.apply(staged);
    }
  }

  propose(command: string): EntryId {
    const id = this.node.propose(new TextEncoder().encode(command));
    if ('refused' in id) throw new Error(id.refused);
    return id;
  }

  /** Takes, persists and applies until nothing is left; what was sent meanwhile. */
  run(): Message[] {
    this.settle();
    return this.outgoing.splice(0);
  }

  /** A message from another replica, then {@link run}. */
  hear(message: Message): Message[] {
    this.node.step(message);
    return this.run();
  }

  /** Ticks until something is sent, at most `ticks`; what was sent. */
  wait(ticks: number): Message[] {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.node.tick();
      const sent = this.run();
      if (sent.length > 0) return sent;
    }
    return [];
  }

  /** What a snapshot of the state as it is would be. */
  get snapshotMeta(): SnapshotMeta {
    return { ...this.state.last, configuration: this.state.configuration };
  }

  compactTo(index: LogIndex): void {
    this.log.compactTo(index);
  }

  #takeOver(meta: SnapshotMeta, staged?: (meta: SnapshotMeta) => readonly string[]): void {
    const { term, index, configuration } = meta;
    this.state = { last: { term, index }, configuration, commands: [...(staged?.(meta) ?? [])] };
  }

  #applyEntry(entry: Entry): void {
    if (entry.kind === 'command') this.state.commands.push(new TextDecoder().decode(entry.data));
    if (entry.kind !== 'configuration') return;
    const change = must(decodeConfigurationChange(entry.data), 'a change that was proposed');
    this.state.configuration = this.node.applyConfiguration(change);
  }

  #boot(): RaftNode {
    return new RaftNode({
      ...this.#limits,
      replica: this.id,
      log: this.log,
      appliedIndex: this.state.last.index,
      random: this.#random,
    });
  }
}
