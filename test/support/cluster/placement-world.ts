import { must } from '../../../src/base/assert.ts';
import type { Random } from '../../../src/base/random.ts';
import { applyClusterCommand } from '../../../src/cluster/catalog/apply-cluster-command.ts';
import type {
  ClusterCommand,
  ClusterCommandResult,
} from '../../../src/cluster/catalog/cluster-command.ts';
import {
  type ClusterState,
  EMPTY_CLUSTER,
  type Move,
} from '../../../src/cluster/catalog/cluster-state.ts';
import { type MovePlan, planMoves } from '../../../src/cluster/placement/move-plan.ts';
import {
  conditionOf,
  type NodeCondition,
  type PlacementInput,
  type PlacementLimits,
  replicaKey,
} from '../../../src/cluster/placement/placement-input.ts';

/** What is wrong with a step that was taken. */
export class PlacementViolation extends Error {
  override readonly name = 'PlacementViolation';
}

/** How a random cluster begins. */
export interface PlacementWorldOptions {
  readonly random: Random;
  readonly shardCount: number;
  readonly replicaCount: number;
  readonly zones: number;
  readonly limits: PlacementLimits;
}

/**
 * A cluster without networks and data: what the nodes agree on, how each of them is, and a driver that carries plans out at once. Each step is checked.
 */
export class PlacementWorld {
  readonly #options: PlacementWorldOptions;
  readonly conditions = new Map<number, NodeCondition>();
  readonly corrupt = new Set<string>();
  /** Every replica that there ever was. */
  readonly #replicas = new Set<string>();
  state: ClusterState = EMPTY_CLUSTER;
  /** Moves begun so far, in order. */
  readonly begun: Move[] = [];
  #names = 0;

  constructor(options: PlacementWorldOptions) {
    this.#options = options;
    const { shardCount, replicaCount } = options;
    this.change({
      kind: 'foundCluster',
      clusterId: 'grapes',
      settings: { shardCount, replicaCount },
      founder: this.#introduction(),
    });
  }

  get input(): PlacementInput {
    const { state, conditions, corrupt } = this;
    return { state, conditions, corrupt, limits: this.#options.limits };
  }

  /** Numbers of members; of those that are in some condition, if one is given. */
  members(condition?: NodeCondition): readonly number[] {
    return [...this.state.nodes.values()]
      .filter(({ state }) => state === 'member')
      .map(({ number }) => number)
      .filter((node) => condition === undefined || conditionOf(this, node) === condition);
  }

  /** @throws PlacementViolation where the command is refused */
  change(command: ClusterCommand): ClusterCommandResult {
    const { state, result } = applyClusterCommand(this.state, command);
    if (result.kind === 'refused') {
      throw new PlacementViolation(`${JSON.stringify(command)}: ${result.message}`);
    }
    this.state = state;
    return result;
  }

  /** Tries a command that may be refused. */
  attempt(command: ClusterCommand): ClusterCommandResult {
    const { state, result } = applyClusterCommand(this.state, command);
    this.state = state;
    return result;
  }

  join(): void {
    this.change({ kind: 'registerNode', node: this.#introduction() });
  }

  /** The node begins anew under its name, with an empty disk. */
  wipe(node: number): void {
    const { nodeId, zone } = must(this.state.nodes.get(node), 'a node');
    this.conditions.delete(node);
    const introduction = { ...this.#introduction(), nodeId, zone };
    this.change({ kind: 'registerNode', node: introduction });
  }

  /** One of the replicas that are placed on nodes which are alive is damaged. */
  damage(random: Random): void {
    const shard = random.below(this.state.shards.length);
    const replicas = this.state.shards[shard]?.replicas ?? [];
    const { replica, node } = must(replicas[random.below(replicas.length)], 'a replica');
    if (conditionOf(this, node) === 'alive') this.corrupt.add(replicaKey(shard, replica));
  }

  /** Begins and cancels what the plan says. */
  plan(): MovePlan {
    const plan = planMoves(this.input);
    for (const id of plan.cancel) {
      this.change({ kind: 'advanceMove', move: id, from: 'adding', to: 'cancelling' });
    }
    for (const command of plan.begin) {
      this.#checkBegin(command);
      const result = this.change(command);
      const id = result.kind === 'moveBegun' ? result.move : 0;
      const move = must(this.state.moves.get(id), 'the move');
      this.begun.push(move);
      const key = move.add && replicaKey(move.shard, move.add.replica);
      if (key === undefined) continue;
      if (this.#replicas.has(key)) throw new PlacementViolation(`replica ${key} is used again`);
      this.#replicas.add(key);
    }
    this.#checkLimits(plan.begin);
    return plan;
  }

  /** Each move goes on by a step where the nodes it needs are there. */
  advance(chance = 1): void {
    for (const move of this.state.moves.values()) {
      if (this.#options.random.next() <= chance) this.#advance(move);
    }
  }

  /** Replicas of a shard that are alive and sound. */
  live(shard: number): readonly number[] {
    const replicas = this.state.shards[shard]?.replicas ?? [];
    return replicas
      .filter(
        ({ node, replica }) => this.#isUp(node) && !this.corrupt.has(replicaKey(shard, replica)),
      )
      .map(({ node }) => node);
  }

  /** Pairs of a shard's replicas that are in one zone. */
  zonePairs(shard: number): number {
    const zones = (this.state.shards[shard]?.replicas ?? []).map(
      ({ node }) => this.state.nodes.get(node)?.zone,
    );
    let pairs = 0;
    zones.forEach((zone, at) => {
      pairs += zones.slice(0, at).filter((other) => other === zone).length;
    });
    return pairs;
  }

  #advance(move: Move): void {
    const { id, shard, step } = move;
    const replicas = this.state.shards[shard]?.replicas ?? [];
    const live = this.live(shard);
    const hasQuorum = live.length > replicas.length / 2;
    if (step === 'removing') {
      this.change({ kind: 'advanceMove', move: id, from: step });
      return;
    }
    if (!hasQuorum) return;
    if (step === 'cancelling') {
      this.change({ kind: 'advanceMove', move: id, from: step });
      return;
    }
    if (step === 'adding') {
      if (this.#isUp(move.add?.node ?? 0)) {
        this.change({ kind: 'advanceMove', move: id, from: step, to: 'switching' });
      }
      return;
    }
    const pairs = this.zonePairs(shard);
    this.change({
      kind: 'advanceMove',
      move: id,
      from: step,
      ...(move.remove === undefined ? {} : { to: 'removing' }),
    });
    this.#checkSwitched(move, pairs);
  }

  #checkBegin({ shard, add, remove, reason }: ClusterCommand & { kind: 'beginMove' }): void {
    if (add !== undefined && !this.members('alive').includes(add)) {
      throw new PlacementViolation(`node ${add} is to take a replica and does not answer`);
    }
    const live = new Set(this.live(shard));
    const { length } = this.state.shards[shard]?.replicas ?? [];
    if (remove !== undefined) live.delete(remove);
    if (add !== undefined) live.add(add);
    const after = length + (add === undefined ? 0 : 1) - (remove === undefined ? 0 : 1);
    const wanted = Math.min(this.state.settings.replicaCount, this.members().length);
    if (live.size < Math.min(this.live(shard).length, wanted)) {
      throw new PlacementViolation(`shard ${shard} would have fewer live replicas by ${reason}`);
    }
    if (live.size <= after / 2) {
      throw new PlacementViolation(`shard ${shard} would lose its majority by ${reason}`);
    }
  }

  /** Only where something was begun: moves that waited for a node take room again when it is back. */
  #checkLimits(begun: MovePlan['begin']): void {
    if (begun.length === 0) return;
    const { limits } = this.#options;
    const counted = [...this.state.moves.values()].filter(({ shard, step, add }) => {
      const { length } = this.state.shards[shard]?.replicas ?? [];
      if (this.live(shard).length <= length / 2) return false;
      return step === 'removing' || add === undefined || this.#isUp(add.node);
    });
    if (counted.length > limits.movesMax) {
      throw new PlacementViolation(`${counted.length} moves at once`);
    }
    for (const { add } of begun) {
      const arriving = counted.filter((move) => move.step !== 'removing' && move.add?.node === add);
      if (add !== undefined && arriving.length > limits.arrivalsMax) {
        throw new PlacementViolation('a node takes too many replicas at once');
      }
    }
    for (const { remove } of begun) {
      const departing = counted.filter((move) => move.remove?.node === remove);
      if (remove !== undefined && this.#isUp(remove) && departing.length > limits.departuresMax) {
        throw new PlacementViolation('a node gives too many replicas up at once');
      }
    }
  }

  #checkSwitched({ shard, reason }: Move, pairsBefore: number): void {
    const nodes = (this.state.shards[shard]?.replicas ?? []).map(({ node }) => node);
    if (new Set(nodes).size < nodes.length) {
      throw new PlacementViolation(`shard ${shard} is twice on a node`);
    }
    if (reason === 'rebalance' && this.zonePairs(shard) > pairsBefore) {
      throw new PlacementViolation(`shard ${shard} is worse spread over zones`);
    }
  }

  #isUp(node: number): boolean {
    return conditionOf(this, node) === 'alive' && this.state.nodes.get(node)?.state !== 'gone';
  }

  #introduction() {
    this.#names += 1;
    const { random, zones } = this.#options;
    return {
      nodeId: `node-${this.#names}`,
      raftAddress: `host-${this.#names}:7000`,
      grpcAddress: '',
      restAddress: '',
      zone: zones === 1 ? '' : `zone-${random.below(zones)}`,
      incarnation: `incarnation-${this.#names}`,
    };
  }
}
