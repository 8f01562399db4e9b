import type { SeedOutcome } from '../run-outcome.ts';
import { installMutant } from './install-mutant.ts';
import type { Mutant } from './mutant.ts';

/** How hard a mutant is looked for. */
export interface HuntOptions {
  /** The first seed. */
  readonly first: number;
  /** Seeds that are tried, at most. */
  readonly seeds: number;
  /** Events under faults, of each. */
  readonly steps: number;
}

/** What a hunt came to: the seed that shows the mutant, or none. */
export interface Catch {
  readonly tried: number;
  readonly events: number;
  readonly caught:
    | { readonly seed: number; readonly invariant: string; readonly detail: string }
    | undefined;
}

/** Simulates seed after seed until one fails. A process hunts one mutant, since it stays in what is loaded; undefined: none, and all must be well. */
export async function hunt(
  mutant: Mutant | undefined,
  mode: Mutant['mode'],
  { first, seeds, steps }: HuntOptions,
): Promise<Catch> {
  if (mutant !== undefined) installMutant(mutant);
  const run = await runnerOf(mode);
  let events = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await run({ seed, steps });
    events += outcome.events;
    if (outcome.outcome === 'ok') continue;
    const { invariant = outcome.outcome, detail = '' } = outcome;
    return { tried: seed - first + 1, events, caught: { seed, invariant, detail } };
  }
  return { tried: seeds, events, caught: undefined };
}

type Runner = (options: { readonly seed: number; readonly steps: number }) => Promise<SeedOutcome>;

// Loaded after the mutant was installed.
async function runnerOf(mode: Mutant['mode']): Promise<Runner> {
  if (mode === 'cluster') return (await import('../run-seed.ts')).runSeed;
  if (mode === 'nodes') return (await import('../nodes/run-nodes-seed.ts')).runNodesSeed;
  const { runCoreSeed } = await import('../core/run-core-seed.ts');
  return async (options) => runCoreSeed(options);
}
