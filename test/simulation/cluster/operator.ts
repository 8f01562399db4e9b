import { VectorDbError } from '../../../src/base/error.ts';
import { unreachable } from '../../../src/base/unreachable.ts';
import {
  type Configuration,
  configurationOf,
  type ConfigurationStep,
  type ReplicaId,
} from '../../../src/raft/core/configuration.ts';
import type { OpenGroupStatus } from '../../../src/raft/host/group-status.ts';
import type { RaftHost } from '../../../src/raft/host/raft-host.ts';
import { nodeOf } from '../../../src/raft/host/replica-id.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { OperatorAct } from './cluster-options.ts';
import { type FaultBudget, isMember } from './fault-budget.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** What an operator is made from. */
export interface OperatorOptions {
  readonly groups: readonly number[];
  readonly nodes: readonly SimulatedNode[];
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly ledger: ClusterLedger;
  readonly budget: FaultBudget;
  readonly count: (what: string) => void;
  /** A promise failed with something else than an expected error. */
  readonly onError: (error: unknown) => void;
}

/** While a replica may be about to be added, it is not removed. */
const ADDING_MS = 30_000;

/** Who leads a group, on a node that can be asked. */
interface Leader {
  readonly node: SimulatedNode;
  readonly host: RaftHost;
  readonly status: OpenGroupStatus;
}

/** Moves replicas about, hands leadership over, and replaces what is damaged, as a catalog would. */
export class Operator {
  readonly #options: OperatorOptions;
  /** Nodes where a group is being made or removed. */
  readonly #underWay = new Set<string>();
  /** When a replica that nobody wants may be removed; milliseconds. */
  readonly #orphans = new Map<string, number>();

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** One act on a random group. */
  act(act: OperatorAct): void {
    const { random, groups, nodes, budget } = this.#options;
    const group = random.pick(groups);
    const leader = this.#leader(group);
    switch (act) {
      case 'change':
        if (leader !== undefined && !budget.isInRepair(group)) this.#change(group, leader);
        return;
      case 'transfer':
        if (leader === undefined) return;
        this.#ask(leader.node, 'transfer', (host) =>
          host.transferLeadership(group, random.pick(nodes).number),
        );
        return;
      case 'digest':
        if (leader !== undefined) {
          this.#ask(leader.node, 'digest', (host) => host.checkDigest(group));
        }
        return;
      case 'stopGracefully':
        this.#stopGracefully(random.pick(nodes));
        return;
      default:
        unreachable(act);
    }
  }

  /** What has to be done in any case: groups that should be on a node and are not, or are and should not be; damage; joint configurations. */
  tidyUp(mayLeaveJoint: boolean): void {
    for (const group of this.#options.groups) {
      const leader = this.#leader(group);
      if (leader === undefined) continue;
      const { configuration } = leader.status.raft;
      this.#repair(group, leader, configuration);
      if (mayLeaveJoint && configuration.outgoing.length > 0) {
        this.#propose(leader, group, [], 'explicit');
      }
      for (const node of this.#options.nodes) {
        if (node.isUp) this.#tidyNode(group, node, configuration);
      }
    }
  }

  /** Of those that say so, the one of the newest term. */
  #leader(group: number): Leader | undefined {
    let newest: Leader | undefined;
    for (const node of this.#options.nodes) {
      const { host } = node;
      const status = node.isUp ? node.status(group) : undefined;
      if (host === undefined || status?.state !== 'open' || status.raft.role !== 'leader') continue;
      if (newest === undefined || newest.status.raft.term < status.raft.term) {
        newest = { node, host, status };
      }
    }
    return newest;
  }

  #change(group: number, leader: Leader): void {
    const { random, nodes } = this.#options;
    const { configuration } = leader.status.raft;
    const { voters, outgoing, learners } = configuration;
    if (outgoing.length > 0) {
      if (!configuration.autoLeave) this.#propose(leader, group, [], 'explicit');
      return;
    }
    const free = nodes.filter(({ number }) => !isMember(configuration, number));
    const steps: ConfigurationStep[] = [];
    const add = (kind: ConfigurationStep['kind'], replica: ReplicaId): void => {
      if (!steps.some((step) => step.replica === replica)) steps.push({ kind, replica });
    };
    for (let count = 1 + random.below(2); count > 0; count -= 1) {
      const what = random.below(6);
      if (what <= 1 && learners.length > 0) add('addVoter', random.pick(learners));
      else if (what <= 3 && free.length > 0) {
        const replica = this.#waitingReplica(group, random.pick(free));
        if (replica !== undefined) add(random.happens(0.8) ? 'addLearner' : 'addVoter', replica);
      } else if (what === 4 && voters.length > 1) {
        add(random.happens(0.5) ? 'remove' : 'addLearner', random.pick(voters));
      } else if (learners.length > 0) add('remove', random.pick(learners));
    }
    if (steps.length === 0) return;
    this.#propose(leader, group, steps, random.happens(0.7) ? 'auto' : 'explicit');
  }

  /** A replica that waits on a node to be added; where there is none yet, it is made, and may be added another time. */
  #waitingReplica(group: number, node: SimulatedNode): ReplicaId | undefined {
    const status = node.isUp ? node.status(group) : undefined;
    if (status?.state === 'open' && !this.#underWay.has(`${node.number}:${group}`)) {
      return status.raft.replica;
    }
    if (node.isUp && !this.#isHere(node, group)) this.#make(group, node, node.newReplica());
    return undefined;
  }

  #isHere(node: SimulatedNode, group: number): boolean {
    return node.status(group) !== undefined || this.#underWay.has(`${node.number}:${group}`);
  }

  #make(group: number, node: SimulatedNode, replica: ReplicaId): void {
    const birth = { group, replica, configuration: configurationOf([]) };
    this.#exclusively(node, group, 'make', (host) => host.createGroup(birth));
  }

  #propose(
    leader: Leader,
    group: number,
    steps: readonly ConfigurationStep[],
    leave: 'auto' | 'explicit',
  ): void {
    const { nodes, queue } = this.#options;
    const change = { steps, leave, context: new Uint8Array(0) };
    const isThere = ({ kind, replica }: ConfigurationStep): boolean => {
      const status = nodes[nodeOf(replica) - 1]?.status(group);
      return kind === 'remove' || (status?.state === 'open' && status.raft.replica === replica);
    };
    for (const { replica } of steps) {
      this.#orphans.set(`${replica}:${group}`, queue.nowMs + ADDING_MS);
    }
    this.#ask(leader.node, steps.length === 0 ? 'leaveJoint' : 'change', async (host) => {
      // The node may have stood still meanwhile.
      if (steps.every(isThere)) await host.changeConfiguration(group, change);
    });
  }

  /** The victim's replica has to leave the group; then it may come back as another one. */
  #repair(group: number, leader: Leader, configuration: Configuration): void {
    const { budget, ledger } = this.#options;
    const { victim } = budget;
    const { voters, learners, outgoing } = configuration;
    const gone = learners.find((replica) => ledger.group(group).replica(replica).isDestroyed);
    if (gone !== undefined && outgoing.length === 0) {
      this.#propose(leader, group, [{ kind: 'remove', replica: gone }], 'auto');
      return;
    }
    if (victim === undefined || !budget.isInRepair(group)) return;
    // It may find damage yet, also when it has stood still since.
    if (victim.isSuspect) return;
    if (victim.host !== undefined && victim.status(group)?.state === 'open') {
      budget.repaired(group);
      return;
    }
    // Not known yet: it may be well.
    if (victim.host === undefined && !victim.isWiped) return;
    const replica = [...voters, ...learners].find((each) => nodeOf(each) === victim.number);
    if (replica === undefined && outgoing.length === 0) budget.repaired(group);
    if (replica === undefined || outgoing.length > 0) return;
    this.#propose(leader, group, [{ kind: 'remove', replica }], 'auto');
  }

  #tidyNode(group: number, node: SimulatedNode, configuration: Configuration): void {
    const { ledger, random, queue } = this.#options;
    const { voters, outgoing, learners } = configuration;
    const wanted = [...voters, ...outgoing, ...learners].find(
      (each) => nodeOf(each) === node.number,
    );
    const status = node.status(group);
    const here = status?.state === 'open' ? status.raft.replica : status?.replica;
    if (wanted === here || outgoing.length > 0) return;
    if (here === undefined && wanted !== undefined) {
      // Its making was cut short by a crash: nothing of it was ever durable, so that it may begin again.
      if (!ledger.group(group).replica(wanted).isCreated && !this.#isHere(node, group)) {
        this.#make(group, node, wanted);
      }
      return;
    }
    const key = `${here}:${group}`;
    const dueMs = this.#orphans.get(key) ?? queue.nowMs + random.between(2000, 10_000);
    this.#orphans.set(key, dueMs);
    // Perhaps it is about to be added.
    if (queue.nowMs < dueMs || !this.#isDoneWithout(group, here ?? 0, configuration)) return;
    this.#exclusively(node, group, 'remove', (host) => host.removeGroup(group));
  }

  /** Whether most voters have applied that a replica is no member, and have no other change before them: none of them can need its vote any more. */
  #isDoneWithout(group: number, replica: ReplicaId, { voters }: Configuration): boolean {
    const sure = voters.filter((voter) => {
      const node = this.#options.nodes[nodeOf(voter) - 1];
      const status = node?.isUp === true ? node.status(group) : undefined;
      if (status?.state !== 'open' || status.raft.replica !== voter) return false;
      const { configuration, appliedIndex } = status.raft;
      const { written } = this.#options.ledger.group(group).replica(voter);
      if (
        written.entries.some(({ kind, index }) => kind === 'configuration' && index > appliedIndex)
      ) {
        return false;
      }
      const members = [
        ...configuration.voters,
        ...configuration.outgoing,
        ...configuration.learners,
      ];
      return members.includes(voter) && !members.includes(replica);
    });
    return 2 * sure.length > voters.length;
  }

  #stopGracefully(node: SimulatedNode): void {
    const { random } = this.#options;
    if (!node.isUp) return;
    this.#ask(node, 'stopGracefully', async (host) => {
      node.isStopping = true;
      await host.shutdown(random.between(0, 2000));
      node.crash();
    });
  }

  #exclusively(
    node: SimulatedNode,
    group: number,
    what: string,
    run: (host: RaftHost) => Promise<unknown>,
  ): void {
    const key = `${node.number}:${group}`;
    if (this.#underWay.has(key)) return;
    this.#underWay.add(key);
    const { process } = node;
    this.#ask(node, what, async (host) => {
      try {
        await run(host);
      } finally {
        this.#underWay.delete(key);
      }
    });
    // A crash leaves the promise unsettled for ever.
    const release = (): void => {
      if (node.process === process) {
        this.#options.queue.schedule(1000, 'operator waits', release);
        return;
      }
      this.#underWay.delete(key);
    };
    this.#options.queue.schedule(1000, 'operator waits', release);
  }

  /** Asks a node, and takes every expected error for an answer. */
  #ask(node: SimulatedNode, what: string, run: (host: RaftHost) => Promise<unknown>): void {
    const { host } = node;
    if (host === undefined) return;
    this.#options.count(what);
    node.process?.deliver(`operator ${what} on n${node.number}`, () => {
      run(host).then(
        () => this.#options.count(`${what} done`),
        (error: unknown) => {
          if (error instanceof VectorDbError) this.#options.count(`${what} ${error.code}`);
          else this.#options.onError(error);
        },
      );
    });
  }
}
