import { assert } from '../../base/assert.ts';
import type { Configuration, ReplicaId } from './configuration.ts';
import { assertConfiguration, isVoter } from './configuration-change.ts';
import type { Entry, EntryKind, Term } from './entry.ts';
import { Leadership } from './leadership.ts';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';
import { RaftLog } from './raft-log.ts';
import type { RaftOptions } from './raft-options.ts';
import type { RoleState } from './role-state.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';

type Unsigned<M> = M extends Message ? Omit<M, 'from' | 'term'> & { readonly term?: Term } : never;

/**
 * The state of one replica and the moves between its roles; the rules that make it move are in the files beside. Roles change only through the `become…`
 * methods, the term only through {@link becomeFollower} and {@link becomeCandidate}.
 */
export class Replica {
  readonly id: ReplicaId;
  readonly options: RaftOptions;
  readonly log: RaftLog;
  readonly outbox = new Outbox();
  /** As of the applied index (effect at apply, trap 5). */
  configuration: Configuration;
  /** An installed snapshot that the state machine has not taken over; its configuration counts from then on. */
  restoring: SnapshotMeta | undefined;
  /** Ticks since a leader was heard from, or since this replica last stood, voted or began to lead. */
  electionElapsed = 0;
  /** All that passed, those of its host before it began included: leaders on one node beat at the same ticks, so that their heartbeats share a frame. */
  ticks: number;
  #term: Term;
  #vote: ReplicaId;
  #state: RoleState = { role: 'follower', leader: 0 };
  #electionTimeout = 0;
  /** Ticks since a leader was heard from within which nobody has a reason to stand against it. */
  #leaseTicks: number;
  /** Ticks that a leader has to be heard for before it is taken for gone early once more. */
  #trustTicks = 0;
  /** Terms that it began since it last heard a leader, or led. */
  #candidacies = 0;

  constructor(options: RaftOptions) {
    const { log, electionTicks, heartbeatTicks } = options;
    assert(heartbeatTicks >= 1 && electionTicks > heartbeatTicks, 'heartbeats outrun elections');
    assertConfiguration(log.configuration);
    this.id = options.replica;
    this.options = options;
    this.ticks = options.ticks ?? 0;
    this.#leaseTicks = electionTicks;
    this.log = new RaftLog(log, options.appliedIndex, options.applyingBytesMax);
    this.configuration = log.configuration;
    this.#term = log.hardState.term;
    this.#vote = log.hardState.vote;
    assert(this.log.last.term <= this.#term, 'no entry is newer than the term');
    this.#drawTimeout();
  }

  get term(): Term {
    return this.#term;
  }
  /** In this term; 0: none. */
  get vote(): ReplicaId {
    return this.#vote;
  }
  get state(): RoleState {
    return this.#state;
  }
  get leadership(): Leadership | undefined {
    return this.#state.role === 'leader' ? this.#state : undefined;
  }
  /** 0: not known. */
  get leader(): ReplicaId {
    if (this.#state.role === 'leader') return this.id;
    return this.#state.role === 'follower' ? this.#state.leader : 0;
  }
  /** Whether it waited for a leader, or for votes, long enough. Who is the only voter has nobody to wait for. */
  get isElectionDue(): boolean {
    const { electionTicks } = this.options;
    const leastTicks = this.#waitsForDisk ? electionTicks : 0;
    return this.electionElapsed >= Math.max(this.#electionTimeout, leastTicks) || this.#isAlone;
  }
  /** Its own vote is not durable: another term would only be another write. */
  get #waitsForDisk(): boolean {
    return this.#state.role === 'candidate' && !this.#state.votes.has(this.id);
  }
  get #isAlone(): boolean {
    const { role } = this.#state;
    const { voters, outgoing } = this.configuration;
    const isOnlyVoter = voters.length === 1 && voters[0] === this.id && outgoing.length === 0;
    // A candidate waits for its own vote to be durable.
    return role === 'follower' && this.leader === 0 && isOnlyVoter;
  }
  /** Heard from a leader within the shortest election timeout, so that nobody else has a reason to stand (thesis 4.2.3, trap 7); or leads. */
  get hasLiveLeader(): boolean {
    if (this.#state.role === 'leader') return true;
    return this.leader !== 0 && this.electionElapsed < this.#leaseTicks;
  }
  /** Whether it may stand for election: its vote counts, and its state is not being replaced. */
  get isElectable(): boolean {
    return this.restoring === undefined && isVoter(this.configuration, this.id);
  }

  /** Follows `leader`, or nobody yet (0), in a term that is not older. */
  becomeFollower(term: Term, leader: ReplicaId): void {
    assert(term >= this.#term, 'a term only rises');
    if (term > this.#term) this.#vote = 0;
    this.#term = term;
    this.#enter({ role: 'follower', leader });
  }

  /** Asks for pre-votes; neither term nor vote change (thesis 9.6, trap 18). */
  becomePreCandidate(): void {
    this.#enter({ role: 'preCandidate', votes: new Map([[this.id, true]]), isTransfer: false });
  }

  /** Begins a term and votes for itself; the vote counts once it is durable (trap 9). */
  becomeCandidate(isTransfer: boolean): void {
    this.#term += 1;
    this.#vote = this.id;
    this.#candidacies += 1;
    this.#enter({ role: 'candidate', votes: new Map(), isTransfer });
  }

  becomeLeader(): Leadership {
    assert(this.#state.role === 'candidate', 'only a candidate is elected');
    assert(this.#state.votes.get(this.id) === true, 'its own vote is durable');
    this.#candidacies = 0;
    const leadership = new Leadership(this.options);
    leadership.follow(this.configuration, this.log.lastIndex, false);
    this.#enter(leadership);
    return leadership;
  }

  /** Grants the vote of this term. */
  voteFor(candidate: ReplicaId): void {
    assert(this.#vote === 0 || this.#vote === candidate, 'one vote a term');
    this.#vote = candidate;
    this.electionElapsed = 0;
  }

  /** The leader of this term spoke. */
  heardLeader(leader: ReplicaId): void {
    const state = this.#state;
    assert(state.role !== 'leader', 'a term has one leader');
    this.#candidacies = 0;
    if (state.role !== 'follower') {
      this.becomeFollower(this.#term, leader);
      return;
    }
    assert(state.leader === 0 || state.leader === leader, 'a term has one leader');
    state.leader = leader;
    this.electionElapsed = 0;
    if (this.#isLeaderSuspected) {
      this.#trustTicks = this.options.electionTicks;
      this.#trustLeader();
    }
  }

  /**
   * The leader is likely to be gone: what it does not say within another interval of heartbeats is not waited for. One that speaks again is trusted for an
   * election timeout, so that a connection that breaks again and again unseats nobody.
   */
  suspectLeader(): void {
    const { electionTicks, heartbeatTicks, random } = this.options;
    if (this.#state.role !== 'follower' || this.leader === 0) return;
    if (this.#isLeaderSuspected || this.#trustTicks > 0) return;
    const graceTicks = this.electionElapsed + heartbeatTicks + 1;
    if (graceTicks >= electionTicks) return;
    this.#leaseTicks = graceTicks;
    // Later than others who noticed at the same time stop waiting.
    const dueTicks = graceTicks + 1 + random.below(2 * (heartbeatTicks + 1));
    this.#electionTimeout = Math.min(this.#electionTimeout, dueTicks);
  }

  /** Time passes. */
  tick(): void {
    this.ticks += 1;
    this.electionElapsed += 1;
    this.#trustTicks = Math.max(0, this.#trustTicks - 1);
  }

  /** Knows of no leader any more, so that it may vote at once. */
  forgetLeader(): void {
    if (this.#state.role === 'follower') this.#state.leader = 0;
  }

  /** Sends a message from here, in this term unless it says another. */
  send(message: Unsigned<Message>): void {
    this.outbox.send({ term: this.#term, ...message, from: this.id });
  }

  /** The next entry of a leader's log. */
  nextEntry(kind: EntryKind, data: Uint8Array): Entry {
    return { kind, data, term: this.#term, index: this.log.lastIndex + 1 };
  }

  #enter(state: RoleState): void {
    this.#state = state;
    this.electionElapsed = 0;
    this.#trustLeader();
  }

  get #isLeaderSuspected(): boolean {
    return this.#leaseTicks < this.options.electionTicks;
  }

  #trustLeader(): void {
    this.#leaseTicks = this.options.electionTicks;
    this.#drawTimeout();
  }

  /** By chance, so that votes are seldom split (thesis 3.4). */
  #drawTimeout(): void {
    const { electionTicks, random } = this.options;
    const retryTicks = Math.max(1, electionTicks >> 2);
    if (this.#state.role === 'preCandidate') {
      // Who asked before others missed their leader got no answer; it begins nothing by asking again.
      this.#electionTimeout = retryTicks + random.below(retryTicks + 1);
    } else if (this.leader === 0 && this.#candidacies > 0) {
      // Split votes are settled by another term soon; but votes wait for disks, and get more time each time.
      const ticks = Math.min(electionTicks, retryTicks * 2 ** this.#candidacies);
      this.#electionTimeout = ticks + random.below(ticks + 1);
    } else {
      this.#electionTimeout = electionTicks + random.below(Math.max(2, electionTicks >> 1));
    }
  }
}
