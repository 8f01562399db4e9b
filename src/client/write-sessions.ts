import { type Clock, pause } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { WriteSession } from './write-session.ts';

/** A session at rest for so long is not trusted to be known any more. */
const IDLE_MS_MAX = 600_000;
/** For how long a cluster that keeps no sessions is not asked for one again. */
const NONE_MS = 60_000;
/** Answers that mean that the cluster keeps no sessions at all. */
const NONE_CODES: ReadonlySet<string> = new Set([
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
]);

/** The session that writes are numbered in: opened when it is first needed, replaced by another one when it is forgotten, idle for long, or too wide. */
export class WriteSessions {
  readonly #clock: Clock;
  readonly #open: () => Promise<{ readonly session: string }>;
  #session: WriteSession | undefined;
  #opening: Promise<WriteSession | undefined> | undefined;
  #noneUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly clock: Clock;
    /** Asks the cluster for a session, for as long as a request may take. */
    readonly open: () => Promise<{ readonly session: string }>;
  }) {
    this.#clock = options.clock;
    this.#open = options.open;
  }

  /**
   * Undefined: the cluster keeps no sessions.
   *
   * @param deadlineMs - on the monotonic clock
   * @throws {VectorDbError} what opening one ended with; UNAVAILABLE: it takes longer than until the deadline; CANCELLED
   */
  async current(
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<WriteSession | undefined> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#noneUntilMs) return undefined;
    const session = this.#session;
    if (session?.hasRoom === true && session.idleMs(nowMs) < IDLE_MS_MAX) return session;
    // One session is opened for all who wait, whatever becomes of the one who asked first.
    this.#opening ??= this.#opened().finally(() => {
      this.#opening = undefined;
    });
    const waited = new AbortController();
    const stop = AbortSignal.any([waited.signal, ...(signal === undefined ? [] : [signal])]);
    const late = pause(this.#clock, deadlineMs - nowMs, stop).then(() => {
      if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'given up');
      throw new VectorDbError('UNAVAILABLE', 'no session could be opened in time');
    });
    // It may end after the race, and tells nobody anything then.
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#opening, late]);
    } finally {
      waited.abort();
    }
  }

  /** The session is forgotten by the cluster. */
  discard(session: WriteSession): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #opened(): Promise<WriteSession | undefined> {
    try {
      const { session } = await this.#open();
      this.#session = new WriteSession(session, this.#clock.monotonicMs());
      return this.#session;
    } catch (thrown) {
      if (!(thrown instanceof VectorDbError) || !NONE_CODES.has(thrown.code)) throw thrown;
      this.#noneUntilMs = this.#clock.monotonicMs() + NONE_MS;
      return undefined;
    }
  }
}
