import { expect, test } from 'vitest';
import { crashRun } from '../support/crash/crash-run.ts';

const ROUNDS = 3;
const SEED = 20_261_121;

test('a server killed while clients write keeps what it acknowledged, whole', async () => {
  const { acknowledged } = await crashRun({ rounds: ROUNDS, seed: SEED });
  expect(acknowledged).toBeGreaterThan(ROUNDS);
});
