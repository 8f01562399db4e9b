import { unreachable } from '../../../src/base/unreachable.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import type { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import { isMember } from '../cluster/fault-budget.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { SimulatedProcess } from '../world/simulated-process.ts';
import type { RandomStream } from '../world/random-streams.ts';
import { currentConfiguration } from './current-configuration.ts';
import type { NodesLossBudget } from './loss-budget.ts';
import type { NodesLedger } from './nodes-ledger.ts';
import type { MemberAct } from './nodes-options.ts';
import { nodeName, type SimulatedMachine } from './simulated-machine.ts';

export interface MemberOperatorOptions {
  /** Those that were ever started; a spare that joins is added. */
  readonly machines: SimulatedMachine[];
  readonly spares: SimulatedMachine[];
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly ledger: NodesLedger;
  readonly budget: NodesLossBudget;
  readonly count: (what: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Has nodes join and leave, evens out what they have, and gives those that are gone a new disk. */
export class MemberOperator {
  readonly #options: MemberOperatorOptions;

  /** Processes that work on what they were asked for, once for each. */
  readonly #underWay = new Set<{ readonly process: SimulatedProcess | undefined }>();

  constructor(options: MemberOperatorOptions) {
    this.#options = options;
  }

  act(act: MemberAct): void {
    const { machines, spares, random } = this.#options;
    const machine = random.pick(machines);
    switch (act) {
      case 'join': {
        const spare = spares.shift();
        if (spare === undefined) return;
        machines.push(spare);
        return spare.start();
      }
      case 'leave':
      case 'cancelLeave': {
        const nodeId = nodeName(random.pick(machines).number);
        return this.#ask(machine, act, ({ operations }) =>
          operations.leave({ nodeId, cancel: act === 'cancelLeave' }),
        );
      }
      case 'rebalance':
        return this.#ask(machine, act, ({ operations }) => operations.rebalance());
      case 'cancelRebalance':
        return this.#ask(machine, act, ({ operations }) => operations.cancelRebalance());
      case 'recycle':
        return this.recycle();
      case 'stopGracefully':
        return this.#stopGracefully(machine);
      case 'digest':
        return this.#ask(machine, act, async ({ host }) => {
          for (const { group } of host.groups()) await host.checkDigest(group);
        });
      default:
        return unreachable(act);
    }
  }

  /** One node that the cluster has let go, and does not count on any more, begins anew on a new disk. */
  recycle(): void {
    const { machines, ledger, count } = this.#options;
    const machine = machines.find((each) => this.#isGone(each));
    if (machine === undefined) return;
    const isNeeded = [...ledger.raft.groups].some((group) => {
      const newest = currentConfiguration(group);
      return newest !== undefined && isMember(newest, machine.node);
    });
    if (isNeeded) return;
    count('recycled');
    machine.wipe();
    machine.start();
  }

  /** A leave that was asked for is taken back, so that all machines are members in the end; and counts are evened. */
  settle(): void {
    const { machines, ledger } = this.#options;
    const [machine] = machines.filter(({ isUp }) => isUp);
    if (machine === undefined) return;
    const leaving = [...(ledger.newest?.nodes.values() ?? [])].find(
      ({ state }) => state === 'leaving',
    );
    if (leaving !== undefined) {
      const { nodeId } = leaving;
      this.#ask(machine, 'cancelLeave', ({ operations }) =>
        operations.leave({ nodeId, cancel: true }),
      );
    }
  }

  /** Whether nobody works on what was asked for. */
  get isQuiet(): boolean {
    return [...this.#underWay].every(({ process }) => process?.state === 'down');
  }

  /** Has counts evened out. */
  rebalance(): void {
    const { machines } = this.#options;
    if (!this.isQuiet) return;
    const machine = machines.find(({ isUp }) => isUp);
    if (machine === undefined) return;
    this.#ask(machine, 'rebalance', ({ operations }) => operations.rebalance());
  }

  #isGone(machine: SimulatedMachine): boolean {
    // It was let go before it heard that it had joined.
    if (machine.isRefused) return true;
    const { newest } = this.#options.ledger;
    return machine.node !== 0 && newest?.nodes.get(machine.node)?.state === 'gone';
  }

  #stopGracefully(machine: SimulatedMachine): void {
    if (!machine.isUp) return;
    this.#ask(machine, 'stopGracefully', async (node) => {
      machine.isStopping = true;
      await node[Symbol.asyncDispose]();
      machine.crash();
    });
  }

  /** Asks a node, and takes every expected error for an answer. */
  #ask(
    machine: SimulatedMachine,
    what: string,
    run: (node: ClusterNode) => Promise<unknown>,
  ): void {
    const { count, onError } = this.#options;
    const { open, process } = machine;
    if (open === undefined || machine.isStopping) return;
    process?.deliver(`operator ${what} on n${machine.number}`, () => {
      const underWay = { process };
      this.#underWay.add(underWay);
      const asked = run(open.node).finally(() => this.#underWay.delete(underWay));
      asked.then(
        () => count(`${what} done`),
        (error: unknown) => {
          if (error instanceof VectorDbError) count(`${what} ${error.code}`);
          else onError(error);
        },
      );
    });
  }
}
