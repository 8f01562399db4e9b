import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { OpenGroupStatus } from '../../raft/host/group-status.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { encodeClusterCommand } from '../catalog/cluster-command-codec.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import { decodeClusterResult } from '../catalog/cluster-result-codec.ts';
import { CATALOG_GROUP, type ClusterState } from '../catalog/cluster-state.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import { membersOf } from '../../raft/core/configuration-change.ts';
import { ActionSlots } from './action-slots.ts';
import { CatalogDriver } from './catalog-driver.ts';
import { within } from './deadline.ts';
import { assertDone, type DriverContext, type DriverRound } from './driver-context.ts';
import { MoveDriver } from './move-driver.ts';
import { PacedLoop } from './paced-loop.ts';
import { PlacementDriver } from './placement-driver.ts';
import { ReportCollector } from './report-collector.ts';
import { ShardDuties } from './shard-duties.ts';
import { observeGroups } from './shard-observation.ts';

export interface ClusterDriverOptions extends Pick<
  DriverContext,
  'clock' | 'log' | 'settings' | 'host' | 'caller' | 'proposeToShard'
> {
  /** The catalog as it is applied here. */
  readonly state: () => ClusterState;
}

const INTERVAL_MS = 500;
/** While something moves. */
const BUSY_INTERVAL_MS = 100;
const SILENT_MS = 3_000;
const RETRY_MS = 1_000;
const PROPOSE_TIMEOUT_MS = 5_000;

/**
 * Has the cluster become what it should be, wherever the catalog's leader is: collects reports, plans, and carries the plan out. Everything it does follows
 * from the catalog and from reports, so that the next leader goes on where this one stopped.
 */
export class ClusterDriver {
  readonly #options: ClusterDriverOptions;
  readonly #collector: ReportCollector;
  readonly #slots: ActionSlots;
  readonly #moves: MoveDriver;
  readonly #placement: PlacementDriver;
  readonly #catalog: CatalogDriver;
  readonly #duties: ShardDuties;
  readonly #loop: PacedLoop;
  #leading: { readonly term: number; readonly stop: AbortController } | undefined;

  constructor(options: ClusterDriverOptions) {
    const { clock, caller, settings, log } = options;
    this.#options = options;
    const wake = (): void => {
      if (options.state().moves.size > 0) this.#loop.wake();
    };
    this.#collector = new ReportCollector({
      clock,
      caller,
      silentMs: SILENT_MS,
      lostMs: settings.replaceAfterMs,
    });
    this.#slots = new ActionSlots({
      clock,
      retryMs: RETRY_MS,
      onDone: wake,
      onError: (what, error) => {
        const { code, message } = toVectorDbError(error);
        log('warn', `could not go on with ${what}; tries again`, { code, reason: message });
      },
    });
    const context: DriverContext = {
      ...options,
      collector: this.#collector,
      slots: this.#slots,
      propose: (command, signal) => this.propose(command, signal),
    };
    this.#moves = new MoveDriver(context);
    this.#placement = new PlacementDriver(context, this.#moves);
    this.#catalog = new CatalogDriver(context);
    this.#duties = new ShardDuties(context);
    this.#loop = new PacedLoop({
      clock,
      intervalMs: () => (options.state().moves.size > 0 ? BUSY_INTERVAL_MS : INTERVAL_MS),
      run: (signal) => this.#pass(signal),
      onError: (error) => {
        if (!(error instanceof VectorDbError)) throw error;
        log('warn', 'the cluster is not looked after now', { reason: error.message });
      },
    });
  }

  /** What nodes say; of use only while {@link leads}. */
  get collector(): ReportCollector {
    return this.#collector;
  }

  get moves(): MoveDriver {
    return this.#moves;
  }

  get placement(): PlacementDriver {
    return this.#placement;
  }

  /** Whether this node leads the catalog, as far as it knows. */
  get leads(): boolean {
    return this.#status()?.raft.role === 'leader';
  }

  start(): void {
    this.#loop.start();
  }

  /** Something changed that may call for action. */
  wake(): void {
    this.#loop.wake();
  }

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.#lose();
    await this.#loop.stop();
  }

  /**
   * Has the catalog here apply a command.
   *
   * @throws {VectorDbError} as the command was refused; NOT_LEADER and what else {@link RaftHost.propose} says
   */
  async propose(command: ClusterCommand, signal?: AbortSignal): Promise<ClusterCommandResult> {
    const { host, clock } = this.#options;
    const bytes = encodeClusterCommand(command);
    const result = await within(clock, PROPOSE_TIMEOUT_MS, signal, (limited) =>
      host.propose(CATALOG_GROUP, bytes, { signal: limited }),
    );
    return assertDone(decodeClusterResult(result));
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const status = this.#status();
    if (status?.raft.role !== 'leader' || this.#options.state().clusterId === '') {
      this.#lose();
      return;
    }
    const leading = this.#lead(status.raft.term, signal);
    const { host, clock } = this.#options;
    await within(clock, PROPOSE_TIMEOUT_MS, leading, (limited) =>
      host.readBarrier(CATALOG_GROUP, limited),
    );
    if (leading.aborted) return;
    this.#round(leading);
  }

  /** Everything that is decided in a round is decided by one state, at one moment. */
  #round(signal: AbortSignal): void {
    const state = this.#options.state();
    const status = this.#status();
    if (status?.raft.role !== 'leader') return;
    this.#collector.ask(watchedNodes(state, status), signal);
    const round: DriverRound = {
      state,
      conditions: this.#collector.conditions,
      groups: observeGroups(this.#collector.reports),
      signal,
    };
    this.#moves.pass(round);
    this.#moves.removeStrays(round);
    this.#placement.pass(round);
    this.#catalog.pass(round, status);
    this.#duties.pass(round);
  }

  /** The signal of this term's leadership. */
  #lead(term: number, stop: AbortSignal): AbortSignal {
    if (this.#leading?.term === term) return this.#leading.stop.signal;
    this.#lose();
    const leading = { term, stop: new AbortController() };
    stop.addEventListener('abort', () => leading.stop.abort(), { once: true });
    this.#leading = leading;
    this.#collector.begin();
    this.#slots.clear();
    this.#moves.begin();
    this.#placement.begin();
    this.#duties.begin();
    this.#options.log('info', 'looks after the cluster', { term });
    return leading.stop.signal;
  }

  #lose(): void {
    this.#leading?.stop.abort();
    this.#leading = undefined;
  }

  #status(): OpenGroupStatus | undefined {
    const { host } = this.#options;
    const status = host.status(CATALOG_GROUP);
    return status?.state === 'open' ? status : undefined;
  }
}

/** Members, and those that still have a replica of the catalog. */
function watchedNodes(state: ClusterState, { raft }: OpenGroupStatus): readonly NodeNumber[] {
  const members = [...state.nodes.values()].filter((node) => node.state !== 'gone');
  return [
    ...new Set([
      ...members.map(({ number }) => number),
      ...membersOf(raft.configuration).map(nodeOf),
    ]),
  ];
}
