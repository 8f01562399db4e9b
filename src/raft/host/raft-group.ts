import { assert, must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { type Configuration, isOnlyReplica, type ReplicaId } from '../core/configuration.ts';
import { membersOf } from '../core/configuration-change.ts';
import { decodeConfigurationChange } from '../core/configuration-change-codec.ts';
import type { Entry, EntryId, LogIndex, Term } from '../core/entry.ts';
import type { HardState } from '../core/hard-state.ts';
import type { Message } from '../core/message.ts';
import { RaftNode } from '../core/raft-node.ts';
import type { Ready } from '../core/ready.ts';
import type { GroupId, GroupLog, GroupWrite } from '../log/log-storage.ts';
import type { NodeNumber, SnapshotChunk, SnapshotChunkReply } from '../transport/transport.ts';
import { ApplyPipeline } from './apply-pipeline.ts';
import { DigestCheck } from './digest-check.ts';
import { EntryApplier } from './entry-applier.ts';
import { assertSound, GroupLogReader } from './group-log-reader.ts';
import type { GroupServices } from './group-services.ts';
import { GroupRequests } from './group-requests.ts';
import { GroupSnapshots, type SnapshotOffer, type SnapshotOutcome } from './group-snapshots.ts';
import type { OpenGroupStatus } from './group-status.ts';
import { LogCompactor } from './log-compactor.ts';
import { nodeOf } from './replica-id.ts';
import type { StateMachine } from './state-machine.ts';
import type { Schedulable } from './turn-scheduler.ts';

/** One group on this node: its core, and everything that carries the core's effects out. Works in turns, which never wait. */
export class RaftGroup implements Schedulable {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly requests: GroupRequests;
  readonly #services: GroupServices;
  readonly #log: GroupLog;
  readonly #machine: StateMachine;
  readonly #core: RaftNode;
  readonly #applier: EntryApplier;
  readonly #pipeline: ApplyPipeline;
  readonly #snapshots: GroupSnapshots;
  readonly #compactor: LogCompactor;
  #inbox: Message[] = [];
  #messagesDropped = 0;
  #ticksDue = 0;
  #appliedIndex: LogIndex;
  #appliedTerm: Term;
  #isClosed = false;
  /** Has a newer commit index than the log. */
  #unwrittenState: HardState | undefined;
  /** The term in which this replica leads; 0: it does not. */
  #leadTerm: Term = 0;

  private constructor(
    services: GroupServices,
    log: GroupLog,
    machine: StateMachine,
    rows: ReadonlyMap<string, Uint8Array>,
  ) {
    const { limits, random } = services;
    this.group = log.group;
    this.replica = log.replica;
    this.#services = services;
    this.#log = log;
    this.#machine = machine;
    this.#appliedIndex = machine.applied.index;
    this.#appliedTerm = machine.applied.term;
    const { group } = this;
    const digests = new DigestCheck(group, services.onDigestMismatch);
    this.#applier = new EntryApplier(
      { machine, digests, changeConfiguration: (entry) => this.#changedConfiguration(entry) },
      rows,
    );
    this.#core = new RaftNode({
      ...limits,
      replica: log.replica,
      log: new GroupLogReader(log, this.#applier.configuration),
      appliedIndex: this.#appliedIndex,
      ticks: services.ticks(),
      random,
    });
    this.#pipeline = new ApplyPipeline({
      apply: (entries) => this.#apply(entries),
      onError: (error) => services.onError(group, error),
    });
    this.requests = new GroupRequests({
      group,
      core: this.#core,
      services,
      firstContext: services.firstContext(),
      appliedIndex: () => this.#appliedIndex,
      configuration: () => this.#applier.configuration,
      unappliedBytes: () => this.#pipeline.bytes,
      wake: () => this.#wake(),
    });
    this.#snapshots = this.#makeSnapshots();
    this.#compactor = this.#makeCompactor();
  }

  /**
   * A group whose log and state are there.
   *
   * @throws {VectorDbError} DATA_CORRUPT where state and log do not fit together, or rows of the state cannot be read
   */
  static async open(
    services: GroupServices,
    log: GroupLog,
    machine: StateMachine,
  ): Promise<RaftGroup> {
    const { term, index } = machine.applied;
    if (log.term(index) !== term) {
      const held = `the log holds entries ${log.firstIndex} to ${log.lastIndex}`;
      const text = `group ${log.group}: the state is as of entry ${index} of term ${term}, and ${held}`;
      throw new VectorDbError('DATA_CORRUPT', text);
    }
    return new RaftGroup(services, log, machine, await machine.hostRows());
  }

  get status(): OpenGroupStatus {
    const raft = this.#core.status();
    return {
      state: 'open',
      group: this.group,
      raft,
      leaderNode: nodeOf(raft.leader),
      unappliedEntries: raft.commitIndex - this.#appliedIndex,
      unappliedBytes: this.#pipeline.bytes,
      ...this.requests.waiting,
      messagesDropped: this.#messagesDropped,
      ...this.#snapshots.status,
    };
  }

  /** What was found wrong with its log while it is in use: it falls silent in its next turn. */
  get damage(): string | undefined {
    return this.#log.state === 'corrupt' ? (this.#log.damage ?? 'its log is damaged') : undefined;
  }

  get isLeader(): boolean {
    return this.#core.role === 'leader';
  }

  /** Whether there is no other replica, and this one has applied all that anybody was told of: a learner may apply, and answer reads, sooner than its leader. */
  get decidesAlone(): boolean {
    const known = [this.#core.configuration, this.requests.configuration];
    const isAlone = known.every((each) => isOnlyReplica(each, this.replica));
    return isAlone && this.isLeader && this.#appliedTerm === this.#core.term;
  }

  /** Where the leader is; 0: not known. */
  get leaderNode(): NodeNumber {
    return nodeOf(this.#core.leader);
  }

  /** A message of another replica, for the next turn; dropped where too many wait, as a network would. */
  receive(message: Message): void {
    if (this.#isClosed) return;
    if (this.#inbox.length >= this.#services.limits.inboxMessagesMax) {
      this.#messagesDropped += 1;
      return;
    }
    this.#inbox.push(message);
    this.#wake();
  }

  /** Time passed. */
  tick(count: number): void {
    this.#ticksDue = Math.min(this.#ticksDue + count, this.#services.limits.ticksAtOnceMax);
    this.#wake();
  }

  /** Something sent to a node was lost. */
  unreachable(node: NodeNumber): void {
    for (const replica of membersOf(this.#core.configuration)) {
      if (nodeOf(replica) === node) this.#core.reportUnreachable(replica);
    }
    this.#wake();
  }

  /** A node's process has likely ended. */
  disconnected(node: NodeNumber): void {
    if (this.leaderNode === node) this.#core.suspectLeader();
  }

  onChunk(chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    return this.#snapshots.onChunk(chunk);
  }

  /** @throws {VectorDbError} DATA_CORRUPT where the group has to fall silent */
  takeTurn(): boolean {
    if (this.#isClosed) return false;
    assertSound(this.#log);
    const { messagesPerTurnMax } = this.#services.limits;
    const ticks = this.#ticksDue;
    this.#ticksDue = 0;
    // A tick that is due waits for all that arrived before it: a live leader's word may be among it.
    const taken = this.#inbox.splice(0, ticks > 0 ? Infinity : messagesPerTurnMax);
    for (const message of taken) this.#core.step(message);
    const offer = this.#snapshots.takeOffer();
    if (offer !== undefined) this.#core.step(offer.request);
    for (let tick = 0; tick < ticks; tick += 1) this.#tickOnce();
    this.requests.askReads();
    const ready = this.#core.hasReady() ? this.#core.ready() : undefined;
    if (ready?.snapshot === undefined) offer?.decline();
    if (ready !== undefined) this.#carryOut(ready, offer);
    this.#watchLeadership();
    this.requests.poll();
    return this.#core.hasReady() || this.#inbox.length > 0;
  }

  /** The voter, other than this one, whose log is furthest, of those heard from lately; 0: none. For a leader. */
  successor(): NodeNumber {
    const { voters } = this.#core.configuration;
    const able = this.#core
      .status()
      .progress.filter(({ replica, recentlyActive }) => recentlyActive && replica !== this.replica)
      .filter(({ replica }) => voters.includes(replica))
      .toSorted((a, b) => b.match - a.match);
    return nodeOf(able[0]?.replica ?? 0);
  }

  /** Nothing is taken or answered from now on; resolves when the state machine stands still. The log and the state stay as they are. */
  async close(why: string): Promise<void> {
    this.requests.close('SHUTTING_DOWN', why);
    this.#inbox = [];
    this.#isClosed = true;
    await this.#snapshots.close();
    await this.#pipeline.stop();
    await this.#machine[Symbol.asyncDispose]();
  }

  /**
   * The log or the host failed: nothing is asked of them any more, and whoever waits is told. Resolves when the state machine stands still, which it
   * may never do.
   */
  async abandon(code: 'STORAGE_FAILED' | 'DATA_CORRUPT', why: string): Promise<void> {
    this.requests.close(code, why);
    this.#isClosed = true;
    await Promise.all([this.#snapshots.abandon(), this.#pipeline.stop()]);
    await this.#machine[Symbol.asyncDispose]();
  }

  /** Whether the core must not be told anything any more. A damaged group gets one more turn, which says so. */
  #isOver(): boolean {
    if (this.damage !== undefined) this.#wake();
    return this.#isClosed || this.damage !== undefined;
  }

  #wake(): void {
    this.#services.wake(this);
  }

  #tickOnce(): void {
    this.#core.tick();
    this.requests.tick();
    this.#snapshots.tick();
    this.#compactor.tick();
  }

  /** In the order that `Ready` asks for: messages leave with this turn, before its writes; what vouches for the disk only when it is durable. */
  #carryOut(ready: Ready, offer: SnapshotOffer | undefined): void {
    const { outbox, committer } = this.#services;
    outbox.add(this.group, ready.messages);
    let write = this.#writeOf(ready);
    let installed: (() => void) | undefined;
    if (ready.snapshot !== undefined) {
      const { generation, install } = must(offer, 'the core takes only what was offered');
      const { term, index } = ready.snapshot;
      write = { group: this.group, ...write, snapshot: { last: { term, index }, generation } };
      installed = install;
      this.#pipeline.forget();
    }
    committer.submit(this.group, write, ready.mustSync || installed !== undefined, () => {
      this.#persisted(ready);
      installed?.();
    });
    this.#compactor.appended(ready.entries);
    this.#pipeline.push(ready.committed);
    for (const readState of ready.readStates) this.requests.confirmRead(readState);
    for (const { to } of ready.snapshotsWanted) this.#snapshots.send(to, this.#core.term);
  }

  /** Undefined where nothing is worth a write: a commit index alone, which is learnt again, goes out with the next one. */
  #writeOf({ hardState, entries, mustSync, snapshot }: Ready): GroupWrite | undefined {
    const newest = hardState ?? this.#unwrittenState;
    if (!mustSync && entries.length === 0 && snapshot === undefined) {
      this.#unwrittenState = newest;
      return undefined;
    }
    this.#unwrittenState = undefined;
    return {
      group: this.group,
      ...(newest === undefined ? {} : { hardState: newest }),
      ...(entries.length === 0 ? {} : { entries }),
    };
  }

  #persisted(ready: Ready): void {
    if (this.#isOver()) return;
    this.#core.onPersisted(ready.number);
    this.#services.outbox.add(this.group, ready.messagesAfterPersist);
    this.#wake();
  }

  async #onInstalled(last: EntryId): Promise<void> {
    this.#applier.reload(await this.#machine.hostRows());
    this.requests.skipped(last);
    this.#applied(last);
  }

  async #apply(entries: readonly Entry[]): Promise<number> {
    const applied = await this.#applier.apply(entries, this.#services.limits.applyBatchBytesMax);
    for (const { id, outcome } of applied) this.requests.settle(id, outcome);
    this.#applied(must(applied.at(-1), 'a step applies entries').id);
    return applied.length;
  }

  #applied({ term, index }: EntryId): void {
    assert(index >= this.#appliedIndex, 'the applied index rises');
    this.#appliedIndex = index;
    this.#appliedTerm = term;
    if (this.#isOver()) return;
    this.#core.onApplied(index);
    this.requests.applied();
    this.#wake();
  }

  #changedConfiguration(entry: Entry): Configuration {
    const change = decodeConfigurationChange(entry.data);
    return change === undefined
      ? this.#applier.configuration
      : this.#core.applyConfiguration(change);
  }

  #watchLeadership(): void {
    const leadTerm = this.isLeader ? this.#core.term : 0;
    if (leadTerm === this.#leadTerm) return;
    if (this.#leadTerm !== 0) {
      this.requests.leadershipLost();
      this.#snapshots.abortSending();
    }
    this.#leadTerm = leadTerm;
  }

  #onSent({ to, term, outcome, index }: SnapshotOutcome): void {
    if (this.#isOver() || this.#core.term !== term || !this.isLeader) return;
    this.#core.reportSnapshot(to, outcome, index);
    this.#wake();
  }

  #neededByFollowers(): readonly LogIndex[] {
    if (!this.isLeader) return [];
    const others = this.#core
      .status()
      .progress.filter(({ replica, recentlyActive }) => recentlyActive && replica !== this.replica);
    return others.map(({ replica, state, match, next, pendingSnapshot }) => {
      // What it is known to have may lie far before the state that it just got.
      if (state === 'probe') return next - 1;
      if (state === 'replicate') return match;
      return Math.max(pendingSnapshot, this.#snapshots.takenIndex(replica));
    });
  }

  #makeSnapshots(): GroupSnapshots {
    const { clock, limits, sender, receiving, onError } = this.#services;
    return new GroupSnapshots({
      group: this.group,
      replica: this.replica,
      clock,
      snapshotIdleMs: limits.snapshotIdleMs,
      sender,
      receiving,
      machine: this.#machine,
      pipeline: this.#pipeline,
      configuration: () => this.#applier.configuration,
      objection: ({ term, meta }) => {
        if (term < this.#core.term) return 'its leader is of an older term';
        return meta.index <= this.#core.commitIndex ? 'it is older than what is here' : undefined;
      },
      onOffer: () => this.#wake(),
      onInstalled: (last) => this.#onInstalled(last),
      onSent: (outcome) => this.#onSent(outcome),
      onError: (error) => onError(this.group, error),
    });
  }

  #makeCompactor(): LogCompactor {
    const { limits, onError } = this.#services;
    return new LogCompactor({
      limits,
      log: this.#log,
      appliedIndex: () => this.#appliedIndex,
      needed: () => this.#neededByFollowers(),
      flush: () => this.#pipeline.task(() => this.#machine.flush()),
      forget: (compactTo, whenDone) => {
        const write = { group: this.group, compactTo };
        this.#services.committer.submit(this.group, write, false, whenDone);
        this.#wake();
      },
      onError: (error) => onError(this.group, error),
    });
  }
}
