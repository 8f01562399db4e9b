import { expect, test } from 'vitest';
import { crashRun } from '../support/crash/crash-run.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 50);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

test(`a server killed ${rounds} times while clients write keeps what it acknowledged, whole (seed ${seed})`, async () => {
  const report = await crashRun({ rounds, seed });
  process.stdout.write(`${JSON.stringify({ seed, rounds, ...report })}\n`);
  expect(report.acknowledged).toBeGreaterThan(rounds);
});
