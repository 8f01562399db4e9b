import { assert } from '../../../src/base/assert.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import {
  type ConfigurationStep,
  configurationOf,
  type ReplicaId,
} from '../../../src/raft/core/configuration.ts';
import type { Entry, LogIndex, Term } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import { CoreReplica } from './core-replica.ts';

/** What can happen, and how often beside the rest. */
const WEIGHTS = {
  deliver: 160,
  turn: 60,
  persist: 60,
  apply: 40,
  tick: 40,
  propose: 40,
  read: 5,
  compact: 6,
  change: 5,
  transfer: 2,
  campaign: 4,
  restart: 1,
  partition: 1,
  heal: 1,
} as const;
type Event = keyof typeof WEIGHTS;
const EVENTS = Object.entries(WEIGHTS).flatMap(([name, weight]) =>
  new Array<Event>(weight).fill(name as Event),
);

/**
 * One group whose messages are lost, repeated and reordered, whose replicas write, apply and crash at any moment, and whose members change. After every
 * event the safety properties of figure 3.2 of the thesis are asserted over all that ever happened.
 */
export class CoreChaos {
  readonly replicas = new Map<ReplicaId, CoreReplica>();
  /** All that were ever in force. */
  readonly configurations = new Set<string>();
  readonly #random: Random;
  readonly #wire: Message[] = [];
  #isolated = new Set<ReplicaId>();
  #proposals = 0;
  #reads = 0;
  /** The commit index of the group when a read was asked for. */
  readonly #readFloors = new Map<number, LogIndex>();
  readonly #leaders = new Map<Term, ReplicaId>();
  readonly #entries = new Map<string, string>();
  readonly #committed = new Map<LogIndex, string>();
  readonly #states = new Map<LogIndex, readonly string[]>();
  #commit: LogIndex = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const initial = configurationOf([1, 2, 3]);
    const limits = {
      appendBytesMax: 20,
      inflightMessagesMax: 3,
      uncommittedBytesMax: 60,
      applyingBytesMax: 30,
    };
    for (const id of [1, 2, 3, 4, 5]) this.replicas.set(id, new CoreReplica(id, initial, limits));
  }

  run(events: number): void {
    for (let event = 0; event < events; event += 1) this.#happen(this.#pick(EVENTS));
  }

  /** Everything works again; true when all members have the same state, with new commands in it. */
  converges(rounds: number): boolean {
    this.#isolated = new Set();
    for (let round = 0; round < rounds; round += 1) {
      for (const replica of this.replicas.values()) replica.node.tick();
      for (let turn = 0; turn < 8; turn += 1) {
        for (const replica of this.replicas.values()) this.#work(replica);
        for (const message of this.#wire.splice(0)) this.#deliver(message);
      }
      if (round === rounds >> 1) this.#finish();
    }
    const leader = this.#leader();
    if (leader === undefined || leader.state.commands.at(-1) !== 'last') return false;
    const { voters, outgoing, learners } = leader.node.configuration;
    return (
      outgoing.length === 0 &&
      [...voters, ...learners].every((id) => {
        return this.#at(id).state.last.index === leader.state.last.index;
      })
    );
  }

  #finish(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    leader.node.propose(new TextEncoder().encode('last'));
    const context = new Uint8Array();
    leader.node.proposeConfiguration({ steps: [], leave: 'auto', context });
  }

  get commands(): number {
    return this.#states.get(this.#commit)?.length ?? 0;
  }

  #happen(event: Event): void {
    const replica = this.#pick([...this.replicas.values()]);
    switch (event) {
      case 'deliver':
        this.#deliverAny();
        break;
      case 'turn':
        replica.take();
        break;
      case 'persist':
        if (replica.underWay.length > 0) replica.persist();
        break;
      case 'apply':
        if (replica.toApply.length > 0) replica.apply((meta) => this.#stateAt(meta));
        break;
      case 'tick':
        replica.node.tick();
        break;
      case 'propose':
        this.#proposals += 1;
        replica.node.propose(new TextEncoder().encode(`${this.#proposals}`));
        break;
      case 'read':
        this.#reads += 1;
        this.#readFloors.set(this.#reads, this.#commit);
        replica.node.readIndex(this.#reads);
        break;
      case 'compact':
        if (replica.state.last.index > replica.log.compacted.index) {
          replica.compactTo(replica.state.last.index);
        }
        break;
      case 'change':
        this.#change(replica);
        break;
      case 'transfer':
        replica.node.transferLeadership(1 + this.#random.below(5));
        break;
      case 'campaign':
        replica.node.forgetLeader();
        replica.node.campaign();
        break;
      case 'restart':
        replica.restart((meta) => this.#stateAt(meta));
        break;
      case 'partition':
        this.#isolated.add(replica.id);
        break;
      case 'heal':
        this.#isolated.clear();
        break;
    }
    this.#observe(replica, event);
  }

  #work(replica: CoreReplica): void {
    replica.settle((meta) => this.#stateAt(meta));
    this.#observe(replica, 'all');
  }

  /** Takes what a replica says to the wire, and asserts what must always hold. */
  #observe(replica: CoreReplica, what: Event | 'all'): void {
    this.#wire.push(...replica.outgoing.splice(0));
    for (const { to } of replica.snapshotsWanted.splice(0)) {
      const { term, replica: from } = replica.node;
      this.#wire.push({ kind: 'snapshot', from, to, term, meta: replica.snapshotMeta });
      replica.node.reportSnapshot(to, 'finished', replica.state.last.index);
    }
    const { node } = replica;
    if (node.role === 'leader') {
      const other = this.#leaders.get(node.term) ?? node.replica;
      assert(
        other === node.replica,
        `election safety: ${other} and ${node.replica} lead ${node.term}`,
      );
      this.#leaders.set(node.term, node.replica);
    }
    const isNew = what === 'all' || what === 'restart';
    if (isNew || what === 'persist') this.#observeLog(replica);
    if (isNew || what === 'apply') this.#observeState(replica);
    for (const { context, index } of replica.readStates.splice(0)) {
      assert(index >= (this.#readFloors.get(context) ?? Infinity), 'reads see what was applied');
    }
  }

  #observeLog({ node, log }: CoreReplica): void {
    const { handedOutIndex, durableIndex } = node.status();
    let before: Term | undefined = log.compacted.term;
    for (const entry of log.all) {
      const { index, term } = entry;
      this.#same(this.#entries, `${index}@${term}`, describe(entry, before), 'log matching');
      // Elsewhere the disk may still have an older entry.
      const isCommitted = index <= Math.min(handedOutIndex, durableIndex);
      if (isCommitted) this.#same(this.#committed, index, `${term}`, 'committed');
      before = term;
    }
  }

  #observeState({ state }: CoreReplica): void {
    this.#commit = Math.max(this.#commit, state.last.index);
    const { commands, configuration } = state;
    this.configurations.add(JSON.stringify(configuration));
    const seen = this.#states.get(state.last.index);
    if (seen === undefined) this.#states.set(state.last.index, [...commands]);
    // Entries are applied one by one, so that the rest was the same before.
    const isSame = seen?.length === commands.length && seen.at(-1) === commands.at(-1);
    assert(isSame || seen === undefined, 'state machine safety');
  }

  #same<K>(map: Map<K, string>, key: K, value: string, what: string): void {
    const before = map.get(key) ?? value;
    assert(before === value, `${what}: ${String(key)} is ${before} and ${value}`);
    map.set(key, value);
  }

  #stateAt({ index }: SnapshotMeta): readonly string[] {
    const state = this.#states.get(index);
    assert(state !== undefined, 'a snapshot is of a state that was seen');
    return state;
  }

  #change(replica: CoreReplica): void {
    const kinds = ['addVoter', 'addLearner', 'remove'] as const;
    const steps = [1, 2, 3, 4, 5]
      .filter(() => this.#random.below(3) === 0)
      .map((id): ConfigurationStep => ({ kind: this.#pick(kinds), replica: id }));
    const context = new Uint8Array();
    replica.node.proposeConfiguration({
      steps,
      leave: this.#pick(['auto', 'auto', 'explicit']),
      context,
    });
  }

  #deliverAny(): void {
    if (this.#wire.length === 0) return;
    const place = this.#random.below(Math.min(this.#wire.length, 6));
    const [message] = this.#wire.splice(place, 1);
    if (message === undefined || this.#random.below(12) === 0) return;
    if (this.#random.below(12) === 0) this.#wire.push(message);
    this.#deliver(message);
  }

  #deliver(message: Message): void {
    const { from, to } = message;
    if (this.#isolated.has(from) || this.#isolated.has(to)) return;
    this.replicas.get(to)?.node.step(message);
  }

  #leader(): CoreReplica | undefined {
    const leaders = [...this.replicas.values()].filter(({ node }) => node.role === 'leader');
    return leaders.toSorted((a, b) => b.node.term - a.node.term)[0];
  }

  #at(id: ReplicaId): CoreReplica {
    const replica = this.replicas.get(id);
    assert(replica !== undefined, 'a replica that is there');
    return replica;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T;
  }
}

function describe({ kind, data }: Entry, before: Term | undefined): string {
  return `${kind} ${Buffer.from(data).toString('hex')} behind ${before}`;
}
