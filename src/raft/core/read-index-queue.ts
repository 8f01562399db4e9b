import type { ReplicaId } from './configuration.ts';
import type { LogIndex } from './entry.ts';

/** A read that a replica asked for, under that replica's own number. */
export interface ReadQuestion {
  readonly from: ReplicaId;
  readonly context: number;
}

/** A read that may be served once `index` is applied, if the leader still leads. */
export interface ReadAnswer extends ReadQuestion {
  readonly index: LogIndex;
}

/**
 * A leader's reads (thesis 6.4). A read waits for the term's first commit, since before it the leader does not know what is committed; then its index
 * is fixed, and it waits for a round of heartbeats that begins afterwards. Rounds are numbered by the leader, never by who asks, so that no answer confirms
 * another read than those before its round (trap 22).
 */
export class ReadIndexQueue {
  readonly #pendingMax: number;
  #waiting: ReadQuestion[] = [];
  readonly #started: (ReadAnswer & { readonly round: number })[] = [];
  #newest = 0;
  #sent = 0;

  constructor(pendingMax: number) {
    this.#pendingMax = pendingMax;
  }

  /** Reads that are not answered yet. */
  get size(): number {
    return this.#waiting.length + this.#started.length;
  }
  get isFull(): boolean {
    return this.size >= this.#pendingMax;
  }
  /** Whether a round has to begin. */
  get roundDue(): boolean {
    return this.#newest > this.#sent;
  }
  /** Of the newest round. */
  get round(): number {
    return this.#newest;
  }
  /** Whether answers to heartbeats are wanted. */
  get isConfirming(): boolean {
    return this.#started.length > 0;
  }

  /** @param commit - the commit index; undefined before the first commit of the term */
  ask(question: ReadQuestion, commit: LogIndex | undefined): void {
    if (commit === undefined) this.#waiting.push(question);
    else this.#started.push({ ...question, index: commit, round: this.nextRound() });
  }

  /** The term has its first commit. */
  start(commit: LogIndex): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const question of waiting) this.ask(question, commit);
  }

  /** A round that has not begun: all that is asked until it does shares it. */
  nextRound(): number {
    if (this.#newest === this.#sent) this.#newest += 1;
    return this.#newest;
  }

  /** The heartbeats of the newest round go out. */
  roundSent(): void {
    this.#sent = this.#newest;
  }

  /** Takes the reads that all rounds up to `round` confirm. */
  confirm(round: number): readonly ReadAnswer[] {
    const waits = this.#started.findIndex((read) => read.round > round);
    return this.#started.splice(0, waits < 0 ? this.#started.length : waits);
  }
}
