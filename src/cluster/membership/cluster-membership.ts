import { pause } from '../../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import { CATALOG_GROUP, type ClusterState, groupText } from '../catalog/cluster-state.ts';
import type { NodeCallHandlers } from '../call/node-call-server.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { Announcer } from './announcer.ts';
import { assertAdmissible } from './admission.ts';
import { CatalogArrival } from './catalog-arrival.ts';
import { passCatalogBarrier } from './catalog-barrier.ts';
import { CatalogChanger } from './catalog-changer.ts';
import { ClusterDriver } from './cluster-driver.ts';
import { ClusterOperations } from './cluster-operations.ts';
import { CollectionKeeper } from './collection-keeper.ts';
import type { ClusterView } from './cluster-view.ts';
import { ViewMaker } from './view-maker.ts';
import { beginFirstGroups, foundCluster } from './first-groups.ts';
import { forgottenNodes } from './forgotten-nodes.ts';
import { objectionTo } from './guarded-change.ts';
import { MemberNotes } from './member-notes.ts';
import type { MembershipOptions } from './membership-options.ts';
import { NodeReporter } from './node-reporter.ts';
import { PacedLoop } from './paced-loop.ts';
import { Registrar } from './registrar.ts';
import { ReplicaKeeper } from './replica-keeper.ts';
import { encodeClusterCommand } from '../catalog/cluster-command-codec.ts';
import { decodeClusterResult } from '../catalog/cluster-result-codec.ts';

const KEEPER_MS = 1_000;
const ANNOUNCER_MS = 1_000;
const REACHED_MS = 5_000;
const FRESH_MS = 2_000;
const REMOVED = 'this node was removed from its cluster: delete its data to let it join again';

/** What this node does for others as a member; the kinds that routing does not answer, and `changeCatalog`. */
export type MembershipHandlers = Required<
  Pick<
    NodeCallHandlers,
    'report' | 'clusterView' | 'changeCatalog' | 'changeConfiguration' | 'transferLeadership'
  >
>;

/** A node's part in its cluster: its replicas, its collections, where it is; and, on the catalog's leader, looking after the whole. */
export class ClusterMembership implements AsyncDisposable {
  /** For operators. */
  readonly operations: ClusterOperations;
  readonly handlers: MembershipHandlers;
  readonly #options: MembershipOptions;
  readonly #arrival: CatalogArrival;
  readonly #collections: CollectionKeeper;
  readonly #replicas: ReplicaKeeper;
  readonly #announcer: Announcer;
  readonly #driver: ClusterDriver;
  readonly #loops: readonly PacedLoop[];
  readonly #stop = new AbortController();
  #founding: Promise<void> = Promise.resolve();

  private constructor(options: MembershipOptions) {
    const { clock, log, formed, desk, host, caller, holder } = options;
    this.#options = options;
    const state = (): ClusterState => options.catalog.state;
    const leaderNode = (): number => host.leaderNode(CATALOG_GROUP);
    this.#arrival = new CatalogArrival({ clock, host });
    this.#collections = new CollectionKeeper({ holder, state });
    this.#announcer = new Announcer({
      ...options,
      state,
      onForeign: (why) => options.onRemoved?.(why),
      // Whom this node hears, it cannot answer without an address: all whom it knew may have left.
      isCatalogReached: () => formed.addresses.addressOf(leaderNode()) !== undefined,
    });
    this.#replicas = new ReplicaKeeper({
      host,
      state,
      log,
      isCatalogElsewhere: () => this.#announcer.isRegistered,
    });
    const notes = new MemberNotes({ ...options, identity: formed.identity, state });
    this.#driver = new ClusterDriver({ ...options, state });
    const reporter = new NodeReporter({ ...options, state });
    const views = new ViewMaker({ ...options, state, driver: this.#driver, reporter });
    const changer = new CatalogChanger({ clock, caller, leaderNode });
    this.operations = new ClusterOperations({
      clock,
      desk,
      changer,
      state,
      freshened: async () => {
        await passCatalogBarrier(clock, host, FRESH_MS, this.#stop.signal);
      },
      reached: (version) => this.#reachedSoon(version),
      view: () => views.view(),
      self: formed.introduction,
    });
    this.handlers = this.#handlersOf(reporter, () => views.liveView());
    this.#loops = [
      this.#loop(KEEPER_MS, 'its replicas', () => this.#keep()),
      this.#loop(KEEPER_MS, 'its collections', (signal) => this.#follow(signal)),
      this.#loop(KEEPER_MS, 'its notes of members', () => notes.pass()),
      this.#loop(ANNOUNCER_MS, 'its address', (signal) => this.#announcer.pass(signal)),
    ];
    const registrar = new Registrar({
      identity: formed.identity,
      addresses: formed.addresses,
      state,
      change: (command) => changer.change(command),
    });
    desk.answerBy((request) => registrar.answer(request));
  }

  /**
   * Begins this node's first groups, if it is new, and looks after the rest from then on.
   *
   * @throws {VectorDbError} DATA_CORRUPT where the node's log is gone; what {@link RaftHost.createGroup} says
   */
  static async open(options: MembershipOptions): Promise<ClusterMembership> {
    const { formed, settings } = options;
    const first = { ...options, settings };
    await beginFirstGroups(first);
    const membership = new ClusterMembership(options);
    if (formed.identity.stage === 'founding') {
      membership.#founding = foundCluster(first, membership.#stop.signal).catch((error) => {
        if (!membership.#stop.signal.aborted) throw error;
      });
    }
    membership.catalogChanged(options.catalog.state);
    for (const loop of membership.#loops) loop.start();
    membership.#driver.start();
    return membership;
  }

  /** Why the node is not wholly in its cluster; empty: it is. */
  get reasons(): readonly string[] {
    const { host, catalog, formed } = this.#options;
    const reasons = [...this.#announcer.reasons, ...this.#collections.reasons];
    if (isGone(catalog.state, formed.identity.node)) reasons.push(REMOVED);
    if (catalog.state.clusterId === '') reasons.push('the catalog has not arrived yet');
    else if (host.leaderNode(CATALOG_GROUP) === 0) reasons.push('the catalog has no leader');
    return reasons;
  }

  /** To be told of each change of the catalog that is applied here. Never throws. */
  catalogChanged(state: ClusterState): void {
    const { formed, onRemoved } = this.#options;
    formed.addresses.follow(state.nodes.values());
    if (isGone(state, formed.identity.node)) onRemoved?.(REMOVED);
    for (const loop of this.#loops) loop.wake();
    this.#driver.wake();
  }

  /** Whether the catalog here is no older than the node's start; see {@link CatalogArrival}. */
  get hasCaughtUp(): boolean {
    return this.#arrival.hasCome;
  }

  /** See {@link CollectionKeeper.reached}. */
  collectionsReached(version: number, signal?: AbortSignal): Promise<void> {
    return this.#collections.reached(version, signal);
  }

  /** Nothing is begun any more; resolves when nothing is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#driver.stop(), ...this.#loops.map((loop) => loop.stop())]);
    await this.#founding;
  }

  async #keep(): Promise<void> {
    const { catalog, host, forgetPeer } = this.#options;
    const status = host.status(CATALOG_GROUP);
    if (status?.state === 'open') {
      for (const node of forgottenNodes(catalog.state, status)) forgetPeer(node);
    }
    await this.#replicas.pass();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await this.#arrival.awaited(signal);
    if (!signal.aborted) await this.#collections.pass();
  }

  #handlersOf(reporter: NodeReporter, view: () => ClusterView): MembershipHandlers {
    const { host, catalog } = this.#options;
    return {
      report: () => Promise.resolve(reporter.report()),
      clusterView: () => Promise.resolve(view()),
      changeCatalog: async ({ command, session }, { signal }) => {
        const collector = this.#driver.leads ? this.#driver.collector : undefined;
        assertAdmissible(command, catalog.state, collector);
        const stamp = session === undefined ? {} : { session };
        const bytes = encodeClusterCommand(command);
        return decodeClusterResult(await host.propose(CATALOG_GROUP, bytes, { ...stamp, signal }));
      },
      changeConfiguration: async ({ group, change }, { signal }) => {
        const status = host.status(group);
        const objection =
          status?.state === 'open' ? objectionTo(change, status.raft.configuration) : undefined;
        if (objection !== undefined) {
          throw new VectorDbError('FAILED_PRECONDITION', `${groupText(group)}: ${objection}`);
        }
        await host.changeConfiguration(group, change, signal);
        return { done: true };
      },
      transferLeadership: async ({ group, to }, { signal }) => {
        await host.transferLeadership(group, to, signal);
        return { done: true };
      },
    };
  }

  async #reachedSoon(version: number): Promise<void> {
    const { clock, catalog } = this.#options;
    const endMs = clock.monotonicMs() + REACHED_MS;
    while (catalog.state.version < version && clock.monotonicMs() < endMs) {
      await pause(clock, 20);
    }
  }

  #loop(intervalMs: number, what: string, run: (signal: AbortSignal) => Promise<void>): PacedLoop {
    const { clock, log } = this.#options;
    return new PacedLoop({
      clock,
      intervalMs: () => intervalMs,
      run,
      onError: (error) => {
        const { code, message } = toVectorDbError(error);
        log('warn', `could not look after ${what}; tries again`, { code, reason: message });
      },
    });
  }
}

const isGone = ({ nodes }: ClusterState, node: NodeNumber): boolean =>
  nodes.get(node)?.state === 'gone';
