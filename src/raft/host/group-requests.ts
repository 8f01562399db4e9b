import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Configuration, ConfigurationChange, ReplicaId } from '../core/configuration.ts';
import type { EntryId, LogIndex } from '../core/entry.ts';
import type { ProposalRefusal } from '../core/proposal-refusal.ts';
import { isQuorum } from '../core/quorum.ts';
import type { RaftNode } from '../core/raft-node.ts';
import type { ReadState } from '../core/ready.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { NodeNumber } from '../transport/transport.ts';
import { type CommandEnvelope, encodeEnvelope } from './command-envelope.ts';
import type { CommandOutcome } from './command-outcome.ts';
import type { GroupServices } from './group-services.ts';
import { LeaderWatch } from './leader-watch.ts';
import { ProposalTracker } from './proposal-tracker.ts';
import { ReadWaiter } from './read-waiter.ts';
import {
  deadlineExceeded,
  notLeader,
  outcomeUnknown,
  overloaded,
  proposalRefused,
  readRefused,
} from './refusal.ts';
import { nodeOf } from './replica-id.ts';
import { TurnWaiter } from './turn-waiter.ts';

export interface GroupRequestsOptions {
  readonly group: GroupId;
  readonly core: RaftNode;
  readonly services: Pick<GroupServices, 'limits' | 'contact' | 'onLeadership'>;
  /** See `ReadWaiterOptions.firstContext`. */
  readonly firstContext: number;
  readonly appliedIndex: () => LogIndex;
  /** As of the applied entry. */
  readonly configuration: () => Configuration;
  /** Bytes of committed entries that are not applied. */
  readonly unappliedBytes: () => number;
  /** The core has something to do: the group needs a turn. */
  readonly wake: () => void;
}

/** What callers ask of one group on this node, and the callers who wait for it. */
export class GroupRequests {
  readonly #options: GroupRequestsOptions;
  readonly #proposals: ProposalTracker<CommandOutcome>;
  readonly #reads: ReadWaiter;
  readonly #waiter: TurnWaiter;
  /** The applied index and the configuration as of it, of one moment: while a change of the configuration is applied one is ahead of the other. */
  #applied: { readonly index: LogIndex; readonly configuration: Configuration };
  readonly #leadership: LeaderWatch;

  constructor(options: GroupRequestsOptions) {
    const { group, core, services, wake } = options;
    const { limits, contact } = services;
    this.#options = options;
    this.#proposals = new ProposalTracker({
      group,
      outcomeWaitTicks: limits.outcomeWaitTicks,
      leader: () => core.leader,
    });
    this.#reads = new ReadWaiter({
      ...limits,
      group,
      wake,
      firstContext: options.firstContext,
      appliedIndex: options.appliedIndex,
      ask: (context) => {
        const refusal = core.readIndex(context);
        return refusal && readRefused(group, refusal, core.leader);
      },
    });
    this.#waiter = new TurnWaiter(group, limits.outcomeWaitTicks);
    this.#applied = { index: options.appliedIndex(), configuration: options.configuration() };
    const { electionTicks } = limits;
    this.#leadership = new LeaderWatch({
      core,
      electionTicks,
      contact,
      onChange: () => services.onLeadership(group),
    });
  }

  /** Callers who wait for an entry, and for a read. */
  get waiting(): { readonly proposals: number; readonly reads: number } {
    return { proposals: this.#proposals.size, reads: this.#reads.size };
  }

  /** Whether no leader can be reached from here, as far as this replica can tell: see {@link LeaderWatch}. */
  get isCutOff(): boolean {
    return this.#leadership.isCutOff;
  }

  /**
   * Puts an entry into the log and waits for what it comes to.
   *
   * @throws {VectorDbError} NOT_LEADER, OVERLOADED, LIMIT_EXCEEDED: it has no effect; OUTCOME_UNKNOWN, DEADLINE_EXCEEDED: it may have
   */
  async propose(envelope: CommandEnvelope, signal?: AbortSignal): Promise<CommandOutcome> {
    const { group, core, services, unappliedBytes, wake } = this.#options;
    const { limits } = services;
    if (signal?.aborted) throw deadlineExceeded(group, 'it was not proposed');
    const data = encodeEnvelope(envelope);
    if (data.byteLength > limits.commandBytesMax) {
      const text = `a command of ${data.byteLength} bytes; ${limits.commandBytesMax} are allowed`;
      throw new VectorDbError('LIMIT_EXCEEDED', text);
    }
    if (this.#proposals.size >= limits.proposalsMax) {
      throw overloaded(group, 'too many proposals wait');
    }
    if (unappliedBytes() > limits.applyingBytesMax / 2) {
      throw overloaded(group, 'the state machine is behind');
    }
    const answer = core.propose(data);
    if ('refused' in answer) throw this.#refusal(answer);
    wake();
    return this.#proposals.add(answer, signal);
  }

  /** @throws {VectorDbError} as {@link propose}, and FAILED_PRECONDITION, INVALID_ARGUMENT where it cannot be made now or at all */
  async changeConfiguration(
    change: ConfigurationChange,
    signal?: AbortSignal,
  ): Promise<Configuration> {
    const { core, configuration, wake } = this.#options;
    const answer = core.proposeConfiguration(change);
    if ('refused' in answer) throw this.#refusal(answer);
    wake();
    const outcome = await this.#proposals.add(answer, signal);
    assert(outcome.kind === 'configuration', 'the entry was a configuration');
    if (change.leave === 'explicit' || outcome.configuration.outgoing.length === 0) {
      return outcome.configuration;
    }
    const left = (): Configuration | undefined =>
      configuration().outgoing.length === 0 ? configuration() : undefined;
    return this.#waiter.until(left, signal);
  }

  /** The index of a state that has everything acknowledged before the call, applied here. */
  readBarrier(signal?: AbortSignal): Promise<LogIndex> {
    return this.#reads.wait(signal);
  }

  /** Who decides, as of the applied entry. */
  get configuration(): Configuration {
    return this.#applied.configuration;
  }

  /** Of this replica's log: no entry beyond it was ever acknowledged from here and committed. */
  get lastIndex(): LogIndex {
    return this.#options.core.lastIndex;
  }

  /**
   * Whether everything that was committed when the logs ended so is applied here: those of a quorum end no later than what is applied.
   *
   * @param endOf - where another replica's log ended; undefined: not known
   */
  isCurrent(endOf: (replica: ReplicaId) => LogIndex | undefined): boolean {
    const { index, configuration } = this.#applied;
    const { replica: own, lastIndex } = this.#options.core;
    return isQuorum(configuration, (replica) => {
      const end = replica === own ? lastIndex : endOf(replica);
      return end !== undefined && end <= index;
    });
  }

  /** @throws {VectorDbError} NOT_LEADER, INVALID_ARGUMENT where the node has no voter, FAILED_PRECONDITION where another led in the end, DEADLINE_EXCEEDED where nobody is known to */
  async transferLeadership(to: NodeNumber, signal?: AbortSignal): Promise<void> {
    const { group, core, wake } = this.#options;
    if (core.role !== 'leader') throw notLeader(group, core.leader);
    const replica = core.configuration.voters.find((voter) => nodeOf(voter) === to);
    const refusal = replica === undefined ? 'notVoter' : core.transferLeadership(replica);
    if (refusal === 'isLeader') return;
    if (refusal === 'notLeader') throw notLeader(group, 0);
    if (refusal === 'notVoter') {
      throw new VectorDbError('INVALID_ARGUMENT', `group ${group}: no voter on node ${to}`);
    }
    wake();
    const { term } = core;
    const failed = (why: string): Error =>
      new VectorDbError('FAILED_PRECONDITION', `group ${group}: ${why}`);
    await this.#waiter.until(() => {
      if (core.leader === replica) return true;
      if (core.term === term && core.role === 'leader') {
        const isOver = core.status().transferee !== replica;
        return isOver ? failed(`node ${to} did not take leadership over in time`) : undefined;
      }
      return core.leader === 0 ? undefined : failed(`node ${nodeOf(core.leader)} leads`);
    }, signal);
  }

  /** Has every replica take a digest of its state at one index and compare it with the leader's, which is returned. */
  async checkDigest(signal?: AbortSignal): Promise<string> {
    const outcome = await this.propose({ kind: 'digest' }, signal);
    assert(outcome.kind === 'digest', 'the entry asked for a digest');
    const { index, digest } = outcome;
    await this.propose({ kind: 'digestReport', index, digest }, signal);
    return digest;
  }

  /** Asks the core for what readers of this turn need. */
  askReads(): void {
    this.#reads.ask();
  }

  /** The core confirmed a read. */
  confirmRead(state: ReadState): void {
    this.#reads.answer(state);
  }

  /** An entry was applied; told for each, in order. */
  settle(id: EntryId, outcome: CommandOutcome): void {
    this.#proposals.applied(id, outcome);
  }

  /** The applied index rose. */
  applied(): void {
    const { appliedIndex, configuration } = this.#options;
    this.#applied = { index: appliedIndex(), configuration: configuration() };
    this.#reads.applied();
  }

  /** A snapshot took the place of entries up to `last`. */
  skipped(last: EntryId): void {
    this.#proposals.skipped(last);
  }

  /** This replica does not lead any more, or leads in another term. */
  leadershipLost(): void {
    this.#proposals.leadershipLost();
  }

  tick(): void {
    this.#proposals.tick();
    this.#reads.tick();
    this.#waiter.tick(this.#options.core.role === 'leader');
    this.#leadership.tick();
  }

  /** Looks after a turn whether somebody's wait is over. */
  poll(): void {
    this.#waiter.poll();
    this.#leadership.poll();
  }

  /** Whoever waits is told that nothing will be learnt here any more. */
  close(code: 'SHUTTING_DOWN' | 'STORAGE_FAILED' | 'DATA_CORRUPT', why: string): void {
    const { group } = this.#options;
    this.#proposals.close(why);
    this.#reads.close(new VectorDbError(code, `group ${group}: ${why}`));
    this.#waiter.close(outcomeUnknown(group, why));
  }

  #refusal(refusal: ProposalRefusal): VectorDbError {
    const { group, core } = this.#options;
    return proposalRefused(group, refusal, core.leader);
  }
}
