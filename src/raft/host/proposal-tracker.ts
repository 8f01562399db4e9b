import type { EntryId, LogIndex, Term } from '../core/entry.ts';
import type { GroupId } from '../log/log-storage.ts';
import { deadlineExceeded, entryLost, outcomeUnknown } from './refusal.ts';
import type { ReplicaId } from '../core/configuration.ts';

interface Proposal<T> {
  readonly term: Term;
  readonly resolve: (outcome: T) => void;
  readonly reject: (error: Error) => void;
  /** Ticks until it is given up; undefined while its leader leads. */
  ticksLeft: number | undefined;
}

export interface ProposalTrackerOptions {
  readonly group: GroupId;
  /** Ticks that a proposal waits for certainty once its leader lost leadership. */
  readonly outcomeWaitTicks: number;
  /** Who leads, for those whose entry is lost; 0: not known. */
  readonly leader: () => ReplicaId;
}

/**
 * Entries of this replica, as leader, whose proposers wait. An entry ends as applied, as certainly lost (another one was committed where it
 * would have to be), or as unknown: never as failed just because the leader changed (it may be committed by the next one, thesis 6.3).
 */
export class ProposalTracker<T> {
  readonly #options: ProposalTrackerOptions;
  readonly #proposals = new Map<LogIndex, Proposal<T>[]>();
  #size = 0;
  #lastTerm: Term = 0;

  constructor(options: ProposalTrackerOptions) {
    this.#options = options;
  }

  /** Proposals without an outcome. */
  get size(): number {
    return this.#size;
  }

  /**
   * The outcome of an entry that is in this leader's log.
   *
   * @throws {VectorDbError} NOT_LEADER: it never takes effect; OUTCOME_UNKNOWN, DEADLINE_EXCEEDED: it may
   */
  add(id: EntryId, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#take(id.index, proposal);
        reject(deadlineExceeded(this.#options.group, 'not applied in time; it may take effect'));
      };
      const settled = (): void => signal?.removeEventListener('abort', abort);
      const proposal: Proposal<T> = {
        term: id.term,
        ticksLeft: undefined,
        resolve: (outcome) => {
          settled();
          resolve(outcome);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.#proposals.set(id.index, [...(this.#proposals.get(id.index) ?? []), proposal]);
      this.#size += 1;
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  /**
   * The entry was applied here. To be called for every applied entry that has an outcome or may displace one, in order. Where a proposal had its place, the other
   * one is lost, be it of a newer term: a leader that never had it may have brought an older entry to a majority (thesis 3.6.2, figure 3.7).
   */
  applied(id: EntryId, outcome: T): void {
    this.#displace(id);
    for (const proposal of this.#proposals.get(id.index) ?? []) {
      this.#take(id.index, proposal);
      if (proposal.term === id.term) proposal.resolve(outcome);
      else proposal.reject(entryLost(this.#options.group, this.#options.leader()));
    }
  }

  /** What was proposed before `term` has lost its leader, and waits for certainty a while. */
  leadershipLost(): void {
    for (const proposals of this.#proposals.values()) {
      for (const proposal of proposals) proposal.ticksLeft ??= this.#options.outcomeWaitTicks;
    }
  }

  tick(): void {
    if (this.#size === 0) return;
    for (const [index, proposals] of this.#proposals) {
      for (const proposal of proposals) {
        if (proposal.ticksLeft === undefined) continue;
        proposal.ticksLeft -= 1;
        if (proposal.ticksLeft > 0) continue;
        this.#take(index, proposal);
        proposal.reject(outcomeUnknown(this.#options.group, 'the leader changed'));
      }
    }
  }

  /** A snapshot took the place of the entries up to `last`: nobody here saw what they were. */
  skipped(last: EntryId): void {
    this.#rejectAll((each) => each <= last.index, 'a snapshot took the place of its entry');
    this.#displace(last);
  }

  /** Nothing will be learnt here any more. */
  close(why: string): void {
    this.#rejectAll(() => true, why);
  }

  /**
   * The first entry of a new term is committed at `id.index`: an entry of an older term at or behind it would have to have a predecessor that
   * is not there (Log Matching, thesis 3.5), so it never takes effect.
   */
  #displace(id: EntryId): void {
    if (id.term <= this.#lastTerm) return;
    this.#lastTerm = id.term;
    for (const [index, proposals] of this.#proposals) {
      if (index < id.index) continue;
      for (const proposal of proposals) {
        if (proposal.term >= id.term) continue;
        this.#take(index, proposal);
        proposal.reject(entryLost(this.#options.group, this.#options.leader()));
      }
    }
  }

  #rejectAll(concerns: (index: LogIndex) => boolean, why: string): void {
    for (const [index, proposals] of this.#proposals) {
      if (!concerns(index)) continue;
      for (const proposal of proposals) {
        this.#take(index, proposal);
        proposal.reject(outcomeUnknown(this.#options.group, why));
      }
    }
  }

  #take(index: LogIndex, proposal: Proposal<T>): void {
    const all = this.#proposals.get(index) ?? [];
    const left = all.filter((other) => other !== proposal);
    this.#size -= all.length - left.length;
    if (left.length === 0) this.#proposals.delete(index);
    else this.#proposals.set(index, left);
  }
}
