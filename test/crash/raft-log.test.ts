import { expect, test } from 'vitest';
import { logKillRounds } from '../support/raft/log-kill-rounds.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 200);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

test(`a process killed ${rounds} times while it writes Raft logs loses nothing (seed ${seed})`, async () => {
  const report = await logKillRounds(rounds, seed);
  process.stdout.write(`${JSON.stringify({ seed, rounds, ...report })}\n`);
  expect(report.acknowledged).toBeGreaterThan(10 * rounds);
});
