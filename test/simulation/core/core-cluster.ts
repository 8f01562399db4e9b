import { must } from '../../../src/base/assert.ts';
import { unreachable } from '../../../src/base/unreachable.ts';
import {
  configurationOf,
  type ConfigurationStep,
  type ReplicaId,
} from '../../../src/raft/core/configuration.ts';
import { LOG_START } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold } from '../invariants/violation.ts';
import { EventQueue } from '../world/event-queue.ts';
import { partition } from '../world/partition.ts';
import { RandomStreams, type RandomStream } from '../world/random-streams.ts';
import { SimulatedLinks } from '../world/simulated-links.ts';
import { CoreLog } from './core-log.ts';
import { CORE_ACTS, type CoreAct, type CoreSwarm, drawCoreSwarm } from './core-options.ts';
import { CORE_GROUP, CoreReplica, type CoreState } from './core-replica.ts';
import { makeTrouble } from './core-trouble.ts';

const DATA_BYTES_MAX = 40;
const NODE = 2 ** 20;
/** The first entry is at 2: the initial configuration counts as a snapshot at 1. */
const FIRST = { term: 1, index: 1 };

/** Cores of one group on a simulated network, with simulated writes; no host, no files. A cheap way to find what is wrong in the core itself. */
export class CoreCluster {
  readonly queue = new EventQueue();
  readonly swarm: CoreSwarm;
  readonly counts: Record<string, number> = {};
  readonly #ledger: ClusterLedger;
  readonly #links: SimulatedLinks;
  readonly #replicas = new Map<ReplicaId, CoreReplica>();
  readonly #acts: RandomStream;
  readonly #load: RandomStream;
  readonly #late: RandomStream;
  readonly #readFloors = new Map<string, number>();
  #context = 0;
  #proposal = 0;
  #isHealed = false;
  #cutUntilMs = 0;

  constructor(seed: number) {
    const streams = new RandomStreams(seed);
    this.swarm = drawCoreSwarm(streams.stream('swarm'));
    this.#acts = streams.stream('acts');
    this.#load = streams.stream('load');
    this.#late = streams.stream('late');
    this.#links = new SimulatedLinks(this.queue, streams.stream('links'), this.swarm.links);
    this.#ledger = new ClusterLedger({ ...this.swarm.limits, entryBytesMax: DATA_BYTES_MAX + 80 });
    const { voters, learners, spares } = this.swarm;
    const ids = Array.from({ length: voters + learners + spares }, (_, at) => (at + 1) * NODE + 1);
    const configuration = configurationOf(
      ids.slice(0, voters),
      ids.slice(voters, voters + learners),
    );
    for (const [at, id] of ids.entries()) {
      const isMember = at < voters + learners;
      this.#add(id, streams, isMember ? configuration : configurationOf([]), isMember);
    }
    for (const replica of this.#replicas.values()) replica.start();
    this.#repeat('propose', this.swarm.proposalMeanMs, () => this.#propose());
    this.#repeat('read', this.swarm.readMeanMs, () => this.#read());
    this.#repeat('readOnLeaders', this.timeoutMs / 20, () => this.#readOnLeaders());
    this.#repeat('act', this.swarm.actMeanMs, () => this.#act());
  }

  /** All faults end; what is down comes up. */
  heal(): void {
    this.#isHealed = true;
    this.#links.heal();
    for (const replica of this.#replicas.values()) {
      replica.tickFactor = 1;
      replica.applyStallChance = 0;
      if (replica.process === undefined) replica.start();
      else replica.process.resume();
    }
  }

  /** What agrees is disturbed once more. Milliseconds after which it should agree again. */
  disturb(): number {
    this.#count('trouble');
    const { queue, timeoutMs } = this;
    return makeTrouble({
      queue,
      random: this.#late,
      timeoutMs,
      replicas: this.replicas(),
      tell: (replica, label, what) => this.#tell(replica, label, what),
      perform: (act) => this.#perform(act, this.#late),
      cut: (blocked) => this.#links.partition(blocked),
    });
  }

  /** Why the cluster has not converged yet; undefined: it has. */
  unsettled(): string | undefined {
    const group = this.#ledger.group(CORE_GROUP);
    const statuses = [...this.#replicas.values()].flatMap(({ node }) =>
      node === undefined ? [] : [node.status()],
    );
    const leaders = statuses.filter(({ role }) => role === 'leader');
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1) return `${leaders.length} leaders`;
    const { configuration, commitIndex } = leader;
    if (configuration.outgoing.length > 0) return 'a joint configuration';
    if (leader.transferee !== 0) return 'leadership is being handed over';
    const members = new Set([...configuration.voters, ...configuration.learners]);
    const behind = statuses.filter(
      (status) =>
        members.has(status.replica) &&
        (status.appliedIndex < group.commitMax || status.leader !== leader.replica),
    );
    if (behind.length > 0) {
      const { replica, appliedIndex } = must(behind[0], 'one is behind');
      return `replica ${Math.floor(replica / NODE)} has applied ${appliedIndex} of ${group.commitMax}`;
    }
    return commitIndex < group.commitMax ? 'the leader does not know what is committed' : undefined;
  }

  replicas(): CoreReplica[] {
    return [...this.#replicas.values()];
  }
  /** Indexes that were ever committed. */
  get committed(): number {
    return this.#ledger.group(CORE_GROUP).commitMax;
  }

  #add(
    id: ReplicaId,
    streams: RandomStreams,
    configuration: CoreState['configuration'],
    isMember: boolean,
  ): void {
    const log = CoreLog.begin(configuration);
    const last = isMember ? FIRST : LOG_START;
    if (isMember) {
      const write = {
        group: CORE_GROUP,
        snapshot: { last, generation: 0 },
        hardState: { term: 1, vote: 0, commit: 1 },
      };
      log.write(write);
      log.acknowledge();
      this.#ledger.wrote(id, write);
      this.#ledger.acknowledged(CORE_GROUP, id, 1);
    }
    const replica = new CoreReplica({
      replica: id,
      queue: this.queue,
      random: streams.stream(`replica ${id}`),
      ledger: this.#ledger,
      pace: this.swarm.pace,
      limits: this.swarm.limits,
      log,
      state: { last, configuration, hash: 0 },
      outlet: {
        send: (message) => this.#send(message),
        sendState: (to, state) => this.#sendState(id, to, state),
        readable: (context, index) => this.#readable(id, context, index),
        applied: () => this.#compactIfLong(replica),
      },
    });
    replica.applyStallChance = this.swarm.applyStallChance;
    replica.tickFactor = streams.stream(`pace ${id}`).between(1, this.swarm.slownessMax);
    this.#replicas.set(id, replica);
  }

  #repeat(what: string, meanMs: number, run: () => void): void {
    const stream = what === 'act' ? this.#acts : this.#load;
    this.queue.schedule(stream.exponential(meanMs), what, () => {
      if (!this.#isHealed || what === 'propose') run();
      else if (what === 'act') this.#leaveJoint();
      this.#repeat(what, this.#isHealed ? Math.max(meanMs, 1000) : meanMs, run);
    });
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #send(message: Message): void {
    const { from, to } = message;
    const label = (): string => `deliver ${JSON.stringify(message, dataAsLength)}`;
    const sent = this.#links.send(from, to, label, () => {
      this.queue.trace.mix(message.term);
      const target = this.#replicas.get(to);
      target?.process?.deliver(label, () => target.tell((node) => node.step(message)));
    });
    this.#count(message.kind);
    if (sent === 'sent') return;
    const sender = this.#replicas.get(from);
    sender?.process?.schedule(0, `r${from} unreachable ${to}`, () =>
      sender.tell((node) => node.reportUnreachable(to)),
    );
  }

  /** A state is on its way for a while, and may be lost as a whole. */
  #sendState(from: ReplicaId, to: ReplicaId, state: CoreState): void {
    const source = this.#replicas.get(from);
    const term = source?.node?.status().term ?? 0;
    const { last, configuration } = state;
    const message: Message = { kind: 'snapshot', from, to, term, meta: { ...last, configuration } };
    this.#count('state');
    const report = (outcome: 'finished' | 'failed'): void => {
      source?.process?.schedule(this.#load.exponential(20), `r${from} ${outcome}`, () =>
        source.tell((node) => node.reportSnapshot(to, outcome, last.index)),
      );
    };
    const deliver = (): void => {
      const target = this.#replicas.get(to);
      target?.process?.deliver(`state for r${to}`, () => target.receiveState(state, message));
    };
    let arrived = false;
    this.#links.send(from, to, `state for r${to}`, () => {
      deliver();
      if (!arrived) report('finished');
      arrived = true;
    });
    if (this.#late.happens(this.swarm.lateStateChance)) {
      const delayMs = this.#late.exponential(2 * this.timeoutMs);
      this.queue.schedule(delayMs, `late state for r${to}`, deliver);
    }
    source?.process?.schedule(2000, `r${from} state timeout`, () => {
      if (!arrived) report('failed');
      arrived = true;
    });
  }

  #compactIfLong(replica: CoreReplica): void {
    const { state, log } = replica;
    const { compactEvery, keep } = this.swarm;
    if (state.last.index - log.compacted.index > compactEvery + keep) replica.compact(keep);
  }

  #readable(replica: ReplicaId, context: number, index: number): void {
    const key = `${replica}:${context}`;
    const floor = this.#readFloors.get(key);
    hold(floor !== undefined, 'readIsFresh', () => `an answer to ${key}, which nobody asked`);
    hold(floor <= index, 'readIsFresh', () => `read ${key} at ${index}, asked at ${floor}`);
    this.#count('readAnswered');
  }

  #up(): CoreReplica[] {
    return [...this.#replicas.values()].filter(({ process }) => process?.state === 'running');
  }

  #tell(replica: CoreReplica, label: string, what: () => void): void {
    replica.process?.deliver(label, what);
  }

  #propose(): void {
    for (const replica of this.#up()) {
      if (replica.node?.status().role !== 'leader') continue;
      this.#proposal += 1;
      const text = `${this.#proposal}`.padEnd(this.#load.below(DATA_BYTES_MAX), '.');
      this.#tell(replica, 'propose', () => {
        const handsOver = (replica.node?.status().transferee ?? 0) !== 0;
        const answer = replica.node?.propose(Buffer.from(text));
        // Its successor has to have all (thesis 3.10).
        hold(
          !handsOver || answer === undefined || 'refused' in answer,
          'standsStillForTransfer',
          () => `replica ${replica.replica} takes a proposal while it hands over`,
        );
        this.#count(answer !== undefined && 'refused' in answer ? answer.refused : 'proposed');
      });
    }
  }

  #read(): void {
    const up = this.#up();
    if (up.length === 0) return;
    this.#readOn(this.#load.pick(up));
  }

  /** Who believes that it leads, and does not any more, is the one that must not answer: such moments are short and few. */
  #readOnLeaders(): void {
    const leaders = this.#up().filter(({ node }) => node?.role === 'leader');
    if (leaders.length < 2) return;
    this.#count('readWithTwoLeaders');
    for (const each of leaders) this.#readOn(each);
  }

  /** The shortest time without a leader after which a replica stands. */
  get timeoutMs(): number {
    return this.swarm.limits.electionTicks * this.swarm.pace.tickMs;
  }

  #readOn(replica: CoreReplica): void {
    const context = (this.#context += 1);
    this.#readFloors.set(`${replica.replica}:${context}`, this.#ledger.group(CORE_GROUP).commitMax);
    this.#tell(replica, 'read', () => {
      replica.node?.readIndex(context);
    });
    this.#count('read');
  }

  #act(): void {
    const random = this.#acts;
    const total = CORE_ACTS.reduce((sum, act) => sum + this.swarm.weights[act], 0);
    let left = random.next() * total;
    const act = CORE_ACTS.find((each) => (left -= this.swarm.weights[each]) < 0);
    if (act === undefined) return;
    this.#count(act);
    this.queue.trace.note(this.queue.nowMs, act);
    this.#perform(act, random);
  }

  #perform(act: CoreAct, random: RandomStream): void {
    const all = [...this.#replicas.values()];
    const replica = random.pick(all);
    const leader = all.find(({ node }) => node?.status().role === 'leader');
    const victim = leader !== undefined && random.happens(0.5) ? leader : replica;
    switch (act) {
      case 'crash':
        return victim.process === undefined ? undefined : victim.crash();
      case 'restart':
        return replica.process === undefined ? replica.start() : undefined;
      case 'pause':
        return victim.process?.pause();
      case 'resume':
        return replica.process?.resume();
      case 'partition':
        return this.#partition(victim.replica, random);
      case 'heal':
        return this.queue.nowMs < this.#cutUntilMs ? undefined : this.#links.partition(new Set());
      case 'compact':
        return this.#tell(replica, act, () => replica.compact(this.swarm.keep));
      case 'change': {
        const changer = leader !== undefined && random.happens(0.8) ? leader : replica;
        return this.#tell(changer, act, () => this.#change(changer, random));
      }
      case 'transfer':
        return this.#tell(leader ?? replica, act, () => {
          leader?.node?.transferLeadership(random.pick(all).replica);
        });
      case 'forgetLeader':
        return this.#tell(replica, act, () => replica.node?.forgetLeader());
      case 'suspectLeader':
        return this.#tell(replica, act, () => replica.node?.suspectLeader());
      case 'fullStop':
        for (const each of all) if (each.process !== undefined) each.crash();
        for (const each of all) each.start();
        return undefined;
      default:
        return unreachable(act);
    }
  }

  #partition(chosen: ReplicaId, random: RandomStream): void {
    if (this.swarm.shapes.length === 0 || this.queue.nowMs < this.#cutUntilMs) return;
    const shape = random.pick(this.swarm.shapes);
    const ids = [...this.#replicas.keys()];
    this.#links.partition(partition(shape, ids, chosen, random.happens(0.3), random));
    // Long enough for another leader to come up on the other side, often.
    this.#cutUntilMs = this.queue.nowMs + random.exponential(4 * this.timeoutMs);
  }

  /** Who entered a joint configuration to leave it explicitly does. */
  #leaveJoint(): void {
    for (const replica of this.#up()) {
      const status = replica.node?.status();
      if (status?.role !== 'leader' || status.configuration.outgoing.length === 0) continue;
      // The leader has to do it by itself.
      if (status.configuration.autoLeave) continue;
      this.#tell(replica, 'leave', () => {
        const context = new Uint8Array(0);
        replica.node?.proposeConfiguration({ steps: [], leave: 'explicit', context });
      });
    }
  }

  #change(replica: CoreReplica, random: RandomStream): void {
    const steps = random
      .shuffled([...this.#replicas.keys()])
      .slice(0, 1 + random.below(3))
      .map((id): ConfigurationStep => ({
        kind: random.pick(['addVoter', 'addLearner', 'remove'] as const),
        replica: id,
      }));
    const inJoint = (replica.node?.status().configuration.outgoing.length ?? 0) > 0;
    const answer = replica.node?.proposeConfiguration({
      steps: inJoint ? [] : steps,
      leave: random.pick(['auto', 'explicit']),
      context: new Uint8Array(0),
    });
    this.#count(answer !== undefined && 'refused' in answer ? answer.refused : 'changeProposed');
  }
}

function dataAsLength(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? value.length : value;
}
