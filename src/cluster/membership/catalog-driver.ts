import type { ConfigurationStep, ReplicaId } from '../../raft/core/configuration.ts';
import type { OpenGroupStatus } from '../../raft/host/group-status.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { CATALOG_GROUP } from '../catalog/cluster-state.ts';
import { catalogSuccessor } from '../placement/catalog-successor.ts';
import { planCatalogVoters } from '../placement/catalog-voter-plan.ts';
import { within } from './deadline.ts';
import type { DriverContext, DriverRound } from './driver-context.ts';

const CATALOG_SLOT = 'catalog';
const CHANGE_TIMEOUT_MS = 5_000;
/** How long a node that is gone is waited for to hear of it. */
const FAREWELL_MS = 5_000;

/** Keeps the catalog on every node, its voters where they should be, and lets nodes go that have given everything up. */
export class CatalogDriver {
  readonly #context: DriverContext;
  /** Since when nodes that are gone are waited for, by the monotonic clock. */
  readonly #farewells = new Map<NodeNumber, number>();

  constructor(context: DriverContext) {
    this.#context = context;
  }

  pass(round: DriverRound, status: OpenGroupStatus): void {
    this.#letGo(round);
    const { raft } = status;
    const { configuration } = raft;
    const { slots } = this.#context;
    if (!slots.isFree(CATALOG_SLOT) || configuration.outgoing.length > 0) return;
    if (this.#handOver(round, status)) return;
    const { steps } = planCatalogVoters({
      state: round.state,
      conditions: round.conditions,
      leader: this.#context.host.node,
      configuration,
      replicas: this.#replicas(round),
      isCaughtUp: (replica) => {
        const progress = raft.progress.find((each) => each.replica === replica);
        return (
          progress?.state === 'replicate' &&
          progress.recentlyActive &&
          raft.lastIndex - progress.match <= this.#context.settings.lagMax
        );
      },
    });
    const now = steps.filter((step) => !this.#isAwaited(round, step));
    if (now.length === 0) return;
    const change = { steps: now, leave: 'auto', context: new Uint8Array() } as const;
    const { clock, host } = this.#context;
    slots.begin(CATALOG_SLOT, () =>
      within(clock, CHANGE_TIMEOUT_MS, round.signal, (limited) =>
        host.changeConfiguration(CATALOG_GROUP, change, limited),
      ),
    );
  }

  /** Leaving nodes without replicas are gone. */
  #letGo({ state, signal }: DriverRound): void {
    const { slots, propose, log } = this.#context;
    const used = new Set([
      ...state.shards.flatMap(({ replicas }) => replicas.map(({ node }) => node)),
      ...[...state.moves.values()].flatMap(({ add, remove }) => [add?.node, remove?.node]),
    ]);
    for (const { number, nodeId, state: is } of state.nodes.values()) {
      if (is !== 'leaving' || used.has(number)) continue;
      slots.begin(`node ${number}`, async () => {
        await propose({ kind: 'forgetNode', node: number }, signal);
        log('info', 'a node has left', { node: number, nodeId });
      });
    }
  }

  /** A catalog leader that is leaving leaves that to another one first. */
  #handOver({ state, conditions, signal }: DriverRound, { raft }: OpenGroupStatus): boolean {
    const { clock, host, slots } = this.#context;
    if (state.nodes.get(host.node)?.state === 'member') return false;
    const successor = catalogSuccessor({ state, conditions, raft });
    if (successor === undefined) return false;
    slots.begin(CATALOG_SLOT, () =>
      within(clock, CHANGE_TIMEOUT_MS, signal, (limited) =>
        host.transferLeadership(CATALOG_GROUP, successor, limited),
      ),
    );
    return true;
  }

  /** The replicas of the catalog that nodes say they have. */
  #replicas({ groups }: DriverRound): ReadonlyMap<NodeNumber, ReplicaId> {
    const reports = groups.get(CATALOG_GROUP)?.reports ?? new Map<NodeNumber, never>();
    const replicas = new Map<NodeNumber, ReplicaId>();
    for (const [node, report] of reports) {
      if (report.state === 'open') replicas.set(node, report.replica);
    }
    return replicas;
  }

  /** Whether a node that is to lose its replica should first hear, by it, that it is gone. */
  #isAwaited({ state, conditions }: DriverRound, { kind, replica }: ConfigurationStep): boolean {
    const { collector, clock } = this.#context;
    const node = nodeOf(replica);
    if (kind !== 'remove' || state.nodes.get(node)?.state !== 'gone') return false;
    const heard = collector.heard(node);
    if (heard === undefined || conditions.get(node) !== 'alive') return false;
    if (heard.report.catalogVersion >= state.version) return false;
    const since = this.#farewells.get(node) ?? clock.monotonicMs();
    this.#farewells.set(node, since);
    return clock.monotonicMs() - since < FAREWELL_MS;
  }
}
