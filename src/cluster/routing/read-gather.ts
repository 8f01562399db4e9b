import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ReadRequest, ReadResponse } from '../../worker/read-messages.ts';
import type { Consistency, NodeCaller } from '../call/node-call.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { LocalReads } from './local-reads.ts';
import type { PeerHealth } from './peer-health.ts';
import { coverShards } from './read-cover.ts';
import { partOf, withShards } from './read-merge.ts';
import { RetryPause } from './retry-pause.ts';
import type { TimeLimit } from './time-limit.ts';

export interface ReadGatherOptions {
  readonly request: ReadRequest;
  /** Those that the request is about. */
  readonly shards: readonly number[];
  readonly consistency: Consistency;
  readonly limit: TimeLimit;
  readonly local: LocalReads;
  readonly calls: NodeCaller;
  readonly catalog: { readonly state: ClusterState };
  readonly health: PeerHealth;
  readonly clock: Clock;
  readonly random: Random;
}

/** Answers of parts. */
export interface GatheredAnswers {
  readonly answers: readonly ReadResponse[];
  /** The only answer is to the request as it is. */
  readonly isWhole: boolean;
  /** Shards that nobody answered for in time. */
  readonly missing: readonly number[];
  /** What the last of them failed with. */
  readonly failure: VectorDbError | undefined;
}

const NOBODY: ReadonlySet<NodeNumber> = new Set();
const RETRY = { firstMs: 20, longestMs: 500 };
/** Milliseconds after which a part is asked of others too, at the least. */
const HEDGE_LEAST_MS = 50;
const HEDGE_MEDIANS = 3;

/** Errors after which another node, or the same one later, may do better. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'NOT_READY',
  'NOT_LEADER',
  'NOT_FOUND',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'STORAGE_FAILED',
  'DATA_CORRUPT',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
]);

/**
 * Asks as few nodes as it takes for all shards of one read, this one first. A part that fails is asked of others, one that is slow of others too, until the
 * time is over.
 */
export class ReadGather {
  readonly #options: ReadGatherOptions;
  #failure: VectorDbError | undefined;

  constructor(options: ReadGatherOptions) {
    this.#options = options;
  }

  /** @throws {VectorDbError} what is wrong with the request itself */
  run(): Promise<GatheredAnswers> {
    const { shards, limit } = this.#options;
    return this.#cover(shards, NOBODY, limit.signal, true);
  }

  /**
   * @param avoid - nodes that failed or are slow
   * @param isPatient - whether to go on until the time is over where nobody is left
   */
  async #cover(
    shards: readonly number[],
    avoid: ReadonlySet<NodeNumber>,
    signal: AbortSignal,
    isPatient: boolean,
  ): Promise<GatheredAnswers> {
    const { clock, random, limit } = this.#options;
    const pause = new RetryPause({ clock, random, ...RETRY });
    const parts: GatheredAnswers[] = [];
    let open = shards;
    let avoided = avoid;
    for (;;) {
      const { chosen, uncovered } = this.#choose(open, avoided);
      const isOnly = chosen.length === 1 && uncovered.length === 0;
      const asked = chosen.map(([node, part]) =>
        this.#part(node, part, avoided, signal, isOnly && this.#isAll(part), isPatient),
      );
      parts.push(...(await Promise.all(asked)));
      if (uncovered.length === 0) break;
      if (!isPatient || limit.isOver || signal.aborted) {
        parts.push(missing(uncovered, this.#failure));
        break;
      }
      await pause.next(limit.leftMs, signal);
      open = uncovered;
      avoided = NOBODY;
    }
    return joined(parts);
  }

  #isAll(part: readonly number[]): boolean {
    return part.length === this.#options.shards.length;
  }

  /** Who is asked for which shards: this node for all that it has. */
  #choose(
    shards: readonly number[],
    avoid: ReadonlySet<NodeNumber>,
  ): {
    readonly chosen: readonly (readonly [NodeNumber, readonly number[]])[];
    readonly uncovered: readonly number[];
  } {
    const { calls, local, health } = this.#options;
    const isHere = (shard: number): boolean => !avoid.has(calls.node) && local.holds([shard]);
    const here = shards.filter(isHere);
    const elsewhere = shards.filter((shard) => !isHere(shard));
    const { parts, uncovered } = coverShards({
      shards: elsewhere,
      holders: (shard) => this.#holders(shard, avoid),
      load: (node) => health.load(node),
    });
    const own = here.length === 0 ? [] : [[calls.node, here] as const];
    return { chosen: [...own, ...parts], uncovered };
  }

  #holders(shard: number, avoid: ReadonlySet<NodeNumber>): readonly NodeNumber[] {
    const { catalog, calls, health } = this.#options;
    const nodes = (catalog.state.shards[shard]?.replicas ?? [])
      .map(({ node }) => node)
      .filter((node) => node !== calls.node && !avoid.has(node));
    const promising = nodes.filter((node) => health.isPromising(node, shard));
    return promising.length > 0 ? promising : nodes;
  }

  /** The answer of a node for some shards; of others where it fails. */
  async #part(
    node: NodeNumber,
    shards: readonly number[],
    avoid: ReadonlySet<NodeNumber>,
    signal: AbortSignal,
    isWhole: boolean,
    isPatient: boolean,
  ): Promise<GatheredAnswers> {
    const { calls } = this.#options;
    try {
      return node === calls.node
        ? await this.#ask(node, shards, signal, isWhole)
        : await this.#hedged(node, shards, avoid, signal, isWhole);
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      if (!ELSEWHERE.has(error.code)) throw error;
      this.#failure = error;
      if (signal.aborted || this.#options.limit.isOver) return missing(shards, error);
      return this.#cover(shards, new Set([...avoid, node]), signal, isPatient);
    }
  }

  /** Asks others too where the answer takes long; the first one counts, and the other is called off. */
  async #hedged(
    node: NodeNumber,
    shards: readonly number[],
    avoid: ReadonlySet<NodeNumber>,
    signal: AbortSignal,
    isWhole: boolean,
  ): Promise<GatheredAnswers> {
    const { clock, health } = this.#options;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const first = this.#ask(node, shards, either, isWhole);
    const { promise: second, resolve, reject } = Promise.withResolvers<GatheredAnswers>();
    const others = new Set([...avoid, node]);
    const askOthers = async (): Promise<GatheredAnswers> => {
      const gathered = await this.#cover(shards, others, either, false);
      if (gathered.missing.length === 0) return gathered;
      throw new VectorDbError('UNAVAILABLE', 'nobody else answered either');
    };
    const hedgeMs = Math.max(HEDGE_LEAST_MS, HEDGE_MEDIANS * (health.medianMs(node) ?? 0));
    let isHedged = false;
    const timer = clock.after(hedgeMs, () => {
      isHedged = true;
      if (this.#choose(shards, others).uncovered.length === 0) askOthers().then(resolve, reject);
      else reject(new VectorDbError('UNAVAILABLE', 'there is nobody else to ask'));
    });
    // An error that comes before the others are asked is told at once; where all fail, that of the first one counts.
    const firstFailed = first.catch((error: unknown) => {
      if (!isHedged) reject(error);
      throw error;
    });
    try {
      return await Promise.any([firstFailed, second]);
    } catch {
      return await first;
    } finally {
      timer.cancel();
      ended.abort();
    }
  }

  async #ask(
    node: NodeNumber,
    shards: readonly number[],
    signal: AbortSignal,
    isWhole: boolean,
  ): Promise<GatheredAnswers> {
    const { request, consistency, local, calls, limit } = this.#options;
    const part = isWhole ? withShards(request, shards) : partOf(request, shards);
    const response =
      node === calls.node
        ? await local.read(part, shards, consistency, signal)
        : await this.#call(node, part, shards, signal, limit.leftMs);
    return { answers: [response], isWhole, missing: [], failure: undefined };
  }

  async #call(
    node: NodeNumber,
    request: ReadRequest,
    shards: readonly number[],
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<ReadResponse> {
    const { calls, consistency, health, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    health.asked(node);
    try {
      const call = { kind: 'read', request, consistency } as const;
      const response = await calls.call(node, call, { timeoutMs, signal });
      health.answered(node, clock.monotonicMs() - startedMs);
      return response;
    } catch (thrown) {
      const error = toVectorDbError(thrown);
      if (signal.aborted) health.abandoned(node);
      else if (error.code === 'UNAVAILABLE') health.failed(node);
      else health.refused(node, shards);
      throw error;
    }
  }
}

function missing(shards: readonly number[], failure: VectorDbError | undefined): GatheredAnswers {
  return { answers: [], isWhole: false, missing: shards, failure };
}

function joined(parts: readonly GatheredAnswers[]): GatheredAnswers {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return {
    answers: parts.flatMap(({ answers }) => answers),
    isWhole: false,
    missing: parts.flatMap((part) => part.missing).toSorted((a, b) => a - b),
    failure: parts.findLast(({ failure }) => failure !== undefined)?.failure,
  };
}
