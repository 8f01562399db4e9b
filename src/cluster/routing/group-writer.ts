import type { Clock } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { SessionStamp } from '../../raft/host/command-envelope.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { groupText } from '../catalog/cluster-state.ts';
import { GroupSession } from './group-session.ts';
import { LeaderHint } from './leader-hint.ts';
import { LeadershipWaits } from './leadership-waits.ts';
import { RetryPause } from './retry-pause.ts';
import type { TimeLimit } from './time-limit.ts';
import { verdictOf } from './write-outcome.ts';

/** One attempt of a write: where to send it, and under which number. */
export interface WriteAttempt {
  readonly to: NodeNumber;
  readonly stamp: SessionStamp;
  /** Milliseconds that a node is given to answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface GroupWriterOptions {
  readonly group: GroupId;
  readonly clock: Clock;
  readonly random: Random;
  /** As the replica on this node knows it; 0: it does not, or there is none. */
  readonly leader: () => NodeNumber;
  /** Whether no leader can be reached from here, as far as the replica on this node can tell. */
  readonly isCutOff: () => boolean;
  /** Nodes with a replica. */
  readonly replicas: () => readonly NodeNumber[];
  /** Opens a session by asking a node. */
  readonly openSession: (
    to: NodeNumber,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<number>;
}

const ATTEMPT_MS = 4_000;
const OPEN_MS = 2_000;
const RETRY = { firstMs: 20, longestMs: 2_000 };
/** Less than `SESSION_RESULTS_MAX`, which is what the group keeps. */
const WINDOW_MAX = 896;
/** What a leader refuses that soon has room again, or hands its leadership over. */
const FULL: ReadonlySet<ErrorCode> = new Set(['OVERLOADED', 'DISK_FULL']);
/** Attempts that may be refused so before the caller is told. */
const REFUSALS_MAX = 3;
/** Redirections that are followed at once, one after another. */
const REDIRECTIONS_MAX = 2;

/** What the attempts of one write have come to. */
interface Progress {
  readonly pause: RetryPause;
  told: NodeNumber;
  avoid: NodeNumber;
  redirections: number;
  /** By {@link FULL}. */
  refusals: number;
  /** An attempt may have had an effect. */
  isUnknown: boolean;
  last: VectorDbError | undefined;
}

/**
 * Writes to one group from this node: finds its leader, and tries until the write has ended or its time is over. Writes of this node are numbered in a session
 * of the group, so that one that is sent again is applied once.
 */
export class GroupWriter {
  readonly #options: GroupWriterOptions;
  readonly #hint: LeaderHint;
  readonly #waits: LeadershipWaits;
  #session: GroupSession | undefined;
  #opening: Promise<GroupSession> | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
    this.#hint = new LeaderHint(options);
    this.#waits = new LeadershipWaits(options.group);
  }

  /** What the replica here knows of the leader has changed: who waits for another node, or for a leader, tries again, or is refused. */
  leadershipChanged(): void {
    this.#waits.changed(this.#options.leader(), this.#options.isCutOff());
  }

  /**
   * @param attempt - sends the write; its error says what became of it (see `verdictOf`)
   * @param stamp - the write's number in a session of the caller's own; absent: in this node's
   * @throws {VectorDbError} certainly without effect: UNAVAILABLE, OVERLOADED, DISK_FULL, and what the group refuses; OUTCOME_UNKNOWN; DEADLINE_EXCEEDED where the caller's
   * signal ended it; SESSION_EXPIRED of the caller's own session
   */
  async write<T>(
    attempt: (attempt: WriteAttempt) => Promise<T>,
    limit: TimeLimit,
    stamp?: SessionStamp,
  ): Promise<T> {
    const progress = this.#progress();
    let session: GroupSession | undefined;
    let sequence = 0;
    try {
      while (!this.#isOver(limit)) {
        let to: NodeNumber = 0;
        try {
          if (stamp === undefined && session === undefined) {
            ({ session, sequence } = await this.#number(limit, progress));
          }
          const stamped = stamp ?? session?.stamp(sequence);
          to = this.#target(progress);
          const { signal, leftMs } = limit;
          const timeoutMs = Math.min(leftMs, ATTEMPT_MS);
          const sent = attempt({ to, stamp: stamped as SessionStamp, timeoutMs, signal });
          const result = await this.#waits.answer(to, sent);
          this.#hint.learn(to);
          return result;
        } catch (thrown) {
          const error = toVectorDbError(thrown);
          if (error.code === 'SESSION_EXPIRED' && session !== undefined && !progress.isUnknown) {
            if (this.#session === session) this.#session = undefined;
            session.end(sequence);
            session = undefined;
          }
          await this.#failed(error, to, progress, limit, stamp === undefined);
        }
      }
      throw this.#overdue(progress, limit);
    } finally {
      session?.end(sequence);
    }
  }

  /** Opens a session for somebody outside. @throws {VectorDbError} UNAVAILABLE, OVERLOADED, DEADLINE_EXCEEDED */
  async openSession(limit: TimeLimit): Promise<number> {
    const progress = this.#progress();
    while (!this.#isOver(limit)) {
      const to = this.#hint.pick(progress.told, progress.avoid);
      try {
        return await this.#open(to, limit.leftMs, limit.signal);
      } catch (thrown) {
        await this.#failed(toVectorDbError(thrown), to, progress, limit, false);
        // What was opened and not heard of does no harm.
        progress.isUnknown = false;
      }
    }
    throw this.#overdue(progress, limit);
  }

  /** Who is cut off would wait in vain, and its caller may reach a node that is not. */
  #isOver(limit: TimeLimit): boolean {
    return limit.isOver || this.#options.isCutOff();
  }

  /** The error of a write whose time is over. */
  #overdue({ isUnknown, last }: Progress, limit: TimeLimit): VectorDbError {
    const { group, isCutOff } = this.#options;
    const cutOff = isCutOff() ? ': this node is cut off from those that could decide' : '';
    const why = last === undefined ? cutOff : `: ${last.message}`;
    if (limit.isGivenUp) {
      const effect = isUnknown ? 'it may have taken effect, or may yet' : 'it has no effect';
      return new VectorDbError('DEADLINE_EXCEEDED', `${groupText(group)}: ${effect}${why}`);
    }
    if (isUnknown) return unknown(group, last);
    if (last !== undefined && FULL.has(last.code)) return last;
    const text = `${groupText(group)}: the write has no effect${why}`;
    return new VectorDbError('UNAVAILABLE', text, { cause: last });
  }

  #progress(): Progress {
    const pause = new RetryPause({ ...this.#options, ...RETRY });
    const counts = { told: 0, avoid: 0, redirections: 0, refusals: 0 };
    return { pause, ...counts, isUnknown: false, last: undefined };
  }

  #target(progress: Progress): NodeNumber {
    const to = this.#hint.pick(progress.told, progress.avoid);
    if (to !== 0) return to;
    throw new VectorDbError(
      'NOT_READY',
      `${groupText(this.#options.group)}: no node is known to have it`,
    );
  }

  /** The next number of this node's session, which is opened where there is none. */
  async #number(
    limit: TimeLimit,
    progress: Progress,
  ): Promise<{ readonly session: GroupSession; readonly sequence: number }> {
    for (;;) {
      const session = this.#session ?? (await this.#openShared(limit, progress));
      const sequence = session.take();
      if (sequence !== undefined) return { session, sequence };
      const room = session.room();
      try {
        await limit.race(room.promise, () => this.#noRoom());
      } finally {
        room.forget();
      }
    }
  }

  #noRoom(): VectorDbError {
    const text = `${groupText(this.#options.group)}: too many writes of this node are under way`;
    return new VectorDbError('OVERLOADED', text);
  }

  /** All who wait for a session share one attempt to open it. */
  #openShared(limit: TimeLimit, progress: Progress): Promise<GroupSession> {
    if (this.#opening === undefined) {
      const to = this.#target(progress);
      this.#opening = this.#openOnce(to).finally(() => {
        this.#opening = undefined;
      });
      this.#opening.catch(() => undefined);
    }
    return limit.race(this.#opening, () => notOpened(this.#options.group));
  }

  async #openOnce(to: NodeNumber): Promise<GroupSession> {
    const given = new AbortController();
    const timer = this.#options.clock.after(OPEN_MS, () => given.abort());
    try {
      const id = await this.#open(to, OPEN_MS, given.signal);
      this.#session = new GroupSession(id, WINDOW_MAX);
      return this.#session;
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      this.#hint.forget(to);
      // Nothing was written yet, whatever became of the session.
      if (verdictOf(error) !== 'unknown') throw error;
      throw new VectorDbError('NOT_LEADER', `no session was opened: ${error.message}`);
    } finally {
      timer.cancel();
    }
  }

  async #open(to: NodeNumber, leftMs: number, signal: AbortSignal): Promise<number> {
    const timeoutMs = Math.min(leftMs, ATTEMPT_MS);
    const asked = this.#options.openSession(to, { timeoutMs, signal });
    const id = await this.#waits.answer(to, asked);
    this.#hint.learn(to);
    return id;
  }

  /** Takes the error of an attempt in: throws it where it is the end, or waits before the next attempt. */
  async #failed(
    error: VectorDbError,
    to: NodeNumber,
    progress: Progress,
    limit: TimeLimit,
    isOwnSession: boolean,
  ): Promise<void> {
    const verdict = verdictOf(error);
    const { group } = this.#options;
    // A session of the caller's own: what became of the write is for the caller to find out.
    if (verdict === 'forgotten' && !isOwnSession) throw error;
    if (verdict === 'forgotten' && progress.isUnknown) throw unknown(group, error);
    if (FULL.has(error.code)) progress.refusals += 1;
    if (verdict === 'final' || progress.refusals > REFUSALS_MAX) {
      // It says of this attempt that it has no effect, not of those before.
      throw progress.isUnknown ? unknown(group, error) : error;
    }
    progress.last = error;
    progress.isUnknown ||= verdict === 'unknown';
    this.#redirect(error, to, progress);
    const { leaderNode = 0, retryAfterMs } = error;
    const isRedirected = leaderNode !== 0 && leaderNode !== to;
    if (isRedirected && progress.redirections < REDIRECTIONS_MAX) {
      progress.redirections += 1;
      return;
    }
    progress.redirections = 0;
    if (this.#isOver(limit)) return;
    const pause = (signal: AbortSignal): Promise<void> =>
      progress.pause.next(limit.leftMs, signal, retryAfterMs);
    // A full queue is not emptied by another leader.
    if (FULL.has(error.code)) await pause(limit.signal);
    // Who failed before may lead now.
    else if (await this.#waits.pause(limit.signal, pause)) progress.avoid = 0;
  }

  #redirect(error: VectorDbError, to: NodeNumber, progress: Progress): void {
    progress.told = error.leaderNode ?? 0;
    // A leader that is full, or a stale number, is no reason to go elsewhere.
    const isThere = FULL.has(error.code) || error.code === 'STALE_EPOCH';
    progress.avoid = isThere || progress.told === to ? 0 : to;
    if (!isThere) this.#hint.forget(to);
  }
}

function unknown(group: GroupId, cause: VectorDbError | undefined): VectorDbError {
  const why = cause === undefined ? '' : ` (${cause.message})`;
  return new VectorDbError(
    'OUTCOME_UNKNOWN',
    `${groupText(group)}: the write may have taken effect, or may yet${why}`,
    { cause },
  );
}

function notOpened(group: GroupId): VectorDbError {
  return new VectorDbError('NOT_LEADER', `${groupText(group)}: no session was opened in time`);
}
