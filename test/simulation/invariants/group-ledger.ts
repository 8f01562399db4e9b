import { crc32 } from 'node:zlib';
import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { LogIndex, Term } from '../../../src/raft/core/entry.ts';
import { ReplicaLedger } from './replica-ledger.ts';
import type { ShadowEntry } from './shadow-log.ts';
import { hold } from './violation.ts';

interface KnownEntry {
  readonly term: Term;
  readonly crc: number;
  readonly previousTerm: Term | undefined;
}

/** An entry that was seen to be committed. */
export interface CommittedEntry {
  readonly term: Term;
  readonly crc: number;
  /** Of the replica that was first to know. */
  readonly byTerm: Term;
}

/** What was ever seen of a group, over all replicas and all their lives. */
export class GroupLedger {
  readonly group: number;
  readonly replicas = new Map<ReplicaId, ReplicaLedger>();
  /** The newest index that any replica knew to be committed; what a group begins with is at 1. */
  commitMax: LogIndex = 1;
  /** Each differs from the one before; all replicas go through them in this order. */
  readonly configurations: Configuration[] = [];
  /** The applied index at which each was seen first. */
  readonly configurationsSeenAt: LogIndex[] = [];
  readonly #known = new Map<LogIndex, KnownEntry[]>();
  readonly #committed = new Map<LogIndex, CommittedEntry>();
  readonly #leaders = new Map<Term, string>();
  readonly #applied = new Map<LogIndex, { readonly command: number; readonly result: number }>();
  readonly #digests = new Map<LogIndex, string>();
  readonly #effects = new Map<string, LogIndex>();
  /** By replica and term: the candidate that a vote went to. */
  readonly #votes = new Map<string, ReplicaId>();

  constructor(group: number) {
    this.group = group;
  }

  /** The ledger of a replica, a new one where it was not seen before. */
  replica(id: ReplicaId): ReplicaLedger {
    let ledger = this.replicas.get(id);
    if (ledger === undefined) {
      ledger = new ReplicaLedger(id);
      this.replicas.set(id, ledger);
    }
    return ledger;
  }

  /** Log Matching (thesis figure 3.2): one entry for an index and term, and one entry before it. */
  entryWritten(entry: ShadowEntry, previousTerm: Term | undefined, by: ReplicaLedger): void {
    const known = this.#known.get(entry.index) ?? [];
    const same = known.find(({ term }) => term === entry.term);
    if (same === undefined) {
      known.push({ term: entry.term, crc: entry.crc, previousTerm });
      this.#known.set(entry.index, known);
    } else {
      hold(
        same.crc === entry.crc &&
          (same.previousTerm === previousTerm ||
            same.previousTerm === undefined ||
            previousTerm === undefined),
        'logMatching',
        () => `${by.name} writes another entry ${entry.index} of term ${entry.term}`,
      );
    }
  }

  /** Election Safety: a term has one leader, and that one once (a replica that forgot is another one). */
  leaderSeen(ledger: ReplicaLedger, term: Term): void {
    const life = `${ledger.name} in life ${ledger.incarnation}`;
    const before = this.#leaders.get(term);
    hold(
      before === undefined || before === life,
      'electionSafety',
      () => `term ${term} of group ${this.group} is led by ${before} and by ${life}`,
    );
    this.#leaders.set(term, life);
  }

  committed(index: LogIndex): CommittedEntry | undefined {
    return this.#committed.get(index);
  }

  /** An entry is committed, for the first time or once more. */
  entryCommitted(entry: ShadowEntry, byTerm: Term, by: ReplicaLedger): void {
    const before = this.#committed.get(entry.index);
    if (before === undefined) {
      this.#committed.set(entry.index, { term: entry.term, crc: entry.crc, byTerm });
      return;
    }
    hold(
      before.term === entry.term && before.crc === entry.crc,
      'committedIsImmutable',
      () =>
        `${by.name} commits entry ${entry.index} of term ${entry.term}; before it was of term ${before.term}`,
    );
  }

  /** State Machine Safety: one command at an index, with one result, whoever applies it. */
  applied(
    index: LogIndex,
    commandBytes: Uint8Array,
    resultBytes: Uint8Array,
    by: ReplicaLedger,
  ): void {
    const command = crc32(commandBytes);
    const result = crc32(resultBytes);
    const before = this.#applied.get(index);
    if (before === undefined) {
      this.#applied.set(index, { command, result });
      return;
    }
    hold(
      before.command === command && before.result === result,
      'stateMachineSafety',
      () => `${by.name} applies another command at ${index}, or with another result`,
    );
  }

  /** Replicas that have applied the same have the same state. */
  digest(index: LogIndex, digest: string, by: ReplicaLedger): void {
    const before = this.#digests.get(index);
    if (before === undefined) this.#digests.set(index, digest);
    hold(
      before === undefined || before === digest,
      'sameState',
      () => `${by.name} has digest ${digest} at ${index}; another replica has ${before}`,
    );
  }

  /** What an operation of a client does, it does at one index (thesis 6.3). */
  effect(operation: string, index: LogIndex, by: ReplicaLedger): void {
    const before = this.#effects.get(operation);
    if (before === undefined) this.#effects.set(operation, index);
    hold(
      before === undefined || before === index,
      'exactlyOnce',
      () => `${by.name} applies operation ${operation} at ${index}; it was applied at ${before}`,
    );
  }

  /** Where an operation was applied. */
  effectOf(operation: string): LogIndex | undefined {
    return this.#effects.get(operation);
  }

  /** Whether a replica ever sent its vote for a candidate in a term. */
  hasVote(replica: ReplicaId, term: Term, candidate: ReplicaId): boolean {
    return this.#votes.get(`${replica}:${term}`) === candidate;
  }

  /** A replica votes for one candidate a term, over all its lives (thesis 3.4). */
  voteSent(ledger: ReplicaLedger, term: Term, candidate: ReplicaId): void {
    const key = `${ledger.replica}:${term}`;
    const before = this.#votes.get(key);
    if (before === undefined) this.#votes.set(key, candidate);
    hold(
      before === undefined || before === candidate,
      'oneVoteATerm',
      () => `${ledger.name} votes for ${candidate} in term ${term}, and voted for ${before}`,
    );
  }
}
