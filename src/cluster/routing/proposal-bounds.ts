import { type Deferred, deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';

export interface ProposalBoundsOptions {
  /** Proposals that may be under way. */
  readonly proposalsMax: number;
  /** Bytes of commands that may be under way; one command alone is always taken. */
  readonly bytesMax: number;
  /** What callers are told to wait where there is no room. */
  readonly retryAfterMs: number;
}

/** Counts what is under way, refuses more than the bounds permit, and tells when all has ended. */
export class ProposalBounds {
  readonly #options: ProposalBoundsOptions;
  #proposals = 0;
  #bytes = 0;
  #isDraining = false;
  #idle: Deferred<void> | undefined;

  constructor(options: ProposalBoundsOptions) {
    this.#options = options;
  }

  get proposals(): number {
    return this.#proposals;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {VectorDbError} OVERLOADED, SHUTTING_DOWN */
  enter(bytes: number): void {
    if (this.#isDraining) throw new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    const { proposalsMax, bytesMax, retryAfterMs } = this.#options;
    const fits =
      this.#proposals < proposalsMax && (this.#proposals === 0 || this.#bytes + bytes <= bytesMax);
    if (!fits)
      throw new VectorDbError('OVERLOADED', 'too many writes are waiting', { retryAfterMs });
    this.#proposals += 1;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#proposals -= 1;
    this.#bytes -= bytes;
    if (this.#proposals === 0) this.#idle?.resolve();
  }

  /** Takes nothing more; resolves when all that was taken has ended. */
  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#proposals === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }
}
