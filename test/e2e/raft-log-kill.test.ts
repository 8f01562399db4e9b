import { expect, test } from 'vitest';
import { logKillRounds } from '../support/raft/log-kill-rounds.ts';

test('a process killed while it writes Raft logs loses nothing that it acknowledged', async () => {
  const { acknowledged, checked } = await logKillRounds(5, 3);
  expect(acknowledged).toBeGreaterThan(100);
  expect(checked).toBeGreaterThan(100);
});
