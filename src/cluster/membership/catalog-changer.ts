import { type Clock, pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { assertDone } from './driver-context.ts';

const LIMIT_MS = 10_000;
const TRY_MS = 5_000;
const PAUSE_MS = 100;

export interface CatalogChangerOptions {
  readonly clock: Clock;
  readonly caller: NodeCaller;
  /** Where the catalog's leader is; 0: not known. */
  readonly leaderNode: () => NodeNumber;
}

/** Has the catalog's leader apply commands which may be applied twice without harm, wherever it is. */
export class CatalogChanger {
  readonly #options: CatalogChangerOptions;

  constructor(options: CatalogChangerOptions) {
    this.#options = options;
  }

  /**
   * Tries until it is applied.
   *
   * @throws {VectorDbError} as the command was refused; UNAVAILABLE where no leader took it in time: it may be applied yet
   */
  async change(command: ClusterCommand, signal?: AbortSignal): Promise<ClusterCommandResult> {
    const { clock, caller, leaderNode } = this.#options;
    const endMs = clock.monotonicMs() + LIMIT_MS;
    let why = 'the catalog has no leader that is known here';
    for (;;) {
      if (signal?.aborted === true || clock.monotonicMs() >= endMs) break;
      const leader = leaderNode();
      try {
        if (leader !== 0) {
          const call = { kind: 'changeCatalog', command, session: undefined } as const;
          const timeoutMs = Math.min(TRY_MS, endMs - clock.monotonicMs());
          return assertDone(await caller.call(leader, call, { timeoutMs, signal }));
        }
      } catch (error) {
        if (!(error instanceof VectorDbError) || !canTryAgain(error)) throw error;
        why = error.message;
      }
      await pause(clock, PAUSE_MS, signal);
    }
    throw new VectorDbError('UNAVAILABLE', `the catalog cannot be changed now: ${why}`);
  }
}

function canTryAgain({ code, retryable }: VectorDbError): boolean {
  return retryable || code === 'OUTCOME_UNKNOWN';
}
