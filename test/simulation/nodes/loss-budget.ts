import {
  CATALOG_GROUP,
  groupOfShard,
  type Move,
} from '../../../src/cluster/catalog/cluster-state.ts';
import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';
import { nodeOf } from '../../../src/raft/host/replica-id.ts';
import { isMember } from '../cluster/fault-budget.ts';
import type { LossBudget } from '../cluster/fate.ts';
import type { GroupLedger } from '../invariants/group-ledger.ts';
import { currentConfiguration } from './current-configuration.ts';
import type { NodesLedger } from './nodes-ledger.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

/** Replicas that lost what they knew, and are still counted on. */
interface Victim {
  readonly machine: SimulatedMachine;
  readonly what: 'wiped' | 'damaged';
  readonly replicas: Map<number, ReplicaId>;
}

/**
 * Keeps losses within what a cluster can survive: at any time at most one node has lost what it knew, and every group that it had a voter in has three or more,
 * and none of its changes is open.
 */
export class NodesLossBudget implements LossBudget<SimulatedMachine> {
  readonly #ledger: NodesLedger;
  #victim: Victim | undefined;

  constructor(ledger: NodesLedger) {
    this.#ledger = ledger;
  }

  /** Who is still counted on, and has lost what it knew; undefined: nobody. */
  get waitsFor(): string | undefined {
    if (this.#victim === undefined) return undefined;
    const { machine, what, replicas } = this.#victim;
    const left = [...replicas].map(([group, replica]) => `${replica} of group ${group}`);
    return `machine ${machine.number}, which was ${what}, is not replaced: ${left.join(', ')}`;
  }

  mayLose(machine: SimulatedMachine): boolean {
    this.look();
    if (this.#victim !== undefined) return false;
    // It is joining: what it may have promised already is not known. Others consent to a founder once: wiped before it founded, it waits for somebody to delete their folders.
    if (machine.node === 0) return machine.process === undefined && machine.number !== 1;
    for (const group of this.#ledger.raft.groups) {
      const newest = currentConfiguration(group);
      if (newest === undefined) return false;
      if (hasOpenChange(group)) return false;
      if (!isMember(newest, machine.node)) continue;
      if (newest.outgoing.length > 0) return false;
      const isVoter = newest.voters.some((replica) => nodeOf(replica) === machine.node);
      const counts = isVoter || this.#mayBecomeVoter(group.group);
      if (counts && this.#fewestVoters(group.group, newest) < 3) return false;
    }
    return true;
  }

  mayLoseLater(machine: SimulatedMachine): boolean {
    return machine.node !== 0 && this.mayLose(machine);
  }

  /** Whether a learner is one that is about to decide: it was looked after already. Catalog: at any moment. */
  #mayBecomeVoter(group: number): boolean {
    return group === CATALOG_GROUP || this.#switchOf(group) !== undefined;
  }

  /** How few voters a group has before or after the change that is about to come. */
  #fewestVoters(group: number, { voters }: Configuration): number {
    const move = this.#switchOf(group);
    const coming = move?.add === undefined ? 0 : 1;
    const going = move?.remove === undefined ? 0 : 1;
    return Math.min(voters.length, voters.length + coming - going);
  }

  /** The move whose change may come at any moment: those whom it needs have answered, or do so now. */
  #switchOf(group: number): Move | undefined {
    return [...(this.#ledger.newest?.moves.values() ?? [])].find(
      ({ shard, step, add }) =>
        groupOfShard(shard) === group &&
        (step === 'switching' || (step === 'adding' && add === undefined)),
    );
  }

  lost(machine: SimulatedMachine, what: 'wiped' | 'damaged'): void {
    const replicas = new Map<number, ReplicaId>();
    for (const ledger of this.#ledger.raft.groups) {
      const newest = currentConfiguration(ledger);
      if (newest === undefined) continue;
      const { voters, outgoing, learners } = newest;
      const own = [...voters, ...outgoing, ...learners].find(
        (replica) => nodeOf(replica) === machine.node,
      );
      if (own !== undefined) replicas.set(ledger.group, own);
    }
    this.#victim = { machine, what, replicas };
  }

  /** Whether nobody counts on the victim's replicas any more. */
  look(): void {
    if (this.#victim === undefined) return;
    const { machine, what, replicas } = this.#victim;
    for (const [group, replica] of replicas) {
      const status = machine.isUp ? machine.status(group) : undefined;
      const isWell =
        what === 'damaged' && status?.state === 'open' && status.raft.replica === replica;
      const ledger = this.#ledger.raft.group(group);
      const newest = currentConfiguration(ledger);
      const isOut =
        newest !== undefined &&
        newest.outgoing.length === 0 &&
        ![...newest.voters, ...newest.learners].includes(replica) &&
        !hasOpenChange(ledger);
      if (isWell || isOut) replicas.delete(group);
    }
    if (replicas.size === 0) this.#victim = undefined;
  }
}

/** A change of the configuration is in some log and not applied everywhere that counts: what the voters are is not settled. */
function hasOpenChange(ledger: GroupLedger): boolean {
  const configuration = currentConfiguration(ledger);
  if (configuration === undefined) return true;
  const { voters, outgoing, learners } = configuration;
  // What is known of the configuration is as of here; replicas that are down may have more in their logs, committed or not.
  const asOf = appliedMax(ledger) ?? ledger.commitMax;
  for (const id of [...voters, ...outgoing, ...learners]) {
    const replica = ledger.replica(id);
    if (replica.isWiped || replica.isDamaged) continue;
    const applied = replica.status?.appliedIndex ?? asOf;
    const isOpen = replica.written.entries.some(
      ({ kind, index }) => kind === 'configuration' && index > applied,
    );
    const own = replica.status?.configuration ?? configuration;
    const isBehind = JSON.stringify(own) !== JSON.stringify(configuration);
    if (isOpen || (isBehind && !learners.includes(id))) return true;
  }
  return false;
}

/** What the replica has applied that has applied the most, of those that are up; undefined: none is. */
function appliedMax({ replicas }: GroupLedger): number | undefined {
  const applied = [...replicas.values()].flatMap(({ status }) =>
    status === undefined ? [] : [status.appliedIndex],
  );
  return applied.length === 0 ? undefined : Math.max(...applied);
}
