/** How a simulation of one seed ended. `stuck`: it does not converge after it was healed; `unknown`: a history could not be judged. */
export interface SeedOutcome {
  readonly seed: number;
  readonly outcome: 'ok' | 'violation' | 'stuck' | 'unknown';
  /** What does not hold. */
  readonly invariant?: string;
  readonly detail?: string;
  /** Events that ran. */
  readonly events: number;
  /** Of everything that happened; a seed always has the same. */
  readonly hash: string;
  /** The options that were drawn from the seed, for people. */
  readonly options: string;
  /** The newest events; empty where all is well. */
  readonly newest: readonly string[];
  /** What happened how often; for people, and to see that a simulation does what it is for. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Which seed, and how much of it. */
export interface RunOptions {
  readonly seed: number;
  /** Events of the phase with faults. */
  readonly steps: number;
  /** Gets every event as a line. */
  readonly trace?: (line: string) => void;
}
