import { VectorDbError } from '../../base/error.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { groupText } from '../catalog/cluster-state.ts';

/** Somebody who waits for a node's answer, or (0) for a leader. */
interface Wait {
  readonly to: NodeNumber;
  readonly end: (leader: NodeNumber) => void;
}

/** What writes to one group wait for, and need not wait for any longer once another node leads, or none can be reached. */
export class LeadershipWaits {
  readonly #group: GroupId;
  readonly #waits = new Set<Wait>();

  constructor(group: GroupId) {
    this.#group = group;
  }

  /**
   * The answer of a node that is taken for the leader.
   *
   * @throws {VectorDbError} what it throws; OUTCOME_UNKNOWN where another one turned out to lead before it came
   */
  answer<T>(to: NodeNumber, answer: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const text = `${groupText(this.#group)}: its leader leads no more, and has not answered`;
    const end = (leader: NodeNumber): void =>
      reject(
        new VectorDbError('OUTCOME_UNKNOWN', text, leader === 0 ? {} : { leaderNode: leader }),
      );
    const wait = { to, end };
    this.#waits.add(wait);
    void answer.then(resolve, reject).finally(() => this.#waits.delete(wait));
    return promise;
  }

  /** A pause for want of a leader: it ends with its signal, or when there is one. Whether it ended so. */
  async pause(
    signal: AbortSignal,
    pause: (signal: AbortSignal) => Promise<void>,
  ): Promise<boolean> {
    const found = new AbortController();
    const wait = { to: 0, end: () => found.abort() };
    this.#waits.add(wait);
    try {
      await pause(AbortSignal.any([signal, found.signal]));
      return found.signal.aborted;
    } finally {
      this.#waits.delete(wait);
    }
  }

  /**
   * What is known of the leader has changed.
   *
   * @param leader - 0: not known
   * @param isCutOff - whether none can be reached
   */
  changed(leader: NodeNumber, isCutOff: boolean): void {
    if (leader === 0 && !isCutOff) return;
    for (const wait of this.#waits) if (wait.to !== leader || isCutOff) wait.end(leader);
  }
}
