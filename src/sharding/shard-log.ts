import type { ApplyResult } from './shard-command.ts';

/**
 * Where a shard's commands get their order and become durable. On one node a sequencer, in a cluster a Raft group: nothing above can tell.
 *
 * Commands of one shard are applied in log order; a proposal resolves after its command is durable and applied, so that a read which begins afterwards
 * sees it.
 */
export interface ShardLog {
  /**
   * @param shard - 0 to shardCount - 1
   * @param command - an encoded {@link ShardCommand}; not changed by the caller afterwards
   * @throws {VectorDbError} OVERLOADED, DISK_FULL, STORAGE_FAILED, SHUTTING_DOWN: the command was not taken;
   * DEADLINE_EXCEEDED: `signal` was aborted and the outcome is unknown
   */
  propose(shard: number, command: Uint8Array, signal?: AbortSignal): Promise<ApplyResult>;
}
