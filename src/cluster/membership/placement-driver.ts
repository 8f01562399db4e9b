import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { groupOfShard } from '../catalog/cluster-state.ts';
import { planLeaders } from '../placement/leader-plan.ts';
import { type MovePlan, planMoves } from '../placement/move-plan.ts';
import { type PlacementInput, replicaKey } from '../placement/placement-input.ts';
import {
  type DriverContext,
  type DriverRound,
  freshObservation,
  shardSlot,
} from './driver-context.ts';
import type { MoveDriver } from './move-driver.ts';
import { RebalancingTrigger } from './rebalancing-trigger.ts';
import { isCaughtUp } from './shard-observation.ts';

const PLAN_SLOT = 'plan';
const TRANSFER_TIMEOUT_MS = 5_000;

/** Decides what moves, and who leads: has the planner's word carried out. */
export class PlacementDriver {
  readonly #context: DriverContext;
  readonly #moves: MoveDriver;
  readonly #rebalancing: RebalancingTrigger;
  #plan: MovePlan | undefined;

  constructor(context: DriverContext, moves: MoveDriver) {
    this.#context = context;
    this.#moves = moves;
    this.#rebalancing = new RebalancingTrigger(context.settings.rebalanceThreshold);
  }

  /** What was planned last; undefined: nothing yet. */
  get plan(): MovePlan | undefined {
    return this.#plan;
  }

  begin(): void {
    this.#plan = undefined;
    this.#rebalancing.begin();
  }

  /** Begins and gives up moves, hands leadership over. Nothing before each member has answered or counts as silent. */
  pass(round: DriverRound): void {
    const { collector, settings, slots, propose } = this.#context;
    const { state, conditions, signal } = round;
    const isKnown = [...state.nodes.values()].every(
      ({ number, state: is }) =>
        is === 'gone' ||
        collector.heard(number) !== undefined ||
        (conditions.get(number) ?? 'alive') !== 'alive',
    );
    if (!isKnown) return;
    const input: PlacementInput = {
      state,
      conditions,
      corrupt: this.#corrupt(round),
      empty: this.#empty(round),
      limits: { movesMax: settings.movesMax, arrivalsMax: 1, departuresMax: 1 },
    };
    const plan = planMoves(input);
    this.#plan = plan;
    this.#moves.cancel(round, plan.cancel);
    const isRebalancingDue = this.#rebalancing.isDue(input, plan);
    if (plan.begin.length > 0) {
      slots.begin(PLAN_SLOT, async () => {
        for (const command of plan.begin) await propose(command, signal);
      });
    } else if (state.rebalancing && plan.isSettled) {
      this.#rebalancing.ending();
      slots.begin(PLAN_SLOT, () => propose({ kind: 'setRebalancing', on: false }, signal));
    } else if (isRebalancingDue) {
      slots.begin(PLAN_SLOT, () => propose({ kind: 'setRebalancing', on: true }, signal));
    }
    this.#evenLeaders(round);
  }

  /** Replicas that are damaged, or that are placed and take no part in their group. */
  #corrupt({ state, groups, conditions }: DriverRound): ReadonlySet<string> {
    const { collector } = this.#context;
    const corrupt = new Set<string>();
    for (const [shard, { replicas }] of state.shards.entries()) {
      const observation = groups.get(groupOfShard(shard));
      for (const { node, replica } of replicas) {
        if ((conditions.get(node) ?? 'alive') !== 'alive') continue;
        if (collector.heard(node) === undefined) continue;
        const report = observation?.reports.get(node);
        const isHere = report?.state === 'open' && report.replica === replica;
        if (!isHere) corrupt.add(replicaKey(shard, replica));
      }
    }
    return corrupt;
  }

  /** Shards of which their leaders say that nothing is in them. Points are not counted yet where a node has just begun: its log tells. */
  #empty({ state, groups }: DriverRound): ReadonlySet<number> {
    const { lagMax } = this.#context.settings;
    const shards = [...state.shards.keys()].filter((shard) => {
      const leader = groups.get(groupOfShard(shard))?.leader?.report;
      return leader !== undefined && leader.points === 0 && leader.lastIndex <= lagMax;
    });
    return new Set(shards);
  }

  /** Nodes that refuse writes, by their own word. */
  #refusing({ state }: DriverRound): ReadonlySet<NodeNumber> {
    const { collector } = this.#context;
    const nodes = [...state.nodes.keys()];
    return new Set(nodes.filter((node) => collector.heard(node)?.report.writable === false));
  }

  #evenLeaders(round: DriverRound): void {
    const { caller, slots, settings } = this.#context;
    const leaders = new Map<number, number>();
    for (const shard of round.state.shards.keys()) {
      const leader = round.groups.get(groupOfShard(shard))?.leader;
      if (leader !== undefined) leaders.set(shard, leader.node);
    }
    const transfers = planLeaders({
      state: round.state,
      conditions: round.conditions,
      leaders,
      refusing: this.#refusing(round),
      isCaughtUp: (shard, node) => {
        const observation = round.groups.get(groupOfShard(shard));
        const voter = observation?.leader?.report.configuration.voters.find(
          (each) => nodeOf(each) === node,
        );
        if (observation === undefined || voter === undefined) return false;
        const report = observation.reports.get(node);
        return (
          report?.state === 'open' &&
          report.isIndexed &&
          isCaughtUp(observation, voter, settings.lagMax)
        );
      },
    });
    for (const { shard, from, to } of transfers) {
      if (freshObservation(this.#context, round, shard) === undefined) continue;
      const call = { kind: 'transferLeadership', group: groupOfShard(shard), to } as const;
      const options = { timeoutMs: TRANSFER_TIMEOUT_MS, signal: round.signal };
      slots.begin(shardSlot(shard), () => caller.call(from, call, options));
    }
  }
}
