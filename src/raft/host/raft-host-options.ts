import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { LogStorage } from '../log/log-storage.ts';
import type { Transport } from '../transport/transport.ts';
import type { DigestMismatch } from './digest-check.ts';
import type { RaftHostLimits } from './raft-host-limits.ts';
import type { StateMachineFactory } from './state-machine.ts';

export interface RaftHostOptions {
  readonly clock: Clock;
  /** Election timeouts, and numbers that no earlier process of this node used. */
  readonly random: Random;
  /** Owned by the caller, like `transport`: disposed after the host. */
  readonly log: LogStorage;
  readonly transport: Transport;
  readonly stateMachines: StateMachineFactory;
  /** Calls back once, in the next turn of the event loop, after what has arrived was handed over (`setImmediate`). */
  readonly defer: (callback: () => void) => void;
  readonly limits?: Partial<RaftHostLimits>;
  /** The log or a state machine failed, the disk is stalled, or an invariant is broken: the host is silent from now on, and the process has to end. */
  readonly onFatal: (error: unknown) => void;
  readonly onDigestMismatch?: (mismatch: DigestMismatch) => void;
}
