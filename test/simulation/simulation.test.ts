import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCoreSeed } from './core/run-core-seed.ts';
import type { SeedOutcome } from './run-outcome.ts';
import { runSeed } from './run-seed.ts';

interface FailedSeed {
  readonly seed: number;
  readonly note: string;
}

const corpus = JSON.parse(
  readFileSync(new URL('corpus.json', import.meta.url), 'utf8'),
) as Readonly<Record<'core' | 'cluster', readonly FailedSeed[]>>;
const STEPS = 20_000;

/** What is told of a seed that fails. */
function summary({ seed, outcome, invariant, detail }: SeedOutcome): string {
  return `seed ${seed}: ${outcome} ${invariant ?? ''} ${detail ?? ''}`.trim();
}

describe('simulations of whole nodes', () => {
  test.for([1, 2, 3, 4, 5, 6, 7, 8])('seed %i holds every invariant and settles', async (seed) => {
    expect(summary(await runSeed({ seed, steps: STEPS }))).toBe(`seed ${seed}: ok`);
  });

  test.for(corpus.cluster)('seed $seed, which once failed: $note', async ({ seed }) => {
    expect(summary(await runSeed({ seed, steps: STEPS }))).toBe(`seed ${seed}: ok`);
  });

  test('the same seed gives the same events, another one others', async () => {
    const first = await runSeed({ seed: 11, steps: 8000 });
    const second = await runSeed({ seed: 11, steps: 8000 });
    const other = await runSeed({ seed: 12, steps: 8000 });
    expect(second).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
  });

  test('a few seeds together see every kind of fault, and what it is for', async () => {
    const counts: Record<string, number> = {};
    for (let seed = 1; seed <= 20; seed += 1) {
      const outcome = await runSeed({ seed, steps: 6000 });
      expect(outcome.outcome).toBe('ok');
      for (const what of Object.keys(outcome.counts)) counts[what] = (counts[what] ?? 0) + 1;
    }
    const seen = Object.keys(counts);
    expect(seen).toEqual(expect.arrayContaining(['crash', 'pause', 'partition', 'stallDisk']));
    expect(seen).toEqual(expect.arrayContaining(['installed', 'change done', 'diskFailure']));
    expect(seen).toEqual(expect.arrayContaining(['get', 'set', 'swap', 'session', 'add']));
    expect(seen).toEqual(expect.arrayContaining(['OUTCOME_UNKNOWN', 'SESSION_EXPIRED', 'rotten']));
  });
});

describe('simulations of bare cores', () => {
  test('forty seeds hold every invariant and settle', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      expect(summary(runCoreSeed({ seed, steps: STEPS }))).toBe(`seed ${seed}: ok`);
    }
  });

  test.for(corpus.core)('seed $seed, which once failed: $note', ({ seed }) => {
    expect(summary(runCoreSeed({ seed, steps: STEPS }))).toBe(`seed ${seed}: ok`);
  });

  test('the same seed gives the same events', () => {
    const first = runCoreSeed({ seed: 11, steps: STEPS });
    expect(runCoreSeed({ seed: 11, steps: STEPS })).toEqual(first);
  });
});
