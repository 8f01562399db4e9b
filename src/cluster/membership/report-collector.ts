import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { NodeReport } from '../call/node-report.ts';
import type { NodeCondition } from '../placement/placement-input.ts';

/** What a node said of itself, and when it was asked. */
export interface HeardReport {
  readonly report: NodeReport;
  /** By the monotonic clock of who asked; the report is not older. */
  readonly askedMs: number;
}

export interface ReportCollectorOptions {
  readonly clock: Clock;
  readonly caller: NodeCaller;
  /** Milliseconds without an answer after which a node counts as silent. */
  readonly silentMs: number;
  /** Milliseconds without an answer after which a node counts as lost. */
  readonly lostMs: number;
}

const TIMEOUT_MS = 2_000;
/** The most that passes between two rounds as far as silence is concerned: a pause of this process is not the others' silence. */
const STEP_MAX_MS = 1_000;

interface Watched {
  heard: HeardReport | undefined;
  silentMs: number;
  isAsked: boolean;
}

/** Asks all nodes how they are, each as often as it answers, and knows who does not. */
export class ReportCollector {
  readonly #options: ReportCollectorOptions;
  #watched = new Map<NodeNumber, Watched>();
  #lastMs: number | undefined;

  constructor(options: ReportCollectorOptions) {
    this.#options = options;
  }

  /** Begins anew: nobody is silent yet, and nobody has said anything. */
  begin(): void {
    this.#watched = new Map();
    this.#lastMs = undefined;
  }

  /** Asks each of these nodes that is not being asked; the others are not watched any more. To be called a few times a second. */
  ask(nodes: readonly NodeNumber[], signal: AbortSignal): void {
    const now = this.#options.clock.monotonicMs();
    const step = Math.min(STEP_MAX_MS, now - (this.#lastMs ?? now));
    this.#lastMs = now;
    const wanted = new Set(nodes);
    for (const node of this.#watched.keys()) if (!wanted.has(node)) this.#watched.delete(node);
    for (const node of nodes) {
      const watched = this.#watch(node);
      watched.silentMs += step;
      if (!watched.isAsked) void this.#ask(node, watched, signal);
    }
  }

  /** What a node said last; undefined: nothing since {@link begin}. */
  heard(node: NodeNumber): HeardReport | undefined {
    return this.#watched.get(node)?.heard;
  }

  /** Milliseconds since a node answered, or since {@link begin}; undefined: it is not watched. */
  silentMs(node: NodeNumber): number | undefined {
    return this.#watched.get(node)?.silentMs;
  }

  /** Of all nodes that are watched. */
  get conditions(): ReadonlyMap<NodeNumber, NodeCondition> {
    const { silentMs, lostMs } = this.#options;
    return new Map(
      [...this.#watched].map(([node, watched]) => {
        if (watched.silentMs >= lostMs) return [node, 'lost'];
        return [node, watched.silentMs >= silentMs ? 'silent' : 'alive'];
      }),
    );
  }

  /** All reports of nodes that are not silent. */
  get reports(): readonly NodeReport[] {
    const { silentMs } = this.#options;
    return [...this.#watched.values()].flatMap(({ heard, silentMs: silent }) =>
      heard === undefined || silent >= silentMs ? [] : [heard.report],
    );
  }

  #watch(node: NodeNumber): Watched {
    const known = this.#watched.get(node);
    if (known !== undefined) return known;
    const watched = { heard: undefined, silentMs: 0, isAsked: false };
    this.#watched.set(node, watched);
    return watched;
  }

  async #ask(node: NodeNumber, watched: Watched, signal: AbortSignal): Promise<void> {
    const { caller, clock } = this.#options;
    const askedMs = clock.monotonicMs();
    watched.isAsked = true;
    try {
      const report = await caller.call(node, { kind: 'report' }, { timeoutMs: TIMEOUT_MS, signal });
      watched.heard = { report, askedMs };
      watched.silentMs = 0;
    } catch (error) {
      // Silence is what it comes to.
      if (!(error instanceof VectorDbError)) throw error;
    } finally {
      watched.isAsked = false;
    }
  }
}
