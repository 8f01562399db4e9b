import { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold, Violation } from '../invariants/violation.ts';
import { FATE_ACTS, type FateAct } from '../cluster/cluster-options.ts';
import { Fate } from '../cluster/fate.ts';
import { checkLinearizable } from '../linearizability/check-linearizable.ts';
import { EventQueue } from '../world/event-queue.ts';
import { RandomStreams, type RandomStream } from '../world/random-streams.ts';
import { settled } from '../world/real-machine-guard.ts';
import { CALM_LINKS, SimulatedLinks } from '../world/simulated-links.ts';
import { SimulatedNetwork } from '../world/simulated-transport.ts';
import { DatabaseClient } from './database-client.ts';
import { NodesLossBudget } from './loss-budget.ts';
import { MemberOperator } from './member-operator.ts';
import { NAME_MODEL, type NameInput, type NameOutput } from './name-model.ts';
import { unsettledCluster } from './nodes-convergence.ts';
import { NodesLedger } from './nodes-ledger.ts';
import { drawNodesSwarm, MEMBER_ACTS, type MemberAct, type NodesSwarm } from './nodes-options.ts';
import { OperationLog } from './operation-log.ts';
import { POINT_MODEL, type PointInput, type PointOutput } from './point-model.ts';
import { SimulatedMachine } from './simulated-machine.ts';
import { type PhaseLimits, runUntil } from '../world/run-until.ts';

const LINEARIZABILITY_STEPS_MAX = 300_000;
const TIDY_MS = 1000;

type Phase = 'peace' | 'hush' | 'faults' | 'healing' | 'serving' | 'idle';
/** Phases in which clients ask for nothing. */
const RESTING: ReadonlySet<Phase> = new Set(['hush', 'healing', 'idle']);
/** Phases before everything has to come to rest. */
const RESTLESS: ReadonlySet<Phase> = new Set(['peace', 'hush', 'faults']);

/** Whole nodes on machines of their own, clients, an operator who has nodes join and leave, and fate. */
export class SimulatedNodes {
  readonly queue = new EventQueue();
  readonly swarm: NodesSwarm;
  readonly counts: Record<string, number> = {};
  readonly #ledger: NodesLedger;
  /** Those that were ever started. */
  readonly #machines: SimulatedMachine[] = [];
  readonly #clients: readonly DatabaseClient[];
  readonly #links: SimulatedLinks;
  readonly #network: SimulatedNetwork;
  readonly #fate: Fate<SimulatedMachine>;
  readonly #operator: MemberOperator;
  readonly #budget: NodesLossBudget;
  readonly #pace: RandomStream;
  readonly #points = new OperationLog<PointInput, PointOutput>();
  readonly #names = new OperationLog<NameInput, NameOutput>();
  readonly #touched = new Set<SimulatedMachine>();
  readonly #spares: SimulatedMachine[] = [];
  #violation: Violation | undefined;
  #phase: Phase;
  #hasCollection = false;

  constructor(seed: number) {
    const streams = new RandomStreams(seed);
    const { queue } = this;
    const swarm = drawNodesSwarm(streams.stream('swarm'));
    this.swarm = swarm;
    this.#phase = swarm.formsInPeace ? 'peace' : 'faults';
    this.#pace = streams.stream('pace');
    const { limits } = swarm;
    const raft = new ClusterLedger({ ...limits, entryBytesMax: limits.commandBytesMax });
    const ledger = new NodesLedger(raft);
    this.#ledger = ledger;
    const inPeace = swarm.formsInPeace;
    this.#links = new SimulatedLinks(
      queue,
      streams.stream('links'),
      inPeace ? CALM_LINKS : swarm.links,
    );
    const chunks = inPeace ? { ...swarm.chunks, resetChance: 0 } : swarm.chunks;
    this.#network = new SimulatedNetwork(
      queue,
      this.#links,
      streams.stream('chunks'),
      raft,
      chunks,
    );
    const count = (what: string): void => this.#count(what);
    const machines = this.#newMachines(streams, count);
    this.#machines.push(...machines.slice(0, swarm.founders));
    this.#spares.push(...machines.slice(swarm.founders));
    const budget = new NodesLossBudget(ledger);
    this.#budget = budget;
    this.#fate = new Fate({
      swarm,
      nodes: this.#machines,
      links: this.#links,
      queue,
      random: streams.stream('fate'),
      budget,
      count,
    });
    this.#operator = new MemberOperator({
      machines: this.#machines,
      spares: this.#spares,
      queue,
      random: streams.stream('operator'),
      ledger,
      budget,
      count,
      onError: (error) => this.fail(error),
    });
    this.#clients = Array.from(
      { length: swarm.clients },
      (_, at) =>
        new DatabaseClient({
          name: `c${at}`,
          swarm,
          queue,
          random: streams.stream(`client ${at}`),
          machines: this.#machines,
          points: this.#points,
          names: this.#names,
          count,
        }),
    );
  }

  #newMachines(streams: RandomStreams, count: (what: string) => void): SimulatedMachine[] {
    const { swarm, queue } = this;
    return Array.from(
      { length: swarm.founders + swarm.spares },
      (_, at) =>
        new SimulatedMachine({
          number: at + 1,
          swarm,
          queue,
          streams,
          network: this.#network,
          ledger: this.#ledger,
          count,
          onViolation: (violation) => (this.#violation ??= violation),
          onTouched: (machine) => this.#touched.add(machine),
        }),
    );
  }

  /** Something broke where nobody catches it. */
  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#violation ??= error instanceof Violation ? error : new Violation('assertion', text);
  }

  /** The founders' machines start, and everything gets going. */
  begin(): void {
    for (const machine of this.#machines) machine.start();
    this.#beginPaces();
  }

  /** Clients rest until the cluster has formed: with those that change names without end a catalog may never be at rest. */
  hush(): void {
    this.#phase = 'hush';
  }

  /** The cluster has formed; harm begins. */
  endPeace(): void {
    this.#phase = 'faults';
    this.#links.heal(this.swarm.links);
    this.#network.chunks = this.swarm.chunks;
  }

  async #step(): Promise<void> {
    this.queue.runNext();
    await settled();
    if (this.#violation !== undefined) throw this.#violation;
    for (const machine of this.#touched) {
      machine.observe();
      machine.happened();
    }
    if (this.#touched.size > 0) this.#ledger.checkReplicas();
    this.#touched.clear();
  }

  /** Runs so many more events. */
  async run(events: number): Promise<void> {
    const end = this.queue.executed + events;
    while (this.queue.executed < end) await this.#step();
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
    this.#budget.look();
    const down = this.#machines.find(({ process }) => process === undefined);
    if (down !== undefined) {
      this.#fate.restart(down);
      return `machine ${down.number} is not up`;
    }
    if (this.#phase !== 'peace' && this.#phase !== 'hush') {
      const { waitsFor } = this.#budget;
      if (waitsFor !== undefined) return waitsFor;
    }
    const why = unsettledCluster(this.#ledger, this.#machines);
    return why ?? (this.#operator.isQuiet ? undefined : 'the operator waits');
  }

  /** Clients ask again; every one wants some answers. */
  serve(): void {
    this.#phase = 'serving';
    for (const client of this.#clients) client.answered = 0;
  }

  isServed(): boolean {
    return this.#clients.every(({ answered }) => answered >= 4);
  }

  /** Nobody asks for anything. */
  rest(): void {
    this.#phase = 'idle';
  }

  isQuiet(): boolean {
    return this.#clients.every(({ isBusy }) => !isBusy);
  }

  /** Who leads what, in which catalog. */
  calm(): string {
    const leaders = this.#machines.flatMap(({ host, number }) =>
      (host?.groups() ?? []).flatMap((status) =>
        status.state === 'open' && status.raft.role === 'leader'
          ? [`group ${status.group}: machine ${number} term ${status.raft.term}`]
          : [],
      ),
    );
    return `catalog ${this.#ledger.newest?.version}; ${leaders.toSorted().join('; ')}`;
  }

  /** All clients saw what one copy could have shown them. Undefined where that could not be decided. */
  judge(): true | undefined {
    const verdicts = [
      checkLinearizable(this.#points.history, POINT_MODEL, LINEARIZABILITY_STEPS_MAX),
      checkLinearizable(this.#names.history, NAME_MODEL, LINEARIZABILITY_STEPS_MAX),
    ];
    for (const verdict of verdicts) {
      hold(verdict.result !== 'violation', 'linearizable', () =>
        'explanation' in verdict ? verdict.explanation : '',
      );
    }
    return verdicts.every(({ result }) => result === 'linearizable') || undefined;
  }

  /** Counts of everything, messages included. */
  allCounts(): Record<string, number> {
    const sent = Object.entries(this.#network.sent).map(([kind, count]) => [
      `message ${kind}`,
      count,
    ]);
    const { newest } = this.#ledger;
    const own = {
      'catalog versions': newest?.version ?? 0,
      'node numbers': (newest?.nextNode ?? 1) - 1,
      moves: (newest?.nextMove ?? 1) - 1,
      'simulated seconds': Math.round(this.queue.nowMs / 1000),
      operations: this.#points.operations.length,
    };
    return { ...this.counts, ...own, ...Object.fromEntries(sent) };
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #beginPaces(): void {
    const { clientMeanMs, fateMeanMs, memberMeanMs } = this.swarm;
    for (const client of this.#clients) {
      this.#repeat('client', clientMeanMs, () => {
        if (RESTING.has(this.#phase)) return;
        this.#next(client).catch((error: unknown) => this.fail(error));
      });
    }
    this.#repeat('fate', fateMeanMs, () => this.#act(FATE_ACTS, (act) => this.#fate.act(act)));
    this.#repeat('member', memberMeanMs, () =>
      this.#act(MEMBER_ACTS, (act) => this.#operator.act(act)),
    );
    this.#repeat('tidy', TIDY_MS, () => this.#tidy());
  }

  async #next(client: DatabaseClient): Promise<void> {
    if (this.#hasCollection) return client.next();
    if (!client.isBusy) this.#hasCollection = await client.create();
  }

  /** What has to be done in any case for the cluster to come to rest. */
  #tidy(): void {
    this.#budget.look();
    if (RESTLESS.has(this.#phase)) return;
    this.#operator.recycle();
    this.#operator.settle();
    const why = this.unsettled();
    if (why?.startsWith('uneven') === true) this.#operator.rebalance();
  }

  #repeat(what: string, meanMs: number, run: () => void): void {
    this.queue.schedule(this.#pace.exponential(meanMs), what, () => {
      run();
      this.#repeat(what, meanMs, run);
    });
  }

  #act<T extends FateAct | MemberAct>(acts: readonly T[], perform: (act: T) => void): void {
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
