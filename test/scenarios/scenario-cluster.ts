import { assert, InvariantError, must } from '../../src/base/assert.ts';
import type { ReplicaId } from '../../src/raft/core/configuration.ts';
import type { Entry, LogIndex } from '../../src/raft/core/entry.ts';
import type { Message } from '../../src/raft/core/message.ts';
import type { RaftNode } from '../../src/raft/core/raft-node.ts';
import type { Ready } from '../../src/raft/core/ready.ts';
import type { SnapshotMeta } from '../../src/raft/core/snapshot-meta.ts';
import type { ScenarioNode, ScenarioState } from './scenario-node.ts';
import {
  showConfiguration,
  showEntries,
  showEntry,
  showId,
  showMessage,
  showRoute,
} from './show-message.ts';
import { showDifference } from './show-status.ts';

/** Which messages are meant; what is not said fits. */
export interface MessageFilter {
  readonly from?: readonly ReplicaId[] | undefined;
  readonly to?: readonly ReplicaId[] | undefined;
  readonly kinds?: readonly string[] | undefined;
}

/** Rounds after which {@link ScenarioCluster.stabilize} takes the cluster for one that never rests. */
const ROUNDS_MAX = 100;

/** Replicas and the messages between them; nothing moves unless it is told to. What happens is gathered as lines. */
export class ScenarioCluster {
  readonly nodes = new Map<ReplicaId, ScenarioNode>();
  messages: Message[] = [];
  readonly #lines: string[] = [];
  /** By the id of their last entry. */
  readonly #states = new Map<string, ScenarioState>();
  /** What was applied first at an index. */
  readonly #applied = new Map<LogIndex, string>();

  /** Takes the lines gathered so far. */
  takeLines(): readonly string[] {
    return this.#lines.splice(0);
  }

  say(line: string): void {
    this.#lines.push(line);
  }

  node(replica: ReplicaId): ScenarioNode {
    return must(this.nodes.get(replica), `a replica ${replica}`);
  }

  /** Does something to a replica's core, and tells what is different afterwards. A replica whose invariant broke has stopped; that may be what it should do. */
  tell(replica: ReplicaId, what: (node: RaftNode) => void): void {
    const node = must(this.node(replica).node, `replica ${replica} runs`);
    const before = node.status();
    try {
      what(node);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.say(`  ${replica} stops: ${error.message}`);
      this.node(replica).stop(false);
      return;
    }
    const difference = showDifference(before, node.status());
    if (difference !== undefined) this.say(`  ${difference}`);
  }

  /** Delivers, in the order in which they were sent, the messages that are under way now. */
  deliver(filter: MessageFilter, count: number): void {
    for (const message of this.takeMessages(filter, count)) {
      const isThere = this.node(message.to).node !== undefined;
      this.say(`${showRoute(message)}${isThere ? '' : ' (is down)'}`);
      if (isThere) this.tell(message.to, (node) => node.step(message));
    }
  }

  /** Takes messages out. */
  takeMessages({ from, to, kinds }: MessageFilter, count: number): readonly Message[] {
    const taken: Message[] = [];
    this.messages = this.messages.filter((message) => {
      const fits =
        taken.length < count &&
        (from?.includes(message.from) ?? true) &&
        (to?.includes(message.to) ?? true) &&
        (kinds?.includes(message.kind) ?? true);
      if (fits) taken.push(message);
      return !fits;
    });
    return taken;
  }

  /** Takes a Ready and begins to do what it says. What there is nothing to write for is durable if all before is. */
  ready(replica: ReplicaId): void {
    const node = this.node(replica);
    const ready = must(node.node, `replica ${replica} runs`).ready();
    const isFirst = node.writing.length === 0;
    node.take(ready, (meta) => must(this.#states.get(showId(meta)), 'a staged state'));
    this.messages.push(...ready.messages);
    this.#sayReady(replica, ready);
    if (isFirst && node.writing[0]?.isEmpty === true) this.#persist(node, ready.number);
  }

  /**
   * @param number - up to which Ready; all when it is undefined
   * @param lies - it is said to be durable and is not
   */
  persist(replica: ReplicaId, number?: number, lies = false): void {
    const node = this.node(replica);
    const last = number ?? node.writing.at(-1)?.number;
    assert(last !== undefined, `replica ${replica} has something to write`);
    this.say(`${replica} persists ${last}`);
    this.#persist(node, last, lies);
  }

  #persist(node: ScenarioNode, number: number, lies = false): void {
    this.tell(node.replica, () => this.messages.push(...node.persist(number, lies)));
  }

  /** Applies up to `count` entries. */
  apply(replica: ReplicaId, count: number): void {
    const node = this.node(replica);
    this.tell(replica, () => {
      const before = node.state;
      const entries: Entry[] = [];
      for (const done of node.apply(count)) {
        if ('installed' in done) this.say(`${replica} installs ${showId(done.installed.last)}`);
        else entries.push(done.entry);
      }
      for (const entry of entries) this.#assertSame(entry);
      if (entries.length > 0) this.say(`${replica} applies ${showEntries(entries)}`);
      const { configuration } = node.state;
      if (configuration !== before.configuration) {
        this.say(`  ${replica}: ${showConfiguration(configuration)}`);
      }
    });
  }

  /** Sends the state as it is now. */
  sendSnapshot(from: ReplicaId, to: ReplicaId): void {
    const { state, node } = this.node(from);
    const { term } = must(node, `replica ${from} runs`);
    const meta: SnapshotMeta = { ...state.last, configuration: state.configuration };
    this.#states.set(showId(meta), state);
    const message: Message = { kind: 'snapshot', from, to, term, meta };
    this.messages.push(message);
    this.say(showMessage(message));
  }

  /** Goes on among some replicas until nothing is left to do among them. Messages to and from others stay under way. */
  stabilize(replicas: readonly ReplicaId[]): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let moved = false;
      for (const replica of replicas) moved = this.#work(replica) || moved;
      const filter = { from: replicas, to: replicas };
      const before = this.messages.length;
      this.deliver(filter, before);
      if (!moved && this.messages.length === before) return;
    }
    throw new Error('it does not come to rest');
  }

  /** Everything that a replica can do by itself. */
  #work(replica: ReplicaId): boolean {
    const node = this.node(replica);
    let moved = false;
    for (;;) {
      if (node.node?.hasReady() === true) this.ready(replica);
      else if (node.writing.length > 0) this.persist(replica);
      else if (node.applying.length > 0) this.apply(replica, Infinity);
      else return moved;
      moved = true;
    }
  }

  #sayReady(replica: ReplicaId, ready: Ready): void {
    const { hardState, entries, snapshot, mustSync } = ready;
    const writes = [
      ...(snapshot === undefined
        ? []
        : [`snapshot ${showId(snapshot)} ${showConfiguration(snapshot.configuration)}`]),
      ...(hardState === undefined
        ? []
        : [`t${hardState.term} vote ${hardState.vote || '-'} commit ${hardState.commit}`]),
      ...(entries.length === 0 ? [] : [`[${showEntries(entries)}]`]),
    ];
    const write = `writes ${writes.join(' ')}${mustSync ? '' : ' (no sync)'}`;
    this.say(`${replica} ready ${ready.number}${writes.length === 0 ? '' : `: ${write}`}`);
    for (const message of ready.messages) this.say(`  ${showMessage(message)}`);
    for (const message of ready.messagesAfterPersist) this.say(`  then ${showMessage(message)}`);
    if (ready.committed.length > 0) this.say(`  committed [${showEntries(ready.committed)}]`);
    for (const { context, index } of ready.readStates) this.say(`  read ${context} at ${index}`);
    for (const { to, minIndex } of ready.snapshotsWanted) {
      this.say(`  wants a snapshot of ${minIndex} or later for ${to}`);
    }
  }

  /** State machine safety (thesis figure 3.2): whatever a scenario does. */
  #assertSame(entry: Entry): void {
    const text = showEntry(entry);
    const before = this.#applied.get(entry.index) ?? text;
    assert(before === text, `${text} is applied where ${before} was`);
    this.#applied.set(entry.index, text);
  }
}
