import { VectorDbError } from '../../base/error.ts';
import { pause } from '../../base/clock.ts';
import type { Configuration, ConfigurationChange } from '../core/configuration.ts';
import type { LogIndex } from '../core/entry.ts';
import type { GroupId, GroupWrite } from '../log/log-storage.ts';
import type { NodeNumber } from '../transport/transport.ts';
import type { CommandEnvelope, SessionStamp } from './command-envelope.ts';
import { type CommandOutcome, resultOf } from './command-outcome.ts';
import type { GroupBirth } from './group-birth.ts';
import { GroupCommitter } from './group-committer.ts';
import type { GroupServices } from './group-services.ts';
import type { GroupStatus } from './group-status.ts';
import { GroupTable, isDamage } from './group-table.ts';
import { HostReceiver } from './host-receiver.ts';
import { handLeadershipOver } from './leadership-handover.ts';
import { NodeContact } from './node-contact.ts';
import { Outbox } from './outbox.ts';
import { QuorumReads } from './quorum-reads.ts';
import type { RaftGroup } from './raft-group.ts';
import type { RaftHostOptions } from './raft-host-options.ts';
import { assertLimits, DEFAULT_RAFT_HOST_LIMITS, type RaftHostLimits } from './raft-host-limits.ts';
import type { RaftHostStatistics } from './raft-host-statistics.ts';
import { Slots } from './slots.ts';
import { snapshotNames, SnapshotSender } from './snapshot-sender.ts';
import { Ticker } from './ticker.ts';
import { TurnScheduler } from './turn-scheduler.ts';

export interface ProposeOptions {
  /** Makes the write safe to send again: it is applied once. */
  readonly session?: SessionStamp;
  readonly signal?: AbortSignal;
}

type HostState = 'open' | 'draining' | 'closed' | 'failed';

const DRAIN_POLL_MS = 20;

/**
 * All Raft groups of a node. One timer, one turn of the event loop, one write of the log and one frame to each other node serve all of them. What is
 * not deterministic is given: the same host runs in production and in simulations.
 *
 * A proposal ends as applied, as refused (`NOT_LEADER`, `OVERLOADED`, …: certainly without effect), or as `OUTCOME_UNKNOWN` or `DEADLINE_EXCEEDED`.
 */
export class RaftHost implements AsyncDisposable {
  readonly #options: RaftHostOptions;
  readonly #limits: RaftHostLimits;
  readonly #groups: GroupTable;
  readonly #scheduler: TurnScheduler;
  readonly #committer: GroupCommitter;
  readonly #outbox: Outbox;
  readonly #quorumReads: QuorumReads;
  readonly #ticker: Ticker;
  readonly #contact: NodeContact;
  readonly #leadershipWatchers: ((group: GroupId) => void)[] = [];
  readonly #ended = Promise.withResolvers<never>();
  #state: HostState = 'open';
  #ticks = 0;

  private constructor(options: RaftHostOptions) {
    const { clock, random, log, transport } = options;
    const limits = { ...DEFAULT_RAFT_HOST_LIMITS, ...options.limits };
    assertLimits(limits);
    this.#options = options;
    this.#limits = limits;
    this.#ended.promise.catch(() => {});
    this.#outbox = new Outbox({ transport, clock, noticeHoldMs: limits.noticeHoldMs });
    this.#contact = new NodeContact(clock, limits.electionTicks * limits.tickMs);
    const onFatal = (error: unknown): void => this.#fail(error);
    this.#scheduler = new TurnScheduler({
      defer: options.defer,
      // Messages leave before the writes of the same turn: followers' disks work while the own one does (thesis 10.2.1).
      end: () => {
        this.#outbox.flush();
        this.#committer.flush();
      },
      onGroupError: (group, error) => this.#onGroupError(group, error),
      onError: onFatal,
    });
    this.#committer = new GroupCommitter({
      log,
      clock,
      batchesMax: limits.logBatchesMax,
      wake: () => this.#scheduler.schedule(),
      onError: onFatal,
    });
    const services: GroupServices = {
      clock,
      random,
      limits,
      outbox: this.#outbox,
      committer: this.#committer,
      sender: new SnapshotSender({
        ...limits,
        transport,
        clock,
        nextName: snapshotNames(transport.node, random),
      }),
      receiving: new Slots(limits.snapshotsMax),
      firstContext: () => random.below(2 ** 32) * 2 ** 20,
      ticks: () => this.#ticks,
      contact: this.#contact,
      onLeadership: (group) => this.#leadershipWatchers.forEach((watcher) => watcher(group)),
      wake: (group) => this.#scheduler.wake(group),
      onError: (group, error) => {
        if (!this.#onGroupError(group, error)) onFatal(error);
      },
      onDigestMismatch: options.onDigestMismatch ?? (() => {}),
    };
    this.#groups = new GroupTable({
      node: transport.node,
      log,
      stateMachines: options.stateMachines,
      services,
      write: (write) => this.#write(write),
    });
    this.#quorumReads = new QuorumReads({ ...options, find: (group) => this.#groups.find(group) });
    this.#ticker = new Ticker({ ...limits, clock, onTicks: (count) => this.#onTicks(count) });
  }

  /**
   * Opens all groups that the log knows. Those whose log or state is damaged are listed as corrupt and stay silent.
   *
   * @throws {Error} where a state machine cannot be opened for another reason than damage
   */
  static async open(options: RaftHostOptions): Promise<RaftHost> {
    const host = new RaftHost(options);
    await host.#groups.openAll();
    options.transport.listen(
      new HostReceiver({
        groups: host.#groups,
        outbox: host.#outbox,
        quorumReads: host.#quorumReads,
        contact: host.#contact,
        hasFailed: () => host.#state === 'failed',
        isClosed: () => host.#state === 'closed',
        onError: (error) => host.#fail(error),
      }),
    );
    host.#ticker.start();
    return host;
  }

  get node(): NodeNumber {
    return this.#options.transport.node;
  }

  /**
   * Begins a group on this node, or a replica of one that exists elsewhere (a configuration without voters).
   *
   * @throws {VectorDbError} INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION where the group had this replica, or a larger one, before
   */
  async createGroup(birth: GroupBirth): Promise<void> {
    this.#assertRunning();
    await this.#groups.create(birth);
    if (this.#state === 'closed') {
      await this.#groups.find(birth.group)?.close('the node is shutting down');
    }
  }

  /**
   * Takes a group off this node, with its log and state, for good: only a larger replica id can come back.
   *
   * The caller has seen that a majority of the group's voters has applied the change that removed the replica: before, the others may still need its vote.
   *
   * @throws {VectorDbError} NOT_FOUND
   */
  async removeGroup(group: GroupId): Promise<void> {
    this.#assertRunning();
    await this.#groups.remove(group);
  }

  /**
   * The result that the state machine gives.
   *
   * @throws {VectorDbError} certainly without effect: NOT_LEADER, OVERLOADED, LIMIT_EXCEEDED, SESSION_EXPIRED, SHUTTING_DOWN, NOT_FOUND, DATA_CORRUPT,
   * STORAGE_FAILED; perhaps with: OUTCOME_UNKNOWN, DEADLINE_EXCEEDED
   */
  async propose(
    group: GroupId,
    command: Uint8Array,
    { session, signal }: ProposeOptions = {},
  ): Promise<Uint8Array> {
    const stamp = session === undefined ? {} : { stamp: session };
    return resultOf(
      group,
      await this.#propose(group, { kind: 'command', command, ...stamp }, signal),
    );
  }

  /** Opens a session for writes that may be sent again (thesis 6.3); its number. An attempt that is repeated opens another one. */
  async openSession(group: GroupId, signal?: AbortSignal): Promise<number> {
    const { sessionsMax } = this.#limits;
    const outcome = await this.#propose(group, { kind: 'openSession', sessionsMax }, signal);
    if (outcome.kind === 'sessionOpened') return outcome.session;
    throw new VectorDbError('INTERNAL', `opening a session came to ${outcome.kind}`);
  }

  /** Forgets a session; one that is not known is no error. */
  async closeSession(group: GroupId, session: number, signal?: AbortSignal): Promise<void> {
    await this.#propose(group, { kind: 'closeSession', session }, signal);
  }

  /**
   * Changes who decides, and waits until it is in force (a joint configuration that is left automatically: until it is left).
   *
   * @throws {VectorDbError} as {@link propose}; FAILED_PRECONDITION where another change is under way, INVALID_ARGUMENT where it cannot be
   */
  async changeConfiguration(
    group: GroupId,
    change: ConfigurationChange,
    signal?: AbortSignal,
  ): Promise<Configuration> {
    return this.#open(group).requests.changeConfiguration(change, signal);
  }

  /**
   * After this, the state machine here has everything that was acknowledged before the call, on any node. The applied index.
   *
   * @throws {VectorDbError} NOT_LEADER where no leader is known, OVERLOADED, DEADLINE_EXCEEDED
   */
  async readBarrier(group: GroupId, signal?: AbortSignal): Promise<LogIndex> {
    return this.#open(group).requests.readBarrier(signal);
  }

  /**
   * The groups of which it is not certain that their state machines here have everything that was acknowledged before the call: {@link readBarrier} says more.
   * One exchange with few nodes serves all groups and readers. Never rejects; the same array again costs less.
   */
  unconfirmed(groups: readonly GroupId[]): Promise<readonly GroupId[]> {
    return this.#state === 'open' ? this.#quorumReads.confirm(groups) : Promise.resolve(groups);
  }

  /** @throws {VectorDbError} NOT_LEADER, INVALID_ARGUMENT where the node has no voter, FAILED_PRECONDITION where it did not take over in time */
  async transferLeadership(group: GroupId, to: NodeNumber, signal?: AbortSignal): Promise<void> {
    await this.#open(group).requests.transferLeadership(to, signal);
  }

  /** Compares the states of all replicas at one index; a difference is reported where it is found. The leader's digest. */
  async checkDigest(group: GroupId, signal?: AbortSignal): Promise<string> {
    return this.#open(group).requests.checkDigest(signal);
  }

  /** Whether the state machine here has everything that was acknowledged anywhere, so that a read needs no barrier: this node leads and nobody else has a replica. */
  decidesAlone(group: GroupId): boolean {
    return this.#state === 'open' && this.#groups.find(group)?.decidesAlone === true;
  }

  /** Where the group's leader is, as far as this node knows; 0: not known, or the group is not here. */
  leaderNode(group: GroupId): NodeNumber {
    return this.#groups.find(group)?.leaderNode ?? 0;
  }

  /** Whether no leader of the group can be reached from here, as far as its replica on this node can tell; false where there is none. */
  isCutOff(group: GroupId): boolean {
    return this.#groups.find(group)?.requests.isCutOff ?? false;
  }

  /** From now on `watcher` is told of a group whenever {@link leaderNode} or {@link isCutOff} may have another answer. */
  watchLeadership(watcher: (group: GroupId) => void): void {
    this.#leadershipWatchers.push(watcher);
  }

  /** Undefined where the group is not on this node. */
  status(group: GroupId): GroupStatus | undefined {
    return this.#groups.status(group);
  }

  /** All groups on this node, ascending. */
  groups(): readonly GroupStatus[] {
    return this.#groups.statuses;
  }

  get statistics(): RaftHostStatistics {
    const { batches, writes } = this.#committer.handedOver;
    const { bytes, files } = this.#options.log.usage;
    return {
      turns: this.#scheduler.turns,
      logBatches: batches,
      logWrites: writes,
      logStalledMs: this.#committer.stalledMs,
      logBytes: bytes,
      logFiles: files,
    };
  }

  /** Takes no proposals any more, hands leadership over and lets proposals end, within about `limitMs`; then closes. */
  async shutdown(limitMs: number): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + limitMs;
    if (this.#state === 'open') {
      this.#state = 'draining';
      await handLeadershipOver(this.#groups.all, clock, limitMs);
      const isWaiting = (): boolean =>
        this.#groups.all.some(({ requests }) => requests.waiting.proposals > 0);
      while (this.#state === 'draining' && isWaiting() && clock.monotonicMs() < endMs) {
        await pause(clock, DRAIN_POLL_MS);
      }
    }
    await this[Symbol.asyncDispose]();
  }

  /** Stops at once; whoever waits is told that the outcome is unknown. Resolves when log and state machines stand still. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    const hasFailed = this.#state === 'failed';
    this.#state = 'closed';
    this.#ticker.stop();
    this.#scheduler.stop();
    this.#outbox.stop();
    this.#quorumReads.close();
    this.#ended.reject(new VectorDbError('SHUTTING_DOWN', 'the node is shutting down'));
    // What has failed may never answer.
    if (hasFailed) return;
    this.#committer.flush();
    const closed = this.#groups.all.map((group) => group.close('the node is shutting down'));
    await Promise.all(closed);
    await this.#committer.stop();
  }

  async #propose(
    group: GroupId,
    envelope: CommandEnvelope,
    signal: AbortSignal | undefined,
  ): Promise<CommandOutcome> {
    return this.#open(group).requests.propose(envelope, signal);
  }

  #assertRunning(): void {
    if (this.#state === 'open') return;
    if (this.#state !== 'failed')
      throw new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    throw new VectorDbError('STORAGE_FAILED', 'the node has failed and is about to end');
  }

  #open(group: GroupId): RaftGroup {
    this.#assertRunning();
    return this.#groups.get(group);
  }

  /** Damage that is found while a group's log is read, or its state, concerns that group alone, which falls silent. */
  #onGroupError(group: GroupId, error: unknown): boolean {
    const open = this.#groups.find(group);
    if (!isDamage(error) || open === undefined) return false;
    this.#committer.drop(group);
    void this.#settled(this.#groups.declareCorrupt(open, error.message));
    return true;
  }

  /** Something that nobody waits for. */
  async #settled(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #write(write: GroupWrite): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#committer.submit(write.group, write, true, resolve);
    this.#scheduler.schedule();
    await Promise.race([promise, this.#ended.promise]);
  }

  #onTicks(count: number): void {
    const { stalledMs } = this.#committer;
    if (stalledMs > this.#limits.stalledDiskMs) {
      const text = `the log has not become durable for ${Math.round(stalledMs)} ms`;
      return this.#fail(new VectorDbError('STORAGE_FAILED', text));
    }
    this.#ticks += count;
    this.#quorumReads.tick();
    for (const group of this.#groups.all) group.tick(count);
  }

  /** Nothing is sent, written, acknowledged or answered from now on. */
  #fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = 'failed';
    this.#ticker.stop();
    this.#scheduler.stop();
    this.#outbox.stop();
    void this.#committer.stop();
    this.#quorumReads.close();
    this.#ended.reject(new VectorDbError('STORAGE_FAILED', 'the node has failed'));
    for (const group of this.#groups.all) {
      void this.#settled(group.abandon('STORAGE_FAILED', 'the node has failed'));
    }
    this.#options.onFatal(error);
  }
}
