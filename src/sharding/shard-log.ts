import type { ApplyResult } from './shard-command.ts';

/** Which write of a session this is; applied once however often it is proposed. */
export interface ProposalStamp {
  /** As `openSession` gave it. */
  readonly session: number;
  /** 1 and up; of its session, no other write has it. */
  readonly sequence: number;
  /** No write of the session up to this sequence is proposed again, so that its result need not be kept. */
  readonly respondedUpTo: number;
}

export interface ProposeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: the log sees to it by itself that a proposal is applied once. */
  readonly stamp?: ProposalStamp | undefined;
}

/**
 * Where a shard's commands get their order and become durable. A Raft group each, on one node as on many: nothing above can tell.
 *
 * Commands of one shard are applied in log order; a proposal resolves after its command is durable and applied, so that a read which begins afterwards
 * sees it.
 */
export interface ShardLog {
  /**
   * @param shard - 0 to shardCount - 1
   * @param command - an encoded {@link ShardCommand}; not changed by the caller afterwards
   * @throws {VectorDbError} OVERLOADED, DISK_FULL, STORAGE_FAILED, SHUTTING_DOWN: the command was not taken;
   * DEADLINE_EXCEEDED: `signal` was aborted and the outcome is unknown; SESSION_EXPIRED: `stamp` names a session, or a write, that is forgotten, so that
   * this proposal was not applied: an earlier one with the same stamp may have been
   */
  propose(shard: number, command: Uint8Array, options?: ProposeOptions): Promise<ApplyResult>;
  /** Opens a session of the shard, for the stamps of a client outside. @throws {VectorDbError} FAILED_PRECONDITION: this log keeps none */
  openSession(shard: number, signal?: AbortSignal): Promise<number>;
}
