import { assert } from '../../base/assert.ts';
import { ByteWindow, type ByteWindowLimits } from './byte-window.ts';
import type { LogIndex } from './entry.ts';
import type { ReplicationState } from './raft-status.ts';

/**
 * What a leader knows of one peer, and how it sends to it (thesis 3.5, 10.2.2): `probe` sends one append and waits, `replicate` sends on before answers
 * come, `snapshot` sends nothing. Always `match < next` (trap 15); `match` is only what the peer acknowledged.
 */
export class Progress {
  #state: ReplicationState = 'probe';
  #match: LogIndex = 0;
  #next: LogIndex;
  #sentCommit: LogIndex = 0;
  #pendingSnapshot: LogIndex = 0;
  #waits = false;
  readonly #inflight: ByteWindow;
  #recentlyActive: boolean;
  #silentTicks = 0;
  /** An append goes out even if there is nothing new or no room: its answer tells what was lost (trap 16). */
  emptyDue = false;
  /** The newest round of heartbeats that it answered (thesis 6.4). */
  round = 0;

  constructor(next: LogIndex, recentlyActive: boolean, limits: ByteWindowLimits) {
    assert(next > 0, 'nothing is sent from before the log');
    this.#next = next;
    this.#recentlyActive = recentlyActive;
    this.#inflight = new ByteWindow(limits);
  }

  get state(): ReplicationState {
    return this.#state;
  }
  get match(): LogIndex {
    return this.#match;
  }
  get next(): LogIndex {
    return this.#next;
  }
  get pendingSnapshot(): LogIndex {
    return this.#pendingSnapshot;
  }
  get inflightMessages(): number {
    return this.#inflight.size;
  }
  get inflightBytes(): number {
    return this.#inflight.bytes;
  }
  /** Whether it was heard from within the longest election timeout (thesis 6.2). */
  get recentlyActive(): boolean {
    return this.#recentlyActive;
  }
  /** Whether entries have to wait for an answer. */
  get isPaused(): boolean {
    if (this.#state === 'replicate') return this.#inflight.isFull;
    return this.#state === 'snapshot' || this.#waits;
  }

  /** Whether an append should go out now. A probe always has something to ask. */
  isDue(last: LogIndex): boolean {
    if (this.#state === 'replicate' && this.emptyDue) return true;
    if (this.isPaused) return false;
    return this.#state === 'probe' || this.#next <= last;
  }

  /** What the peer has of what is committed and was not told; undefined: it was. While its log is looked for, appends tell it. */
  untoldCommit(commit: LogIndex): LogIndex | undefined {
    const shared = Math.min(commit, this.#match);
    return this.#state === 'replicate' && shared > this.#sentCommit ? shared : undefined;
  }

  /** The peer was told a commit index. */
  told(commit: LogIndex): void {
    this.#sentCommit = Math.max(this.#sentCommit, commit);
  }

  /** A tick passed; who was silent for `ticksMax` is not active any more. */
  tick(ticksMax: number): void {
    this.#silentTicks += 1;
    if (this.#silentTicks >= ticksMax) this.#recentlyActive = false;
  }

  /** Something of this term came from the peer. */
  spoke(): void {
    this.#recentlyActive = true;
    this.#silentTicks = 0;
  }

  /** An append with `count` entries of `bytes` went out, from {@link next} on, with the leader's commit index. */
  sent(count: number, bytes: number, commit: LogIndex): void {
    this.emptyDue = false;
    this.told(commit);
    if (this.#state === 'probe') {
      this.#waits = true;
    } else if (count > 0) {
      assert(this.#state === 'replicate', 'a peer that takes a snapshot is sent no entries');
      this.#next += count;
      this.#inflight.add(this.#next - 1, bytes);
    }
  }

  /**
   * The peer has everything up to `index`, durably.
   *
   * @param first - of the leader's log
   */
  accepted(index: LogIndex, first: LogIndex): void {
    const isNews = index > this.#match;
    this.#match = Math.max(this.#match, index);
    this.#next = Math.max(this.#next, index + 1);
    if (this.#state === 'replicate') this.#inflight.freeTo(index);
    // An older answer tells nothing of what is asked now, and behind a gap in the leader's log there is nothing to go on with.
    else if ((isNews || index === this.#match) && this.#match + 1 >= first) this.#replicate();
  }

  /**
   * The peer has no entry `rejected` of the leader's; the logs may agree up to `hint`.
   *
   * @returns false when the answer is an old one
   */
  rejected(rejected: LogIndex, hint: LogIndex): boolean {
    if (this.#state === 'replicate') {
      if (rejected <= this.#match) return false;
      this.probe();
      return true;
    }
    if (this.#state === 'snapshot' || rejected !== this.#next - 1) return false;
    this.#backTo(Math.max(Math.min(rejected, hint + 1), this.#match + 1));
    this.#waits = false;
    return true;
  }

  /** A heartbeat was answered: the peer is there, and appends that it never answered were lost (trap 16). */
  heard(last: LogIndex): void {
    this.spoke();
    this.#waits = false;
    if (this.#match < last) this.emptyDue = true;
  }

  /** Asks anew from the last entry that is known to be there. */
  probe(): void {
    this.#leaveState('probe');
    this.#backTo(this.#match + 1);
  }

  /** Nothing is sent until a snapshot of `index` or later is there. */
  expectSnapshot(index: LogIndex): void {
    this.#leaveState('snapshot');
    this.#pendingSnapshot = index;
  }

  /**
   * The snapshot is there, or will not come (0); either way an answer is awaited first: of the installation, or of a heartbeat, so that a failing
   * snapshot is not tried without a pause.
   */
  snapshotEnded(index: LogIndex): void {
    assert(this.#state === 'snapshot', 'a snapshot ends that was begun');
    this.probe();
    this.#next = Math.max(this.#next, index + 1);
    this.#waits = true;
  }

  #replicate(): void {
    this.#leaveState('replicate');
    this.#next = this.#match + 1;
  }

  #leaveState(state: ReplicationState): void {
    this.#state = state;
    this.#waits = false;
    this.emptyDue = false;
    this.#pendingSnapshot = 0;
    this.#inflight.clear();
  }

  #backTo(next: LogIndex): void {
    assert(next > this.#match, 'next stays behind match');
    this.#next = next;
  }
}
