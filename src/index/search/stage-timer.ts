import type { Clock } from '../../base/clock.ts';

/** Parts of a search on its thread: evaluating the filter, walking graphs, comparing originals, scanning growing segments, reading what is returned. */
export const SEARCH_STAGES = ['filter', 'graph', 'rescore', 'scan', 'fetch'] as const;
export type SearchStage = (typeof SEARCH_STAGES)[number];

/** Where the time of one search goes. */
export class StageTimer {
  readonly #clock: Clock;
  readonly #milliseconds: Partial<Record<SearchStage, number>> = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds of each stage that the search had. */
  get milliseconds(): Readonly<Partial<Record<SearchStage, number>>> {
    return this.#milliseconds;
  }

  measure<T>(stage: SearchStage, action: () => T): T {
    const startedMs = this.#clock.monotonicMs();
    const result = action();
    const passedMs = this.#clock.monotonicMs() - startedMs;
    this.#milliseconds[stage] = (this.#milliseconds[stage] ?? 0) + passedMs;
    return result;
  }
}

/** Carries out a stage, and measures it where there is a timer. */
export function inStage<T>(timer: StageTimer | undefined, stage: SearchStage, action: () => T): T {
  return timer === undefined ? action() : timer.measure(stage, action);
}
