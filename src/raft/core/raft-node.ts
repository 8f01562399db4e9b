import { assert } from '../../base/assert.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Configuration, ConfigurationChange, ReplicaId } from './configuration.ts';
import {
  countOwnVote,
  learnCommitted,
  refuseVote,
  stand,
  takeVoteReply,
  takeVoteRequest,
  tickElection,
} from './election.ts';
import type { EntryId, LogIndex, Term } from './entry.ts';
import type { HardState } from './hard-state.ts';
import { gatherDue, tickLeader } from './leader-tick.ts';
import { beginTransfer, type TransferRefusal } from './leader-transfer.ts';
import type { Leadership } from './leadership.ts';
import { applyChange, proposeChange, useConfiguration } from './membership.ts';
import type { Heartbeat, HeartbeatReply, Message } from './message.ts';
import type { ProposalRefusal } from './proposal-refusal.ts';
import type { RaftOptions } from './raft-options.ts';
import type { RaftStatus, Role } from './raft-status.ts';
import { statusOf } from './replica-status.ts';
import {
  answerConfirmedReads,
  askRead,
  type ReadRefusal,
  takeReadReply,
  takeReadRequest,
} from './reading.ts';
import type { Ready } from './ready.ts';
import { Replica } from './replica.ts';
import {
  appendOwn,
  commitByQuorum,
  onAccepted,
  onRejected,
  takeAppend,
  takeSnapshot,
} from './replication.ts';

/**
 * One replica of one Raft group (Ongaro, "Consensus: Bridging Theory and Practice", 2014): told what happens, it says in {@link Ready}s what is to be done.
 * Synchronous and deterministic. A broken invariant throws `InvariantError`, and what the reader of its log throws passes through; the replica must not be used
 * after either.
 */
export class RaftNode {
  readonly #replica: Replica;
  #number = 0;
  #persisted = 0;
  #hardState: HardState;
  /** The commit index of the last Ready that had to be synced. */
  #syncedCommit: LogIndex;
  readonly #syncsUnderWay: { readonly number: number; readonly hardState: HardState }[] = [];

  /** As it was when its log was written last; a follower that knows no leader. */
  constructor(options: RaftOptions) {
    this.#replica = new Replica(options);
    this.#hardState = options.log.hardState;
    this.#syncedCommit = this.#hardState.commit;
  }

  get replica(): ReplicaId {
    return this.#replica.id;
  }
  get term(): Term {
    return this.#replica.term;
  }
  get role(): Role {
    return this.#replica.state.role;
  }
  /** 0: not known. */
  get leader(): ReplicaId {
    return this.#replica.leader;
  }
  get commitIndex(): LogIndex {
    return this.#replica.log.commit;
  }
  /** Of the log, durable or not: no entry beyond it was ever acknowledged from here and committed. */
  get lastIndex(): LogIndex {
    return this.#replica.log.lastIndex;
  }
  get appliedIndex(): LogIndex {
    return this.#replica.log.applied;
  }
  /** As of the applied index. */
  get configuration(): Configuration {
    return this.#replica.configuration;
  }

  /** Time passes. Messages that wait are stepped before, so that a leader that was heard is not taken for dead (trap 27). */
  tick(): void {
    const { leadership } = this.#replica;
    if (leadership === undefined) tickElection(this.#replica);
    else tickLeader(this.#replica, leadership);
  }

  /** A message of another replica; ignored when it is for someone else. A snapshot only once its state is staged here and complete. */
  step(message: Message): void {
    const replica = this.#replica;
    if (message.to !== replica.id || message.from === replica.id) return;
    if ('committed' in message) learnCommitted(replica, message.committed);
    if (message.term < replica.term) {
      this.#answerOld(message);
      return;
    }
    if (message.term > replica.term && !this.#takeTerm(message)) return;
    this.#dispatch(message);
  }

  /** Leader only: appends a command. The same entry is known by its id when it comes back among the committed ones; it may be lost if the leader changes. */
  propose(data: Uint8Array): EntryId | ProposalRefusal {
    const leadership = this.#proposing();
    if ('refused' in leadership) return leadership;
    const { bytes } = leadership.uncommitted;
    if (bytes > 0 && bytes + data.length > this.#replica.options.uncommittedBytesMax) {
      return { refused: 'uncommittedLimit' };
    }
    return appendOwn(this.#replica, leadership, 'command', data);
  }

  /** Leader only: appends a change of the configuration; one without steps leaves a joint one. */
  proposeConfiguration(change: ConfigurationChange): EntryId | ProposalRefusal {
    const leadership = this.#proposing();
    return 'refused' in leadership ? leadership : proposeChange(this.#replica, leadership, change);
  }

  /**
   * The change of a committed entry takes effect: called once for each while it is applied, before {@link onApplied} covers it.
   *
   * @returns the configuration from here on, to be kept in the replicated state
   */
  applyConfiguration(change: ConfigurationChange): Configuration {
    return applyChange(this.#replica, change);
  }

  /**
   * Asks for a read index (thesis 6.4); the answer comes as a {@link Ready.readStates}. It may be lost: a change of leader or term is a reason to ask anew.
   *
   * @param context - the host's number of the read, from 1, used once
   */
  readIndex(context: number): ReadRefusal | undefined {
    return askRead(this.#replica, context);
  }

  /** Leader only: hands leadership to another voter (thesis 3.10); given up after an election timeout. */
  transferLeadership(to: ReplicaId): TransferRefusal | undefined {
    return beginTransfer(this.#replica, to);
  }

  /** Stands for election now, where it may. */
  campaign(): void {
    stand(this.#replica, 'preVote');
  }

  /** A follower takes its leader for gone: it votes at once when it is asked. */
  forgetLeader(): void {
    this.#replica.forgetLeader();
  }

  /** The leader's process has likely ended: a follower waits for it no longer than its next heartbeat would take. */
  suspectLeader(): void {
    this.#replica.suspectLeader();
  }

  /** Something sent to a peer was lost: what was sent ahead is asked for again. */
  reportUnreachable(replica: ReplicaId): void {
    const peer = this.#replica.leadership?.peers.get(replica);
    if (peer?.state === 'replicate') peer.probe();
  }

  /**
   * How it went with a snapshot that a Ready wanted.
   *
   * @param index - of the state that was sent
   */
  reportSnapshot(replica: ReplicaId, outcome: 'finished' | 'failed', index: LogIndex): void {
    const peer = this.#replica.leadership?.peers.get(replica);
    if (peer?.state !== 'snapshot') return;
    assert(index <= this.#replica.log.lastIndex, 'a snapshot is of what was applied');
    peer.snapshotEnded(outcome === 'finished' ? index : 0);
  }

  /** Whether {@link ready} has anything to say. Asked after a batch of calls rather than after each: what happened together is sent together. */
  hasReady(): boolean {
    gatherDue(this.#replica);
    const { outbox, log } = this.#replica;
    return !outbox.isEmpty || log.hasNew || log.hasCommitted || this.#newHardState() !== undefined;
  }

  /** Takes what there is to do; may be called again before it is persisted. */
  ready(): Ready {
    gatherDue(this.#replica);
    const { log, outbox } = this.#replica;
    this.#number += 1;
    const number = this.#number;
    const committed = log.takeCommitted();
    const { entries, snapshot } = log.takeNew(number);
    const isHeld = log.awaitedCommit > this.#syncedCommit;
    const hardState = this.#newHardState() ?? (isHeld ? this.#hardState : undefined);
    const { term, vote } = this.#hardState;
    // A commit index that is lost is learnt again, but for one that a change of the configuration waits for.
    const mustSync =
      isHeld ||
      entries.length > 0 ||
      snapshot !== undefined ||
      (hardState !== undefined && (hardState.term !== term || hardState.vote !== vote));
    if (hardState !== undefined) this.#hardState = hardState;
    if (mustSync) {
      this.#syncedCommit = this.#hardState.commit;
      this.#syncsUnderWay.push({ number, hardState: this.#hardState });
    }
    return { number, hardState, entries, snapshot, committed, mustSync, ...outbox.take() };
  }

  /** Ready `number` and all before are durable. */
  onPersisted(number: number): void {
    assert(number > this.#persisted && number <= this.#number, 'a Ready is persisted once');
    this.#persisted = number;
    const replica = this.#replica;
    const later = this.#syncsUnderWay.findIndex((each) => each.number > number);
    const count = later < 0 ? this.#syncsUnderWay.length : later;
    const durable = this.#syncsUnderWay.splice(0, count).at(-1)?.hardState;
    replica.log.persisted(number, durable?.commit ?? 0);
    if (durable?.term === replica.term && durable.vote === replica.id) countOwnVote(replica);
    if (replica.leadership !== undefined) commitByQuorum(replica, replica.leadership);
  }

  /** The state machine came to `index`. After a snapshot it is called with the snapshot's index before anything behind it is applied. */
  onApplied(index: LogIndex): void {
    const replica = this.#replica;
    replica.log.appliedTo(index);
    if (replica.restoring !== undefined && index >= replica.restoring.index) {
      const { configuration } = replica.restoring;
      replica.restoring = undefined;
      useConfiguration(replica, configuration);
    }
  }

  status(): RaftStatus {
    return statusOf(this.#replica);
  }

  /** An older term's leaders and candidates are told the term, or they would never learn it (traps 8, 11); answers are of no use any more. */
  #answerOld(message: Message): void {
    switch (message.kind) {
      case 'vote':
      case 'preVote':
        refuseVote(this.#replica, message);
        return;
      case 'append':
      case 'heartbeat':
      case 'commit':
      case 'snapshot':
        this.#replica.send({ kind: 'heartbeatReply', to: message.from, context: 0 });
        return;
      default:
    }
  }

  /** Enters a newer term where the message says that it began; false when it is ignored. */
  #takeTerm(message: Message): boolean {
    const replica = this.#replica;
    const { kind, term, from } = message;
    const isVote = kind === 'vote' || kind === 'preVote';
    const isTransfer = kind === 'vote' && message.transfer;
    // Who was removed, or cut off for a while, must not unseat a leader that others hear (thesis 4.2.3, trap 7).
    if (isVote && !isTransfer && replica.hasLiveLeader) return false;
    // Pre-votes are about a term that may never begin (thesis 9.6).
    if (kind === 'preVote' || (kind === 'preVoteReply' && message.granted)) return true;
    replica.becomeFollower(term, isFromLeader(message) ? from : 0);
    return true;
  }

  #dispatch(message: Message): void {
    const replica = this.#replica;
    switch (message.kind) {
      case 'vote':
      case 'preVote':
        takeVoteRequest(replica, message);
        return;
      case 'voteReply':
      case 'preVoteReply':
        takeVoteReply(replica, message);
        return;
      case 'append':
        takeAppend(replica, message);
        return;
      case 'heartbeat':
        this.#takeHeartbeat(message);
        return;
      case 'commit':
        replica.heardLeader(message.from);
        replica.log.commitTo(message.commit);
        return;
      case 'snapshot':
        takeSnapshot(replica, message);
        return;
      case 'readIndexReply':
        takeReadReply(replica, message);
        return;
      case 'timeoutNow':
        stand(replica, 'transfer');
        return;
      case 'appendAccepted':
      case 'appendRejected':
      case 'heartbeatReply':
      case 'readIndex':
        if (replica.leadership !== undefined) this.#dispatchToLeader(replica.leadership, message);
        return;
      default:
        unreachable(message);
    }
  }

  #dispatchToLeader(
    leadership: Leadership,
    message: Extract<
      Message,
      { kind: 'appendAccepted' | 'appendRejected' | 'heartbeatReply' | 'readIndex' }
    >,
  ): void {
    const replica = this.#replica;
    switch (message.kind) {
      case 'appendAccepted':
        onAccepted(replica, leadership, message);
        return;
      case 'appendRejected':
        onRejected(replica, leadership, message);
        return;
      case 'heartbeatReply':
        this.#takeHeartbeatReply(leadership, message);
        return;
      case 'readIndex':
        takeReadRequest(replica, leadership, message);
        return;
      default:
        unreachable(message);
    }
  }

  #takeHeartbeat({ from, commit, context }: Heartbeat): void {
    const replica = this.#replica;
    replica.heardLeader(from);
    replica.log.commitTo(commit);
    replica.send({ kind: 'heartbeatReply', to: from, context });
  }

  #takeHeartbeatReply(leadership: Leadership, { from, context }: HeartbeatReply): void {
    const peer = leadership.peers.get(from);
    if (peer === undefined) return;
    peer.heard(this.#replica.log.lastIndex);
    peer.round = Math.max(peer.round, context);
    answerConfirmedReads(this.#replica, leadership);
  }

  #newHardState(): HardState | undefined {
    const { term, vote, log } = this.#replica;
    const before = this.#hardState;
    const isSame = before.term === term && before.vote === vote && before.commit === log.commit;
    return isSame ? undefined : { term, vote, commit: log.commit };
  }

  #proposing(): Leadership | ProposalRefusal {
    const { leadership } = this.#replica;
    if (leadership === undefined || leadership.farewell !== undefined) {
      return { refused: 'notLeader' };
    }
    return leadership.transfer === undefined ? leadership : { refused: 'transferring' };
  }
}

/** Whether only the leader of its term says so. */
function isFromLeader({ kind }: Message): boolean {
  return kind === 'append' || kind === 'heartbeat' || kind === 'commit' || kind === 'snapshot';
}
