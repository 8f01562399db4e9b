import type { Entry, EntryId, LogIndex, Term } from '../../../src/raft/core/entry.ts';
import type { ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { HardState } from '../../../src/raft/core/hard-state.ts';
import { shadowOf, ShadowLog, type ShadowWrite } from './shadow-log.ts';
import { hold } from './violation.ts';

/** A log as a restart finds it. */
export interface RecoveredLog {
  readonly hardState: HardState;
  readonly generation: number;
  readonly compacted: EntryId;
  readonly entries: readonly Entry[];
}

/** What is known of one replica over all its lives: what it wrote, and what of that is durable. */
export class ReplicaLedger {
  readonly replica: ReplicaId;
  /** With all that was handed to the log. */
  readonly written = new ShadowLog();
  /** With all that the log has acknowledged. */
  durable = new ShadowLog();
  #unacknowledged: ShadowWrite[] = [];
  /** Counts its processes. */
  incarnation = 0;
  /** Its beginning is durable. */
  isCreated = false;
  /** Its disk is lost, and with it all it knew; what it once had durably still counts. */
  isWiped = false;
  /** Its log was found damaged. */
  isDamaged = false;
  /** Its end is durable: it never comes back. */
  isDestroyed = false;
  /** As it was seen last in this life. */
  status: RaftStatus | undefined;
  /** The newest term that it was seen to lead. */
  ledTerm: Term = 0;
  /** Up to here its commit index was looked at. */
  checkedCommit: LogIndex = 0;
  /** Configuration entries that it wrote as a leader since it was looked at last. */
  ownChanges: LogIndex[] = [];
  /** Which of the group's configurations it has. */
  configurationAt = -1;
  /** The newest that it ever had. */
  configurationMax = -1;

  constructor(replica: ReplicaId) {
    this.replica = replica;
  }

  /** It hands a write to its log. Leaders only append (thesis figure 3.2), and a vote stands (thesis 3.4). */
  wrote(write: ShadowWrite): void {
    const before = this.written.hardState;
    const { hardState } = write;
    // A damaged log may not be sure of it, so that it is destroyed once more.
    hold(
      !this.isDestroyed || write.destroy === true,
      'destroyedStaysDestroyed',
      () => `${this.name} writes again`,
    );
    if (hardState !== undefined) {
      hold(
        hardState.term > before.term ||
          (hardState.term === before.term && (before.vote === 0 || hardState.vote === before.vote)),
        'oneVoteATerm',
        () =>
          `${this.name} voted for ${before.vote} in term ${before.term}, then for ${hardState.vote} in term ${hardState.term}`,
      );
    }
    const first = write.entries?.[0];
    if (first !== undefined && first.index <= this.written.lastIndex) {
      const term = hardState?.term ?? before.term;
      hold(
        term > this.ledTerm,
        'leaderAppendOnly',
        () => `${this.name}, leader of term ${term}, overwrites its entry ${first.index}`,
      );
      hold(
        first.index > this.checkedCommit,
        'committedIsImmutable',
        () =>
          `${this.name} overwrites its entry ${first.index}, committed up to ${this.checkedCommit}`,
      );
    }
    this.written.apply(write);
    this.#unacknowledged.push(write);
  }

  /** The log has acknowledged the oldest `count` writes that it had not. */
  acknowledged(count: number): void {
    for (const write of this.#unacknowledged.splice(0, count)) {
      this.durable.apply(write);
      if (write.create !== undefined) this.isCreated = true;
      if (write.destroy === true) this.isDestroyed = true;
    }
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Its process ended. */
  crashed(): void {
    this.status = undefined;
    this.ownChanges = [];
    this.configurationAt = -1;
  }

  /** A new process has opened its log, and has nothing of it: right where its beginning was not durable yet. */
  absent(): void {
    hold(
      !this.isCreated || this.isDestroyed,
      'nothingAcknowledgedIsLost',
      () => `${this.name} has gone from its log`,
    );
    this.written.become(new ShadowLog());
    this.#unacknowledged = [];
  }

  /** A new process has found its log damaged: it stays silent until it is destroyed. */
  damaged(): void {
    this.isDamaged = true;
    this.#unacknowledged = [];
  }

  /** A new process has found it destroyed. */
  foundDestroyed(): void {
    hold(
      this.isDestroyed || this.#unacknowledged.some(({ destroy }) => destroy === true),
      'nothingAcknowledgedIsLost',
      () => `${this.name} is destroyed in its log, and nobody did that`,
    );
    this.isDestroyed = true;
    this.#unacknowledged = [];
  }

  /**
   * A new process has opened its log, which must hold what was acknowledged, and nothing that was never written: what a crash left of the writes
   * under way is a first part of them.
   */
  recovered(log: RecoveredLog): void {
    const found = new ShadowLog();
    found.apply({
      group: 0,
      snapshot: { last: log.compacted, generation: log.generation },
      hardState: log.hardState,
      entries: log.entries.map(shadowOf),
    });
    const expected = this.durable.copy();
    const differences = [expected.differenceTo(found)];
    for (const write of this.#unacknowledged) {
      if (differences.at(-1) === undefined) break;
      expected.apply(write);
      differences.push(expected.differenceTo(found));
    }
    hold(
      differences.at(-1) === undefined,
      'nothingAcknowledgedIsLost',
      () => `${this.name} opened its log with ${differences.join('; or ')}`,
    );
    this.isCreated = true;
    this.durable = found;
    this.written.become(found);
    this.#unacknowledged = [];
    this.incarnation += 1;
    this.checkedCommit = 0;
  }

  /** For people. */
  get name(): string {
    return `replica ${Math.floor(this.replica / 2 ** 20)}.${this.replica % 2 ** 20}`;
  }
}
