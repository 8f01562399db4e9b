import { unreachable } from '../../../src/base/unreachable.ts';
import type { Configuration } from '../../../src/raft/core/configuration.ts';
import { nodeOf } from '../../../src/raft/host/replica-id.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import type { SimulatedNode } from './simulated-node.ts';

/**
 * Keeps faults of disks within what Raft can survive: at any time at most one node has lost what it knew, in groups of three voters or more, and
 * nothing but its replacement goes on in those groups.
 */
export class FaultBudget {
  readonly #ledger: ClusterLedger;
  /** Who lost what it knew, and is still a member of these groups. */
  #victim: { readonly node: SimulatedNode; readonly groups: Set<number> } | undefined;

  constructor(ledger: ClusterLedger) {
    this.#ledger = ledger;
  }

  /** Groups whose membership may only be repaired. */
  isInRepair(group: number): boolean {
    return this.#victim?.groups.has(group) === true;
  }

  /** The node whose replicas have to go; undefined: all are well. */
  get victim(): SimulatedNode | undefined {
    return this.#victim?.node;
  }

  /** Whether a node may lose all it knows, for ever. */
  mayLose(node: SimulatedNode): boolean {
    if (this.#victim !== undefined) return false;
    for (const group of this.#ledger.groups) {
      const configuration = group.configurations.at(-1);
      if (configuration === undefined) return false;
      if (!isMember(configuration, node.number)) {
        // It may be about to become one.
        if (this.#hasOpenChange(group.group)) return false;
        continue;
      }
      const { voters, outgoing } = configuration;
      if (voters.length < 3 || outgoing.length > 0 || this.#hasOpenChange(group.group))
        return false;
    }
    return true;
  }

  /** As {@link mayLose}, of what comes to light later: by then the node has no groups that it has not now. */
  mayLoseLater(node: SimulatedNode): boolean {
    if (!this.mayLose(node)) return false;
    return [...this.#ledger.groups].every(({ configurations }) => {
      const configuration = configurations.at(-1);
      return configuration !== undefined && isMember(configuration, node.number);
    });
  }

  /** A change of the configuration is in some log and not applied everywhere that counts: what the voters are is not settled. */
  #hasOpenChange(group: number): boolean {
    const ledger = this.#ledger.group(group);
    const newest = ledger.configurations.length - 1;
    const configuration = ledger.configurations[newest];
    if (configuration === undefined) return true;
    const { voters, outgoing, learners } = configuration;
    for (const id of [...voters, ...outgoing, ...learners]) {
      const replica = ledger.replica(id);
      const applied = replica.status?.appliedIndex ?? ledger.commitMax;
      const isOpen = replica.written.entries.some(
        ({ kind, index }) => kind === 'configuration' && index > applied,
      );
      // One that is down may find an older configuration when it starts.
      if (isOpen || (replica.status !== undefined && replica.configurationAt !== newest))
        return true;
    }
    return false;
  }

  /** A node has lost what it knew, in some groups. */
  lost(node: SimulatedNode, what: 'wiped' | 'damaged'): void {
    const groups = new Set<number>();
    for (const group of this.#ledger.groups) {
      const configuration = group.configurations.at(-1);
      if (configuration !== undefined && isMember(configuration, node.number)) {
        groups.add(group.group);
      }
      switch (what) {
        case 'wiped':
          for (const replica of group.replicas.values()) {
            if (nodeOf(replica.replica) === node.number) replica.isWiped = true;
          }
          break;
        case 'damaged':
          break;
        default:
          unreachable(what);
      }
    }
    if (groups.size > 0) this.#victim = { node, groups };
    else if (this.#victim?.node === node) this.#victim = undefined;
  }

  /** A group is found to be well on the victim, or has done without it. */
  repaired(group: number): void {
    this.#victim?.groups.delete(group);
    if (this.#victim?.groups.size === 0) this.#victim = undefined;
  }
}

/** Whether a node has any part in a configuration. */
export function isMember(configuration: Configuration, node: number): boolean {
  const { voters, outgoing, learners } = configuration;
  return [...voters, ...outgoing, ...learners].some((replica) => nodeOf(replica) === node);
}
