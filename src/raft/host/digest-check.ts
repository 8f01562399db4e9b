import type { LogIndex } from '../core/entry.ts';
import type { GroupId } from '../log/log-storage.ts';

/** Two replicas have applied the same entries and hold different states: one of them is wrong, by a bug or a damaged disk. */
export interface DigestMismatch {
  readonly group: GroupId;
  readonly index: LogIndex;
  /** Of this replica. */
  readonly own: string;
  /** Of the leader that asked for the check. */
  readonly reported: string;
}

const KEPT_MAX = 8;

/**
 * Compares states of replicas: an entry makes every replica take its digest at that index; a second one carries the leader's, and each compares. A replica that did
 * not take part, since it restarted or took a snapshot meanwhile, compares nothing.
 */
export class DigestCheck {
  readonly #group: GroupId;
  readonly #onMismatch: (mismatch: DigestMismatch) => void;
  readonly #digests = new Map<LogIndex, string>();

  constructor(group: GroupId, onMismatch: (mismatch: DigestMismatch) => void) {
    this.#group = group;
    this.#onMismatch = onMismatch;
  }

  /** This replica's digest after the entry; the last few are kept. */
  taken(index: LogIndex, digest: string): void {
    this.#digests.set(index, digest);
    const [eldest] = this.#digests.keys();
    if (this.#digests.size > KEPT_MAX && eldest !== undefined) this.#digests.delete(eldest);
  }

  /** The leader's digest after the entry. */
  reported(index: LogIndex, digest: string): void {
    const own = this.#digests.get(index);
    this.#digests.delete(index);
    if (own === undefined || own === digest) return;
    this.#onMismatch({ group: this.#group, index, own, reported: digest });
  }
}
