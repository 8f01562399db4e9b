import { configurationOf } from '../../../src/raft/core/configuration.ts';
import { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold, Violation } from '../invariants/violation.ts';
import { checkLinearizable } from '../linearizability/check-linearizable.ts';
import { REGISTER_MODEL } from '../linearizability/register-model.ts';
import { EventQueue } from '../world/event-queue.ts';
import { RandomStreams, type RandomStream } from '../world/random-streams.ts';
import { settled } from '../world/real-machine-guard.ts';
import { SimulatedLinks } from '../world/simulated-links.ts';
import { SimulatedNetwork } from '../world/simulated-transport.ts';
import {
  type ClusterSwarm,
  drawClusterSwarm,
  FATE_ACTS,
  type FateAct,
  OPERATOR_ACTS,
  type OperatorAct,
} from './cluster-options.ts';
import { unsettledGroup } from './convergence.ts';
import { Fate } from './fate.ts';
import { FaultBudget } from './fault-budget.ts';
import { History } from './history.ts';
import { Operator } from './operator.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedNode } from './simulated-node.ts';
import { type PhaseLimits, runUntil } from '../world/run-until.ts';

const TIDY_MS = 500;
const LINEARIZABILITY_STEPS_MAX = 300_000;

type Phase = 'faults' | 'healing' | 'serving' | 'idle';

/** Nodes with the production's hosts, clients, an operator, and fate. */
export class SimulatedCluster {
  readonly queue = new EventQueue();
  readonly swarm: ClusterSwarm;
  readonly counts: Record<string, number> = {};
  readonly history = new History();
  readonly #ledger: ClusterLedger;
  readonly #nodes: readonly SimulatedNode[];
  readonly #clients: readonly SimulatedClient[];
  readonly #groups: readonly number[];
  readonly #network: SimulatedNetwork;
  readonly #fate: Fate<SimulatedNode>;
  readonly #operator: Operator;
  readonly #budget: FaultBudget;
  readonly #pace: RandomStream;
  readonly #touched = new Set<SimulatedNode>();
  #violation: Violation | undefined;
  #phase: Phase = 'faults';

  constructor(seed: number) {
    const streams = new RandomStreams(seed);
    const { queue } = this;
    const swarm = drawClusterSwarm(streams.stream('swarm'));
    this.swarm = swarm;
    this.#pace = streams.stream('pace');
    this.#groups = Array.from({ length: swarm.groups }, (_, group) => group);
    const ledger = new ClusterLedger({
      ...swarm.limits,
      entryBytesMax: swarm.limits.commandBytesMax,
    });
    this.#ledger = ledger;
    const links = new SimulatedLinks(queue, streams.stream('links'), swarm.links);
    this.#network = new SimulatedNetwork(
      queue,
      links,
      streams.stream('chunks'),
      ledger,
      swarm.chunks,
    );
    const count = (what: string): void => this.#count(what);
    this.#nodes = Array.from(
      { length: swarm.nodes },
      (_, at) =>
        new SimulatedNode({
          number: at + 1,
          swarm,
          queue,
          streams,
          network: this.#network,
          ledger,
          count,
          onViolation: (violation) => (this.#violation ??= violation),
          onTouched: (node) => this.#touched.add(node),
        }),
    );
    const budget = new FaultBudget(ledger);
    this.#budget = budget;
    const random = streams.stream('fate');
    this.#fate = new Fate({ swarm, nodes: this.#nodes, links, queue, random, budget, count });
    this.#operator = new Operator({
      groups: this.#groups,
      nodes: this.#nodes,
      queue,
      random: streams.stream('operator'),
      ledger,
      budget,
      count,
      onError: (error) => this.fail(error),
    });
    this.#clients = this.#groups.flatMap((group) =>
      Array.from({ length: swarm.clients }, (_, at) => {
        const name = `c${group}.${at}`;
        return new SimulatedClient({
          name,
          group,
          swarm,
          queue,
          random: streams.stream(name),
          nodes: this.#nodes,
          ledger,
          history: this.history,
          count,
        });
      }),
    );
  }

  /** Something broke where nobody catches it. */
  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#violation ??= error instanceof Violation ? error : new Violation('assertion', text);
  }

  /** All nodes start, and all groups begin. Then clients, fate and operator get going. */
  async begin(): Promise<void> {
    for (const node of this.#nodes) node.start();
    while (this.#nodes.some(({ host }) => host === undefined)) await this.#step();
    const births = new Set<number>();
    for (const group of this.#groups) {
      const members = this.#nodes
        .map((_, at) => this.#nodes[(at + group) % this.#nodes.length])
        .filter((node) => node !== undefined)
        .slice(0, this.swarm.voters + this.swarm.learners)
        .map((node) => ({ node, replica: node.newReplica() }));
      const ids = members.map(({ replica }) => replica);
      const configuration = configurationOf(
        ids.slice(0, this.swarm.voters),
        ids.slice(this.swarm.voters),
      );
      for (const { node, replica } of members) {
        births.add(replica);
        node.process?.deliver('begin', () => {
          node.host?.createGroup({ group, replica, configuration }).then(
            () => births.delete(replica),
            (error: unknown) => this.fail(error),
          );
        });
      }
    }
    while (births.size > 0) await this.#step();
    this.#beginPaces();
  }

  /** Runs one event, and all that it wakes; then looks at whom it concerned. */
  async #step(): Promise<void> {
    this.queue.runNext();
    await settled();
    if (this.#violation !== undefined) throw this.#violation;
    for (const node of this.#touched) {
      node.observe();
      node.happened();
    }
    this.#touched.clear();
  }

  /** Runs until so many events have run since the simulation began. */
  async runTo(events: number): Promise<void> {
    while (this.queue.executed < events) await this.#step();
  }

  /** See {@link runUntil}. */
  runUntil(done: () => boolean, limits: PhaseLimits): Promise<boolean> {
    return runUntil(this.queue, () => this.#step(), done, limits);
  }

  /** All harm ends. Clients rest until the cluster has settled. */
  heal(): void {
    this.#phase = 'healing';
    this.#network.chunks = { resetChance: 0, timeoutMs: 2000 };
    this.#fate.heal();
  }

  /** Why the cluster has not settled; undefined: it has. */
  unsettled(): string | undefined {
    const down = this.#nodes.find(({ isUp }) => !isUp);
    if (down !== undefined) {
      if (down.process === undefined) this.#fate.restart(down);
      return `node ${down.number} is not up`;
    }
    const { victim } = this.#budget;
    if (victim !== undefined) return `node ${victim.number} is not replaced`;
    for (const group of this.#groups) {
      const why = unsettledGroup(this.#ledger.group(group), this.#nodes);
      if (why !== undefined) return `group ${group}: ${why}`;
    }
    return undefined;
  }

  /** Clients ask again; every one wants some answers. */
  serve(): void {
    this.#phase = 'serving';
    for (const client of this.#clients) client.answered = 0;
  }

  /** Whether every client was answered. */
  isServed(): boolean {
    return this.#clients.every(({ answered }) => answered >= 3);
  }

  /** Nobody asks for anything. */
  rest(): void {
    this.#phase = 'idle';
  }

  /** Whether no client waits. */
  isQuiet(): boolean {
    return this.#clients.every(({ isBusy }) => !isBusy);
  }

  /** Leaders, terms and how many messages were sent so far. */
  calm(): { readonly leaders: string; readonly messages: number } {
    const leaders = this.#nodes.flatMap(({ host, number }) =>
      (host?.groups() ?? []).flatMap((status) =>
        status.state === 'open' && status.raft.role === 'leader'
          ? [`group ${status.group}: node ${number} term ${status.raft.term}`]
          : [],
      ),
    );
    const messages = Object.values(this.#network.sent).reduce((sum, each) => sum + each, 0);
    return { leaders: leaders.toSorted().join('; '), messages };
  }

  /** All clients saw what one copy of the registers could have shown them. Undefined where that could not be decided. */
  judge(): true | undefined {
    for (const { id, group, isRefused } of this.history.operations) {
      const index = isRefused ? this.#ledger.group(group).effectOf(id) : undefined;
      hold(
        index === undefined,
        'refusedHasNoEffect',
        () => `${id} was refused, and is applied at ${index}`,
      );
    }
    let isDecided = true;
    for (const group of this.#groups) {
      const history = this.history.ofGroup(group);
      const verdict = checkLinearizable(history, REGISTER_MODEL, LINEARIZABILITY_STEPS_MAX);
      hold(verdict.result !== 'violation', 'linearizable', () =>
        'explanation' in verdict ? verdict.explanation : '',
      );
      if (verdict.result === 'unknown') isDecided = false;
    }
    return isDecided || undefined;
  }

  /** Counts of everything, messages included. */
  allCounts(): Record<string, number> {
    const sent = Object.entries(this.#network.sent).map(([kind, count]) => [
      `message ${kind}`,
      count,
    ]);
    return { ...this.counts, ...Object.fromEntries(sent) };
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #beginPaces(): void {
    const { clientMeanMs, fateMeanMs, operatorMeanMs } = this.swarm;
    for (const client of this.#clients) {
      this.#repeat('client', clientMeanMs, () => {
        if (this.#phase !== 'faults' && this.#phase !== 'serving') return;
        client.next().catch((error: unknown) => this.fail(error));
      });
    }
    this.#repeat('fate', fateMeanMs, () => this.#act(FATE_ACTS, (act) => this.#fate.act(act)));
    this.#repeat('operator', operatorMeanMs, () =>
      this.#act(OPERATOR_ACTS, (act) => this.#operator.act(act)),
    );
    this.#repeat('tidy', TIDY_MS, () => this.#operator.tidyUp(this.#phase !== 'faults'));
  }

  #repeat(what: string, meanMs: number, run: () => void): void {
    this.queue.schedule(this.#pace.exponential(meanMs), what, () => {
      run();
      this.#repeat(what, meanMs, run);
    });
  }

  #act<T extends FateAct | OperatorAct>(acts: readonly T[], perform: (act: T) => void): void {
    if (this.#phase !== 'faults') return;
    const { weights } = this.swarm;
    let left = this.#pace.next() * acts.reduce((sum, act) => sum + weights[act], 0);
    const act = acts.find((each) => (left -= weights[each]) < 0);
    if (act === undefined) return;
    this.#count(act);
    this.queue.trace.note(this.queue.nowMs, `* ${act}`);
    perform(act);
  }
}
