import { VectorDbError } from '../../base/error.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import { CATALOG_GROUP, groupOfShard, shardOfGroup } from '../catalog/cluster-state.ts';
import type { ReaderLoad } from './reader-load.ts';

/** What barriers need of the groups on this node. */
export type BarrierGroups = Pick<
  RaftHost,
  'unconfirmed' | 'readBarrier' | 'decidesAlone' | 'isCutOff'
>;

export interface ReadBarriersOptions {
  readonly groups: BarrierGroups;
  /** Reads that may wait. */
  readonly readsMax: number;
  /** See {@link ReaderLoad.room}: until then, reads wait for each other. Absent: there always is. */
  readonly load?: Pick<ReaderLoad, 'room'>;
}

/** Shards whose barrier did not come about. */
export type FailedShards = readonly number[];

const NONE: FailedShards = [];

/** One question to a group. Whether it was answered; it never rejects. */
type Round = Promise<boolean>;

/** The rounds of one group: one under way, and one for those who came after it began. */
interface GroupRounds {
  underWay: Round | undefined;
  next: Round | undefined;
}

/** What reads wait for that came before the same exchange and are about the same shards. */
interface Passing {
  readonly unconfirmed: Promise<readonly GroupId[]>;
  readonly outcome: Promise<FailedShards>;
}

/**
 * Lets a read begin once this node has everything that was acknowledged before. One exchange with other nodes confirms most groups at once. The leaders of the
 * rest, in which something is being written, are asked once for all reads that wait (thesis 6.4): one round of a group is under way, those who come meanwhile
 * share the next one, and no round serves a read that came after it began.
 */
export class ReadBarriers {
  readonly #options: ReadBarriersOptions;
  readonly #rounds = new Map<GroupId, GroupRounds>();
  #passing: Passing | undefined;
  /** Groups of the shards that were asked for last: reads of all shards give the same array each time. */
  #asked: { readonly shards: readonly number[]; readonly groups: readonly GroupId[] } = {
    shards: NONE,
    groups: [CATALOG_GROUP],
  };
  #waiting = 0;

  constructor(options: ReadBarriersOptions) {
    this.#options = options;
  }

  /** Whether nobody can be reached who could say what was acknowledged: waiting does not help. */
  get isCutOff(): boolean {
    return this.#options.groups.isCutOff(CATALOG_GROUP);
  }

  /** Reads that wait. */
  get depth(): number {
    return this.#waiting;
  }

  /**
   * After this, the node has everything of the catalog, and of the shards that are here, that was acknowledged before the call. A node that decides
   * alone knows at once: then the answer is no promise.
   *
   * @param shards - ascending; the same array again costs less
   * @returns the shards of which that cannot be said
   * @throws {VectorDbError} UNAVAILABLE for the catalog; OVERLOADED; CANCELLED by the signal
   */
  pass(shards: readonly number[], signal?: AbortSignal): FailedShards | Promise<FailedShards> {
    return this.#isAlone(shards) ? NONE : this.#wait(shards, signal);
  }

  #isAlone(shards: readonly number[]): boolean {
    const { groups } = this.#options;
    if (!groups.decidesAlone(CATALOG_GROUP)) return false;
    for (const shard of shards) if (!groups.decidesAlone(groupOfShard(shard))) return false;
    return true;
  }

  async #wait(shards: readonly number[], signal: AbortSignal | undefined): Promise<FailedShards> {
    if (this.#waiting >= this.#options.readsMax) {
      throw new VectorDbError('OVERLOADED', 'too many reads wait to be confirmed', {
        retryAfterMs: 100,
      });
    }
    this.#waiting += 1;
    try {
      const room = this.#options.load?.room;
      const outcome =
        room === undefined ? this.#outcome(shards) : room.then(() => this.#outcome(shards));
      return signal === undefined ? await outcome : await unlessAborted(outcome, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  #outcome(shards: readonly number[]): Promise<FailedShards> {
    const unconfirmed = this.#options.groups.unconfirmed(this.#groupsOf(shards));
    if (this.#passing?.unconfirmed === unconfirmed) return this.#passing.outcome;
    const outcome = this.#askLeaders(unconfirmed);
    // Nobody may be left to hear that the catalog could not be asked.
    outcome.catch(() => undefined);
    this.#passing = { unconfirmed, outcome };
    return outcome;
  }

  #groupsOf(shards: readonly number[]): readonly GroupId[] {
    if (this.#asked.shards !== shards) {
      this.#asked = { shards, groups: [CATALOG_GROUP, ...shards.map(groupOfShard)] };
    }
    return this.#asked.groups;
  }

  async #askLeaders(unconfirmed: Promise<readonly GroupId[]>): Promise<FailedShards> {
    const groups = await unconfirmed;
    if (groups.length === 0) return NONE;
    if (this.isCutOff) {
      throw unavailable('this node is cut off from those that could say what is up to date');
    }
    const rounds = groups.map((group) => ({ group, round: this.#join(group) }));
    const failed: number[] = [];
    for (const { group, round } of rounds) {
      if (await round) continue;
      if (group === CATALOG_GROUP) {
        throw unavailable('the catalog has no leader that could be asked');
      }
      failed.push(shardOfGroup(group));
    }
    return failed;
  }

  /** A round of the group that has not begun. */
  #join(group: GroupId): Round {
    let rounds = this.#rounds.get(group);
    if (rounds === undefined) {
      rounds = { underWay: undefined, next: undefined };
      this.#rounds.set(group, rounds);
    }
    const { underWay } = rounds;
    if (underWay === undefined) return this.#begin(group, rounds);
    rounds.next ??= this.#follow(group, rounds, underWay);
    return rounds.next;
  }

  async #follow(group: GroupId, rounds: GroupRounds, before: Round): Round {
    await before;
    rounds.next = undefined;
    return this.#begin(group, rounds);
  }

  #begin(group: GroupId, rounds: GroupRounds): Round {
    const round = this.#ask(group).finally(() => {
      if (rounds.underWay === round) rounds.underWay = undefined;
    });
    rounds.underWay = round;
    return round;
  }

  async #ask(group: GroupId): Round {
    try {
      await this.#options.groups.readBarrier(group);
      return true;
    } catch {
      return false;
    }
  }
}

const unavailable = (why: string): VectorDbError =>
  new VectorDbError('UNAVAILABLE', why, { retryAfterMs: 100 });

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new VectorDbError('CANCELLED', 'the read was given up'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
