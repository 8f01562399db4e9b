import { InvariantError } from '../../src/base/assert.ts';
import { Violation } from './invariants/violation.ts';
import type { RunOptions, SeedOutcome } from './run-outcome.ts';
import type { EventQueue } from './world/event-queue.ts';
import { withoutRealMachine } from './world/real-machine-guard.ts';

/** How the phases of a simulation ended. */
export type Ending = Pick<SeedOutcome, 'outcome'> & Partial<SeedOutcome>;

/** What is simulated. */
export interface Simulation {
  readonly queue: EventQueue;
  /** What was drawn from the seed. */
  readonly swarm: object;
  /** Something broke where nobody catches it. */
  fail(error: unknown): void;
  allCounts(): Record<string, number>;
}

/** Runs the phases of a simulation, where nothing of the real machine can be seen. */
export function simulated<S extends Simulation>(
  open: () => S,
  { seed, steps, trace }: RunOptions,
  phases: (simulation: S, steps: number) => Promise<Ending>,
): Promise<SeedOutcome> {
  return withoutRealMachine(async () => {
    const simulation = open();
    const { queue } = simulation;
    if (trace !== undefined) queue.trace.printTo(trace);
    const onUnhandled = (error: unknown): void => simulation.fail(error);
    process.on('unhandledRejection', onUnhandled);
    let ending: Ending;
    try {
      ending = await phases(simulation, steps);
    } catch (error) {
      ending = failure(error);
    } finally {
      process.off('unhandledRejection', onUnhandled);
    }
    return {
      seed,
      events: queue.executed,
      hash: queue.trace.hash,
      options: JSON.stringify(simulation.swarm),
      newest: ending.outcome === 'ok' ? [] : queue.trace.newest(),
      counts: simulation.allCounts(),
      ...ending,
    };
  });
}

function failure(error: unknown): Ending {
  if (error instanceof Violation) {
    return { outcome: 'violation', invariant: error.invariant, detail: error.message };
  }
  if (
    error instanceof InvariantError ||
    error instanceof TypeError ||
    error instanceof RangeError
  ) {
    return { outcome: 'violation', invariant: 'assertion', detail: error.stack ?? error.message };
  }
  throw error;
}
