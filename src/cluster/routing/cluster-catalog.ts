import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { ERROR_CODES } from '../../base/error-codes.ts';
import type { Random } from '../../base/random.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { CatalogCommand } from '../../sharding/catalog-command.ts';
import { type CatalogState, resolveCollection } from '../../sharding/catalog-state.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import { CATALOG_GROUP, type ClusterState } from '../catalog/cluster-state.ts';
import type { WriteGroups } from './cluster-shard-log.ts';
import { GroupWriter } from './group-writer.ts';
import { ProposalBounds } from './proposal-bounds.ts';
import type { ReadBarriers } from './read-barriers.ts';
import { TimeLimit } from './time-limit.ts';

/** What a change of the catalog came to. */
export type CatalogChange = Exclude<ClusterCommandResult, { readonly kind: 'refused' }>;

export interface ClusterCatalogOptions {
  /** As it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly groups: WriteGroups;
  readonly barriers: ReadBarriers;
  readonly calls: NodeCaller;
  readonly clock: Clock;
  readonly random: Random;
  /** Resolves when this node has applied the catalog up to a version, and follows it. */
  readonly reached: (version: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds that a change is tried for where its caller sets no end. */
  readonly changeTimeoutMs: number;
  /** Milliseconds that other nodes are given to follow a change. */
  readonly followMs: number;
  /** Changes under way. */
  readonly changesMax: number;
}

const NO_SHARDS: readonly number[] = [];

/** What all nodes agree on, as this node knows it; changes go to the catalog's leader, wherever it is. */
export class ClusterCatalog {
  readonly #options: ClusterCatalogOptions;
  readonly #bounds: ProposalBounds;
  readonly #writer: GroupWriter;

  constructor(options: ClusterCatalogOptions) {
    const { catalog, groups, calls, clock, random } = options;
    this.#options = options;
    this.#bounds = new ProposalBounds({
      proposalsMax: options.changesMax,
      bytesMax: Infinity,
      retryAfterMs: 100,
    });
    this.#writer = new GroupWriter({
      group: CATALOG_GROUP,
      clock,
      random,
      leader: () => groups.leaderNode(CATALOG_GROUP),
      isCutOff: () => groups.isCutOff(CATALOG_GROUP),
      replicas: () => others(catalog.state, 0),
      openSession: async (to, given) => {
        if (to === groups.node) return groups.openSession(CATALOG_GROUP, given.signal);
        const call = { kind: 'openSession', group: CATALOG_GROUP } as const;
        return (await calls.call(to, call, given)).session;
      },
    });
    groups.watchLeadership((group) => {
      if (group === CATALOG_GROUP) this.#writer.leadershipChanged();
    });
  }

  /** Collections and aliases, as applied here. */
  get state(): CatalogState {
    return this.#options.catalog.state.collections;
  }

  /** The collection of a name or alias, as this node knows it. @throws {VectorDbError} COLLECTION_NOT_FOUND */
  resolve(name: string): CollectionSchema {
    return resolveCollection(this.state, name);
  }

  /**
   * As {@link resolve}, with every change that was acknowledged before the call.
   *
   * @throws {VectorDbError} COLLECTION_NOT_FOUND, UNAVAILABLE, OVERLOADED
   */
  async resolveFresh(name: string): Promise<CollectionSchema> {
    await this.#options.barriers.pass(NO_SHARDS);
    return this.resolve(name);
  }

  /** Aliases of a collection, by the collection's own name, in alphabetical order. */
  aliasesOf(name: string): string[] {
    const aliases = [...this.state.aliases].filter(([, collection]) => collection === name);
    return aliases.map(([alias]) => alias).sort();
  }

  /**
   * Changes collections and aliases. Resolves when the change is in force here and, as far as they can be reached soon, on all other nodes.
   *
   * @throws {VectorDbError} as {@link change}
   */
  async propose(command: CatalogCommand): Promise<{ readonly changed: boolean }> {
    const result = await this.change({ kind: 'collections', command });
    return { changed: result.kind !== 'done' || result.changed };
  }

  /**
   * @throws {VectorDbError} what the catalog refuses; UNAVAILABLE, OVERLOADED: it has no effect; OUTCOME_UNKNOWN: it may have; DEADLINE_EXCEEDED by the signal
   */
  async change(command: ClusterCommand, signal?: AbortSignal): Promise<CatalogChange> {
    const { clock, changeTimeoutMs, reached, calls } = this.#options;
    this.#bounds.enter(0);
    using limit = new TimeLimit(clock, changeTimeoutMs, signal);
    try {
      const result = await this.#writer.write(
        ({ to, stamp, timeoutMs, signal: given }) =>
          calls.call(
            to,
            { kind: 'changeCatalog', command, session: stamp },
            { timeoutMs, signal: given },
          ),
        limit,
      );
      if (result.kind === 'refused') throw refusalOf(result);
      await limit.race(
        reached(result.version, limit.signal),
        () =>
          new VectorDbError('DEADLINE_EXCEEDED', 'the change is made, but not in force here yet'),
      );
      await this.#followed(result.version);
      return result;
    } finally {
      this.#bounds.leave(0);
    }
  }

  /** Takes no more changes and resolves when all that were taken have ended. */
  drain(): Promise<void> {
    return this.#bounds.drain();
  }

  /** Whoever cannot be reached soon looks again before it serves a linearizable read. */
  async #followed(version: number): Promise<void> {
    const { catalog, calls, followMs } = this.#options;
    const call = { kind: 'awaitCatalog', version } as const;
    await Promise.allSettled(
      others(catalog.state, calls.node).map((node) =>
        calls.call(node, call, { timeoutMs: followMs }),
      ),
    );
  }
}

/** Nodes that are not gone, but for one. */
function others({ nodes }: ClusterState, node: number): readonly number[] {
  return [...nodes.values()]
    .filter(({ number, state }) => state !== 'gone' && number !== node)
    .map(({ number }) => number);
}

function refusalOf({
  code,
  message,
  field,
}: Extract<ClusterCommandResult, { readonly kind: 'refused' }>): VectorDbError {
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL';
  return new VectorDbError(known, message, field === undefined ? {} : { field });
}
