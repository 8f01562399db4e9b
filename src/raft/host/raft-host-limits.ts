import { assert } from '../../base/assert.ts';
import type { RaftLimits } from '../core/raft-limits.ts';

/**
 * Every bound of a host, those of its groups' cores included; proposals are refused from half of `applyingBytesMax` on. Times of one purpose are counted in
 * ticks where the core counts so, else in milliseconds.
 */
export interface RaftHostLimits extends RaftLimits {
  /** Milliseconds of a tick: the grain of all election and heartbeat times. */
  readonly tickMs: number;
  /** Ticks that are made up for at once after a pause; the rest of the pause is forgotten. Fewer than `electionTicks`. */
  readonly ticksAtOnceMax: number;

  /** Bytes of one command. */
  readonly commandBytesMax: number;
  /** Proposals of a group that wait for their outcome. */
  readonly proposalsMax: number;
  /** Readers of a group whose barrier has not ended. */
  readonly readersMax: number;
  /** Messages that wait for a group's turn; more are dropped, as a network would. */
  readonly inboxMessagesMax: number;
  /** Messages that a group takes in a turn, unless a tick is due: then all. */
  readonly messagesPerTurnMax: number;
  /** Bytes of commands that the state machine gets in one step; one command alone may be larger. */
  readonly applyBatchBytesMax: number;
  /** Milliseconds that a commit index waits for another message to a node that gets many; followers apply that much later. */
  readonly noticeHoldMs: number;
  /** Log batches under way at once; the next one gathers meanwhile. */
  readonly logBatchesMax: number;
  /** Milliseconds after which a log batch that is not durable means that the disk is stalled, and the process has to end. */
  readonly stalledDiskMs: number;

  /** Ticks that a proposal, a change of the configuration or a transfer waits for certainty after its leader lost leadership. */
  readonly outcomeWaitTicks: number;
  /** Ticks after which a read index that was not answered is asked for again. */
  readonly readRetryTicks: number;
  /** Ticks after which a read barrier gives up. */
  readonly readWaitTicks: number;
  /** Sessions of a group; the one not used for longest goes first. Travels in the entry that opens a session. */
  readonly sessionsMax: number;

  readonly snapshotChunkBytes: number;
  readonly snapshotBytesPerSecondMax: number;
  /** Snapshots that a node sends at once, and as many that it takes. */
  readonly snapshotsMax: number;
  /** Milliseconds without progress after which a snapshot is given up, by either side. */
  readonly snapshotIdleMs: number;
  /** Milliseconds between attempts to send a chunk to a node that does not answer. */
  readonly snapshotRetryMs: number;

  /** Applied entries that stay in the log for followers that are a little behind. */
  readonly logEntriesKept: number;
  /** Entries beyond those before the log is compacted again. */
  readonly logCompactionEntries: number;
  /** Bytes of such entries that stay at most; the log is compacted again after half as many more. */
  readonly logBytesKept: number;
  /** Bytes of log that are kept for a follower that takes a snapshot or lags. */
  readonly logPinnedBytesMax: number;
}

const MIB = 2 ** 20;

/** For nodes of one region. */
export const DEFAULT_RAFT_HOST_LIMITS: RaftHostLimits = {
  tickMs: 50,
  electionTicks: 20,
  heartbeatTicks: 2,
  ticksAtOnceMax: 4,
  appendBytesMax: MIB,
  appendEntriesMax: 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * MIB,
  uncommittedBytesMax: 64 * MIB,
  applyingBytesMax: 64 * MIB,
  pendingReadsMax: 1024,
  commandBytesMax: 32 * MIB,
  proposalsMax: 16_384,
  readersMax: 65_536,
  inboxMessagesMax: 4096,
  messagesPerTurnMax: 512,
  applyBatchBytesMax: 4 * MIB,
  noticeHoldMs: 3,
  logBatchesMax: 2,
  stalledDiskMs: 20_000,
  outcomeWaitTicks: 60,
  readRetryTicks: 6,
  readWaitTicks: 60,
  sessionsMax: 4096,
  snapshotChunkBytes: MIB,
  snapshotBytesPerSecondMax: 64 * MIB,
  snapshotsMax: 2,
  snapshotIdleMs: 60_000,
  snapshotRetryMs: 500,
  logEntriesKept: 5_000,
  logCompactionEntries: 1_000,
  logBytesKept: 8 * MIB,
  logPinnedBytesMax: 256 * MIB,
};

/** Rules between limits. */
export function assertLimits(limits: RaftHostLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'logEntriesKept' ? 0 : 1;
    assert(Number.isSafeInteger(value) && value >= least, `${name}: ${value}`);
  }
  const { heartbeatTicks, electionTicks, ticksAtOnceMax } = limits;
  assert(heartbeatTicks < electionTicks, 'heartbeats come within an election timeout');
  // A pause must not look like an election timeout (the leader's word may be waiting unread).
  assert(ticksAtOnceMax < electionTicks, 'ticks at once stay below an election timeout');
  assert(limits.uncommittedBytesMax >= limits.commandBytesMax, 'a command fits uncommitted bytes');
}
