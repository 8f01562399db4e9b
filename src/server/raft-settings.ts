import type { Config } from '../config/config-schema.ts';
import { DEFAULT_RAFT_HOST_LIMITS, type RaftHostLimits } from '../raft/host/raft-host-limits.ts';

const TICK_MS_MAX = 50;
/** Bytes of a snapshot's chunk for each point of `[sharding] migration_batch_size`. */
const CHUNK_BYTES_PER_POINT = 1024;
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** The Raft host's bounds as the settings have them; times in ticks of at most 50 ms, rounded so that they come no earlier than set. */
export function raftSettings({ raft, sharding }: Config): RaftHostLimits {
  const { electionTimeoutMs, heartbeatIntervalMs } = raft;
  const tickMs = Math.min(TICK_MS_MAX, heartbeatIntervalMs);
  const heartbeatTicks = Math.max(1, Math.round(heartbeatIntervalMs / tickMs));
  const electionTicks = Math.max(heartbeatTicks + 1, Math.ceil(electionTimeoutMs / tickMs));
  return {
    ...DEFAULT_RAFT_HOST_LIMITS,
    tickMs,
    heartbeatTicks,
    electionTicks,
    ticksAtOnceMax: Math.min(DEFAULT_RAFT_HOST_LIMITS.ticksAtOnceMax, electionTicks - 1),
    appendEntriesMax: raft.maxAppendEntries,
    logEntriesKept: raft.logCompactionThreshold,
    logCompactionEntries: raft.snapshotInterval,
    logBytesKept: raft.logBytesKept,
    snapshotChunkBytes: Math.min(
      CHUNK_BYTES_MAX,
      sharding.migrationBatchSize * CHUNK_BYTES_PER_POINT,
    ),
  };
}
