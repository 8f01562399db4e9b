import { describe, expect, test } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/config-schema.ts';
import { readMachine } from '../config/machine.ts';
import { assertLimits } from '../raft/host/raft-host-limits.ts';
import { raftSettings } from './raft-settings.ts';

function configOf(...argv: string[]): Config {
  const loaded = loadConfig({ argv, env: {}, readFile: () => '', machine: readMachine() });
  if (loaded.command !== 'run') throw new Error('settings were refused');
  return loaded.config;
}

describe('the Raft host', () => {
  test('elects and beats at the times of the settings', () => {
    const limits = raftSettings(configOf());
    expect(limits).toMatchObject({ tickMs: 50, electionTicks: 20, heartbeatTicks: 5 });
  });

  test('has finer ticks where heartbeats are faster', () => {
    const limits = raftSettings(
      configOf('--raft.election_timeout_ms=101', '--raft.heartbeat_interval_ms=20'),
    );
    expect(limits).toMatchObject({ tickMs: 20, electionTicks: 6, heartbeatTicks: 1 });
  });

  test('keeps the log, and sends pieces, as the settings say', () => {
    const limits = raftSettings(
      configOf(
        '--raft.log_compaction_threshold=7',
        '--raft.snapshot_interval=9',
        '--raft.log_bytes_kept=70000',
        '--raft.max_append_entries=11',
        '--sharding.migration_batch_size=13',
      ),
    );
    expect(limits).toMatchObject({
      logEntriesKept: 7,
      logCompactionEntries: 9,
      logBytesKept: 70_000,
      appendEntriesMax: 11,
      snapshotChunkBytes: 13 * 1024,
    });
  });

  test.each(['10', '50', '99', '600000'])('takes an election timeout of %s ms', (timeoutMs) => {
    const beatMs = String(Math.min(250, Math.floor(Number(timeoutMs) / 2)));
    const config = configOf(
      `--raft.election_timeout_ms=${timeoutMs}`,
      `--raft.heartbeat_interval_ms=${beatMs}`,
    );
    expect(() => assertLimits(raftSettings(config))).not.toThrow();
  });
});
