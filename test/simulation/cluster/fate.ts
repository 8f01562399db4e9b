import { unreachable } from '../../../src/base/unreachable.ts';
import type { EventQueue } from '../world/event-queue.ts';
import { partition } from '../world/partition.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { SimulatedLinks } from '../world/simulated-links.ts';
import type { RaftHost } from '../../../src/raft/host/raft-host.ts';
import type { SimulatedClock } from '../world/simulated-clock.ts';
import type { SimulatedDisk } from '../world/simulated-disk.ts';
import type { SimulatedProcess } from '../world/simulated-process.ts';
import type { ClusterSwarm, FateAct } from './cluster-options.ts';

/** What can be harmed: a machine, its disk, and the process on it. */
export interface FatedNode {
  /** Of the machine, as links know it. */
  readonly number: number;
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  readonly process: SimulatedProcess | undefined;
  readonly host: Pick<RaftHost, 'groups'> | undefined;
  readonly isBeyondRepair: boolean;
  readonly isSuspect: boolean;
  expectsFailure: boolean;
  start(): void;
  crash(): void;
  crashAfter(count: number): void;
  misread(how: 'wrong' | 'short', things: number): void;
  rot(): string | undefined;
  wipe(): void;
}

/** Says who may lose what it knows, and hears who did. */
export interface LossBudget<Node extends FatedNode> {
  mayLose(node: Node): boolean;
  /** As {@link mayLose}, of what comes to light only when it is read. */
  mayLoseLater(node: Node): boolean;
  lost(node: Node, what: 'wiped' | 'damaged'): void;
}

/** What fate is made from. */
export interface FateOptions<Node extends FatedNode> {
  readonly swarm: Pick<ClusterSwarm, 'shapes'>;
  /** Those that were ever started. */
  readonly nodes: readonly Node[];
  readonly links: SimulatedLinks;
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly budget: LossBudget<Node>;
  readonly count: (what: string) => void;
}

/** Does harm, and undoes it again. */
export class Fate<Node extends FatedNode> {
  readonly #options: FateOptions<Node>;

  constructor(options: FateOptions<Node>) {
    this.#options = options;
  }

  act(act: FateAct): void {
    const { random, nodes, links } = this.#options;
    const node = random.happens(0.3)
      ? (this.#someLeader() ?? random.pick(nodes))
      : random.pick(nodes);
    switch (act) {
      case 'crash':
        if (random.happens(0.5)) return node.crash();
        // Between any two things that happen in the process, however short the time between them.
        return node.crashAfter(1 + random.below(20));
      case 'restart':
        return this.#restartOne();
      case 'pause':
        return this.#pause(node);
      case 'resume':
        for (const each of nodes)
          if (each.process?.state === 'paused') return each.process.resume();
        return undefined;
      case 'partition':
        return this.#partition(node.number);
      case 'mend':
        return links.partition(new Set());
      case 'clockJump':
        // What is under way seems to take longer than it does.
        node.expectsFailure = true;
        return node.clock.jump(random.between(0, 3000), random.between(-5000, 5000));
      case 'clockDrift':
        return node.clock.drift(random.between(0.95, 1.05));
      case 'fullStop':
        for (const each of nodes) each.crash();
        for (const each of nodes) this.restart(each);
        return undefined;
      case 'slowDisk':
      case 'stallDisk':
      case 'fillDisk':
      case 'failWrite':
      case 'failSync':
      case 'misread':
      case 'rot':
      case 'wipe':
        return this.#harmDisk(act, node);
      default:
        return unreachable(act);
    }
  }

  /** All harm ends; what is down comes up. */
  heal(): void {
    const { nodes, links } = this.#options;
    links.heal();
    for (const node of nodes) {
      // What is about to go wrong goes wrong now, or never.
      if (node.isSuspect) node.crash();
      node.crashAfter(Infinity);
      node.disk.heal();
      node.process?.resume();
      this.restart(node);
    }
  }

  /** Starts a process where none runs; on a new disk where the old one cannot be read. */
  restart(node: Node): void {
    if (node.process !== undefined) return;
    if (node.isBeyondRepair) {
      this.#options.budget.lost(node, 'wiped');
      node.wipe();
    }
    node.disk.isFull = false;
    node.start();
  }

  #restartOne(): void {
    const { nodes, random } = this.#options;
    const node = nodes.find(({ process }) => process === undefined);
    if (node === undefined) return;
    this.restart(node);
    // It may not come far.
    if (random.happens(0.2)) node.crashAfter(1 + random.below(40));
  }

  #someLeader(): Node | undefined {
    return this.#options.nodes.find(({ host }) =>
      host?.groups().some((status) => status.state === 'open' && status.raft.role === 'leader'),
    );
  }

  /** Now and then it wakes by itself. */
  #pause(node: Node): void {
    const { queue, random } = this.#options;
    const { process } = node;
    process?.pause();
    node.expectsFailure = true;
    queue.schedule(random.between(100, 30_000), `n${node.number} wakes`, () => process?.resume());
  }

  #partition(chosen: number): void {
    const { swarm, random, nodes, links } = this.#options;
    if (swarm.shapes.length === 0) return;
    const shape = random.pick(swarm.shapes);
    const numbers = nodes.map(({ number }) => number);
    links.partition(partition(shape, numbers, chosen, random.happens(0.3), random));
  }

  #harmDisk(
    act: (FateAct & `${string}Disk`) | 'failWrite' | 'failSync' | 'misread' | 'rot' | 'wipe',
    node: Node,
  ): void {
    const { random, queue, budget, count } = this.#options;
    const { disk } = node;
    switch (act) {
      case 'slowDisk':
        node.expectsFailure = true;
        disk.slowness = random.pick([1, 10, 30]);
        return;
      case 'stallDisk':
        node.expectsFailure = true;
        disk.stalledUntilMs = queue.nowMs + random.between(1000, 60_000);
        return;
      case 'fillDisk':
        node.expectsFailure = true;
        disk.isFull = true;
        return;
      case 'failWrite':
      case 'failSync':
        if (node.process === undefined) return;
        node.expectsFailure = true;
        disk.failNext(act === 'failWrite' ? 'write' : 'sync', 'EIO');
        return;
      case 'misread':
        // What was once read wrong stays damaged, as far as the log knows.
        if (node.host === undefined || !budget.mayLoseLater(node)) return;
        node.misread(random.pick(['wrong', 'short']), 1 + random.below(500));
        budget.lost(node, 'damaged');
        count('misreadable');
        return;
      case 'rot': {
        if (!budget.mayLose(node)) return;
        const what = node.rot();
        if (what === undefined) return;
        queue.trace.note(queue.nowMs, `n${node.number}: ${what}`);
        budget.lost(node, 'damaged');
        count('rotten');
        return;
      }
      case 'wipe':
        if (!budget.mayLose(node)) return;
        budget.lost(node, 'wiped');
        node.wipe();
        count('wiped');
        return;
      default:
        unreachable(act);
    }
  }
}
