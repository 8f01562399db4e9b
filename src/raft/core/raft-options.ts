import type { Random } from '../../base/random.ts';
import type { ReplicaId } from './configuration.ts';
import type { LogIndex } from './entry.ts';
import type { LogReader } from './log-reader.ts';
import type { RaftLimits } from './raft-limits.ts';

/** What a replica's core is made from. */
export interface RaftOptions extends RaftLimits {
  readonly replica: ReplicaId;
  readonly log: LogReader;
  /** What the state machine has applied; entries up to it are not handed out again. */
  readonly appliedIndex: LogIndex;
  /** Ticks that its host has counted; absent: 0. */
  readonly ticks?: number;
  /** Only for election timeouts. */
  readonly random: Random;
}
