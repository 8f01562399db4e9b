import type { Clock } from '../../base/clock.ts';
import { deserializeError, VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import { ANY_EPOCH, setCommandEpoch } from '../../sharding/command-epoch.ts';
import type { ApplyResult } from '../../sharding/shard-command.ts';
import type { ProposeOptions, ShardLog } from '../../sharding/shard-log.ts';
import { decodeShardResult } from '../../sharding/shard-result-codec.ts';
import type { NodeCaller } from '../call/node-call.ts';
import { type ClusterState, groupOfShard } from '../catalog/cluster-state.ts';
import { GroupWriter, type WriteAttempt } from './group-writer.ts';
import { ProposalBounds, type ProposalBoundsOptions } from './proposal-bounds.ts';
import { RetryPause } from './retry-pause.ts';
import { TimeLimit } from './time-limit.ts';

/** What writes need of the groups on this node. */
export type WriteGroups = Pick<
  RaftHost,
  'node' | 'propose' | 'openSession' | 'leaderNode' | 'isCutOff' | 'watchLeadership'
>;

export interface ClusterShardLogOptions extends ProposalBoundsOptions {
  /** As it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly groups: WriteGroups;
  readonly calls: NodeCaller;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a write is tried for where its caller sets no end. */
  readonly writeTimeoutMs: number;
}

/** Between attempts of a write whose sender did not know the newest replicas. */
const STALE_RETRY = { firstMs: 20, longestMs: 500 };

/**
 * The shards' logs, wherever their leaders are: a proposal goes to the leader, here or on another node, is tried again until its time is over, and is applied once.
 */
export class ClusterShardLog implements ShardLog, AsyncDisposable {
  readonly #options: ClusterShardLogOptions;
  readonly #bounds: ProposalBounds;
  readonly #writers = new Map<GroupId, GroupWriter>();

  constructor(options: ClusterShardLogOptions) {
    this.#options = options;
    this.#bounds = new ProposalBounds(options);
    options.groups.watchLeadership((group) => this.#writers.get(group)?.leadershipChanged());
  }

  /** Proposals under way. */
  get depth(): number {
    return this.#bounds.proposals;
  }

  /** Bytes of their commands. */
  get depthBytes(): number {
    return this.#bounds.bytes;
  }

  /**
   * As the port says, and:
   *
   * @throws {VectorDbError} UNAVAILABLE: no leader took it in time, it has no effect; OUTCOME_UNKNOWN: it may have taken effect; NOT_FOUND: there is no such shard
   */
  async propose(
    shard: number,
    command: Uint8Array,
    { signal, stamp }: ProposeOptions = {},
  ): Promise<ApplyResult> {
    const { clock, random, writeTimeoutMs } = this.#options;
    const bytes = command.length;
    this.#bounds.enter(bytes);
    using limit = new TimeLimit(clock, writeTimeoutMs, signal);
    let pause: RetryPause | undefined;
    try {
      for (;;) {
        const result = await this.#writer(shard).write(
          (attempt) => this.#attempt(shard, command, attempt, stamp !== undefined),
          limit,
          stamp,
        );
        const decoded = decodeShardResult(result);
        if (decoded.kind === 'applied') return decoded.result;
        const error = deserializeError(decoded.error);
        // The session remembers the refusal under this number: the write is a new one from here on.
        if (error.code !== 'STALE_EPOCH' || limit.isOver) throw error;
        pause ??= new RetryPause({ clock, random, ...STALE_RETRY });
        await pause.next(limit.leftMs, limit.signal);
      }
    } finally {
      this.#bounds.leave(bytes);
    }
  }

  /** @throws {VectorDbError} UNAVAILABLE, OVERLOADED, DEADLINE_EXCEEDED */
  async openSession(shard: number, signal?: AbortSignal): Promise<number> {
    const { clock, writeTimeoutMs } = this.#options;
    this.#bounds.enter(0);
    using limit = new TimeLimit(clock, writeTimeoutMs, signal);
    try {
      return await this.#writer(shard).openSession(limit);
    } finally {
      this.#bounds.leave(0);
    }
  }

  /** Takes no more proposals and resolves when all that were taken have ended. */
  drain(): Promise<void> {
    return this.#bounds.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #attempt(
    shard: number,
    command: Uint8Array,
    { to, stamp, timeoutMs, signal }: WriteAttempt,
    isClients: boolean,
  ): Promise<Uint8Array> {
    const { catalog, groups, calls } = this.#options;
    // A client's number cannot be changed after a refusal.
    const epoch = isClients ? ANY_EPOCH : (catalog.state.shards[shard]?.epoch ?? 0);
    setCommandEpoch(command, epoch);
    if (to === groups.node) {
      return groups.propose(groupOfShard(shard), command, { session: stamp, signal });
    }
    const call = { kind: 'propose', shard, epoch, command, session: stamp } as const;
    const { result } = await calls.call(to, call, { timeoutMs, signal });
    return result;
  }

  #writer(shard: number): GroupWriter {
    const group = groupOfShard(shard);
    const known = this.#writers.get(group);
    if (known !== undefined) return known;
    const { catalog, groups, calls, clock, random } = this.#options;
    const { shards } = catalog.state;
    if (shards.length > 0 && shards[shard] === undefined) {
      throw new VectorDbError('NOT_FOUND', `there is no shard ${shard}`);
    }
    const writer = new GroupWriter({
      group,
      clock,
      random,
      leader: () => groups.leaderNode(group),
      isCutOff: () => groups.isCutOff(group),
      replicas: () => (catalog.state.shards[shard]?.replicas ?? []).map(({ node }) => node),
      openSession: async (to, options) => {
        if (to === groups.node) return groups.openSession(group, options.signal);
        const { session } = await calls.call(to, { kind: 'openSession', group }, options);
        return session;
      },
    });
    this.#writers.set(group, writer);
    return writer;
  }
}
