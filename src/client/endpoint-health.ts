import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { AttemptFailure, Endpoint } from './endpoint.ts';

/** Doubtful failures in a row after which an endpoint gets no more requests. */
const DOUBTS_MAX = 3;
const PROBE_MS_FIRST = 250;
const PROBE_MS_MAX = 10_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Weight of the newest time in the mean. */
const LATENCY_WEIGHT = 0.2;
/** Answers that say that the node serves nobody at present. */
const DOWN_CODES: ReadonlySet<string> = new Set(['NOT_READY', 'SHUTTING_DOWN', 'STORAGE_FAILED']);
/** Answers that may have to do with where the node stands in its cluster. */
const DOUBT_CODES: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'NOT_LEADER',
  'OUTCOME_UNKNOWN',
  'INTERNAL',
]);

/**
 * How an endpoint has done of late: a circuit that opens after failures, and closes again once a probe finds the node ready. Probes come at growing intervals.
 */
export class EndpointHealth {
  readonly endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #random: Random;
  #state: 'closed' | 'open' | 'disposed' = 'closed';
  #doubts = 0;
  #probeMs = PROBE_MS_FIRST;
  #probe: Timer | undefined;
  #underWay = 0;
  #latencyMs = 0;

  constructor(options: {
    readonly endpoint: Endpoint;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.endpoint = options.endpoint;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Whether requests may go there. */
  get isUsable(): boolean {
    return this.#state === 'closed';
  }

  /** The larger, the longer a further request is likely to take. */
  get load(): number {
    return (this.#latencyMs + 1) * (this.#underWay + 1) * (this.#doubts + 1);
  }

  /** A request begins; call what comes back when it has ended. */
  begin(): (failure: AttemptFailure | undefined) => void {
    const startedMs = this.#clock.monotonicMs();
    this.#underWay += 1;
    return (failure) => {
      this.#underWay -= 1;
      const tookMs = this.#clock.monotonicMs() - startedMs;
      this.#latencyMs += LATENCY_WEIGHT * (tookMs - this.#latencyMs);
      this.#judge(failure);
    };
  }

  [Symbol.dispose](): void {
    this.#state = 'disposed';
    this.#probe?.cancel();
    this.endpoint.close();
  }

  #judge(failure: AttemptFailure | undefined): void {
    if (failure === undefined || this.#isAnswerLikeAnother(failure)) {
      this.#doubts = 0;
      return;
    }
    // The caller's own haste says nothing about the node.
    if (failure.error.code === 'CANCELLED') return;
    this.#doubts += 1;
    const isDown = failure.kind === 'unsent' || DOWN_CODES.has(failure.error.code);
    if (isDown || this.#doubts >= DOUBTS_MAX) this.#open();
  }

  #isAnswerLikeAnother({ kind, error: { code } }: AttemptFailure): boolean {
    return kind === 'answered' && !DOWN_CODES.has(code) && !DOUBT_CODES.has(code);
  }

  #open(): void {
    if (this.#state !== 'closed') return;
    this.#state = 'open';
    this.#probeMs = PROBE_MS_FIRST;
    this.#awaitProbe();
  }

  #awaitProbe(): void {
    const waitMs = this.#probeMs * (0.5 + this.#random.next() / 2);
    this.#probe = this.#clock.after(waitMs, () => void this.#look());
    this.#probeMs = Math.min(PROBE_MS_MAX, this.#probeMs * 2);
  }

  async #look(): Promise<void> {
    const isReady = await this.endpoint.probe(PROBE_TIMEOUT_MS);
    if (this.#state !== 'open') return;
    if (!isReady) {
      this.#awaitProbe();
      return;
    }
    this.#state = 'closed';
    this.#doubts = 0;
  }
}
