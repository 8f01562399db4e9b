import { type Clock, pause } from '../base/clock.ts';
import { ERROR_CODES } from '../base/error-codes.ts';
import { VectorDbError } from '../base/error.ts';
import type { Random } from '../base/random.ts';
import type { ClientAnswers, ClientRequest } from './client-request.ts';
import type { AttemptFailure, AttemptOutcome, RequestStamp } from './endpoint.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { retryDelayMs } from './retry-delay.ts';

/**
 * When a request may be sent again. `always`: it changes nothing, or is applied once however often it comes. `untaken`: where no node can have begun it.
 * `unsent`: where no node can have got it, as of a write of many parts, of which some may be done when another one is refused.
 */
export type Repeatable = 'always' | 'untaken' | 'unsent';

export interface RunOptions {
  readonly isWrite: boolean;
  readonly repeatable: Repeatable;
  /** Of the whole request, on the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Asked before each attempt. */
  readonly stamp?: (() => RequestStamp) | undefined;
}

export interface RequestRunsOptions {
  readonly pool: EndpointPool;
  readonly clock: Clock;
  readonly random: Random;
  /** Of one attempt that may be made again. */
  readonly attemptTimeoutMs: number;
}

/** Attempts of one request; more are of no use to anybody. */
const ATTEMPTS_MAX = 200;
/** Answers by which a node says that it began nothing. */
const UNTAKEN_CODES: ReadonlySet<string> = new Set([
  'NOT_READY',
  'NOT_LEADER',
  'OVERLOADED',
  'MEMORY_LIMIT',
  'DISK_FULL',
]);

/** Sends requests to one endpoint after the other until one answers, as long as that is right and the deadline permits. */
export class RequestRuns {
  readonly #options: RequestRunsOptions;

  constructor(options: RequestRunsOptions) {
    this.#options = options;
  }

  /**
   * @throws {VectorDbError} what a node answered; OUTCOME_UNKNOWN: a write that may have been applied, or will be; UNAVAILABLE: no endpoint could be reached;
   * CANCELLED
   */
  async run<R extends ClientRequest>(
    request: R,
    run: RunOptions,
  ): Promise<ClientAnswers[R['kind']]> {
    const { pool, clock } = this.#options;
    const tried = new Set<EndpointHealth>();
    let mayBeApplied = false;
    let round = 0;
    for (let attempt = 1; ; attempt += 1) {
      const health = pool.choose(run.isWrite, tried);
      const outcome = await this.#attempt(request, health, run);
      if (outcome.ok) return outcome.answer;
      const { failure } = outcome;
      mayBeApplied ||= run.isWrite && isUncertain(failure);
      const isOver =
        run.signal?.aborted === true ||
        attempt >= ATTEMPTS_MAX ||
        clock.monotonicMs() >= run.deadlineMs;
      if (isOver || !mayRepeat(failure, run.repeatable)) throw ending(failure, mayBeApplied);
      tried.add(health);
      // A node that has too much to do would not be helped by sending it all to the next one at once.
      if (pool.hasFresh(tried) && failure.error.code !== 'OVERLOADED') continue;
      tried.clear();
      const waitMs = retryDelayMs(round, failure.error.retryAfterMs, this.#options.random);
      round += 1;
      if (clock.monotonicMs() + waitMs >= run.deadlineMs) {
        throw ending(failure, mayBeApplied);
      }
      await pause(clock, waitMs, run.signal);
    }
  }

  async #attempt<R extends ClientRequest>(
    request: R,
    health: EndpointHealth,
    { repeatable, deadlineMs, signal, stamp }: RunOptions,
  ): Promise<AttemptOutcome<ClientAnswers[R['kind']]>> {
    const { clock, attemptTimeoutMs } = this.#options;
    const leftMs = Math.max(1, Math.ceil(deadlineMs - clock.monotonicMs()));
    // What cannot be asked for again gets all the time there is.
    const timeoutMs = repeatable === 'always' ? Math.min(leftMs, attemptTimeoutMs) : leftMs;
    const end = health.begin();
    const outcome = await health.endpoint.send(request, { timeoutMs, signal, stamp: stamp?.() });
    end(outcome.ok ? undefined : outcome.failure);
    return outcome;
  }
}

function mayRepeat({ kind, error: { code } }: AttemptFailure, repeatable: Repeatable): boolean {
  const mayPass =
    code !== 'CANCELLED' && (ERROR_CODES[code].retryable || code === 'OUTCOME_UNKNOWN');
  if (!mayPass || repeatable === 'always') return mayPass;
  return kind === 'unsent' || (repeatable === 'untaken' && UNTAKEN_CODES.has(code));
}

/** From here on, a status says that the node failed, not the request. */
const NODE_FAILED_STATUS = 500;

/** Whether a write may have been applied all the same, or will be. */
function isUncertain({ kind, error: { code } }: AttemptFailure): boolean {
  if (kind === 'unsent' || UNTAKEN_CODES.has(code)) return false;
  const { http, retryable } = ERROR_CODES[code];
  return (
    kind === 'unanswered' ||
    retryable ||
    http >= NODE_FAILED_STATUS ||
    // It says that this attempt was not applied, and nothing of those before it.
    code === 'SESSION_EXPIRED'
  );
}

function ending({ error }: AttemptFailure, mayBeApplied: boolean): VectorDbError {
  if (!mayBeApplied || error.code === 'OUTCOME_UNKNOWN' || error.code === 'CANCELLED') return error;
  const text = `the write may have been applied: ${error.message}`;
  return new VectorDbError('OUTCOME_UNKNOWN', text, { cause: error });
}
