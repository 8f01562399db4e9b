import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Output } from './terminal/output.ts';

/** All that a command has of the world around it, beside files and the server. */
export interface CliContext {
  /** What was asked for, and nothing else. */
  readonly stdout: Output;
  /** Progress, notes and errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the user asks to stop: commands end cleanly and soon. */
  readonly signal: AbortSignal;
}
