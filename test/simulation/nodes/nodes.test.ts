import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { SeedOutcome } from '../run-outcome.ts';
import { runNodesSeed } from './run-nodes-seed.ts';

interface FailedSeed {
  readonly seed: number;
  readonly note: string;
}

const corpus = JSON.parse(
  readFileSync(new URL('../corpus.json', import.meta.url), 'utf8'),
) as Readonly<Record<'nodes', readonly FailedSeed[]>>;

/** What is told of a seed that fails. */
function summary({ seed, outcome, invariant, detail }: SeedOutcome): string {
  return `seed ${seed}: ${outcome} ${invariant ?? ''} ${detail ?? ''}`.trim();
}

test('a few seeds hold every invariant and settle, and see what they are for', async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 10; seed += 1) {
    const outcome = await runNodesSeed({ seed, steps: 4000 });
    expect(summary(outcome)).toBe(`seed ${seed}: ok`);
    for (const [what, count] of Object.entries(outcome.counts)) if (count > 0) seen.add(what);
  }
  expect([...seen]).toEqual(expect.arrayContaining(['crash', 'partition', 'installed', 'moves']));
  expect([...seen]).toEqual(
    expect.arrayContaining(['joined a cluster', 'a node has left', 'recycled', 'rebalance done']),
  );
  expect([...seen]).toEqual(
    expect.arrayContaining(['upsert', 'search', 'scroll', 'count', 'get', 'delete', 'deleteIf']),
  );
}, 300_000);

test('the same seed gives the same events, another one others', async () => {
  const first = await runNodesSeed({ seed: 11, steps: 3000 });
  expect(await runNodesSeed({ seed: 11, steps: 3000 })).toEqual(first);
  expect((await runNodesSeed({ seed: 12, steps: 3000 })).hash).not.toBe(first.hash);
});

test.for(corpus.nodes)('seed $seed, which once failed: $note', async ({ seed }) => {
  expect(summary(await runNodesSeed({ seed, steps: 20_000 }))).toBe(`seed ${seed}: ok`);
});
