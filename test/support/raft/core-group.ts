import { must } from '../../../src/base/assert.ts';
import {
  type Configuration,
  configurationOf,
  type ReplicaId,
} from '../../../src/raft/core/configuration.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import { type CoreLimits, CoreReplica } from './core-replica.ts';

/** Replicas of one group and the wires between them, without time: what is sent is delivered in order until nothing is left. */
export class CoreGroup {
  readonly replicas = new Map<ReplicaId, CoreReplica>();
  readonly #initial: Configuration;
  /** Every message that was delivered, or dropped by {@link cut}. */
  readonly sent: Message[] = [];
  /** Whether a message is lost. */
  cut: (message: Message) => boolean = () => false;

  constructor(configuration: Configuration | number, limits: Partial<CoreLimits> = {}) {
    const initial =
      typeof configuration === 'number'
        ? configurationOf(Array.from({ length: configuration }, (_, place) => place + 1))
        : configuration;
    this.#initial = initial;
    for (const id of [...initial.voters, ...initial.learners]) {
      this.replicas.set(id, new CoreReplica(id, initial, limits));
    }
  }

  /** Adds a replica that is not in the configuration with which the group, and its log, began. */
  join(id: ReplicaId, limits: Partial<CoreLimits> = {}): CoreReplica {
    const replica = new CoreReplica(id, this.#initial, limits);
    this.replicas.set(id, replica);
    return replica;
  }

  at(id: ReplicaId): CoreReplica {
    return must(this.replicas.get(id), `replica ${id}`);
  }

  /** Delivers, persists and applies everything, and sends the snapshots that are wanted. */
  settle(): void {
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const replica of this.replicas.values()) {
        replica.settle((meta) => this.#stateAt(meta.index));
        for (const message of replica.outgoing.splice(0)) {
          isBusy = true;
          this.deliver(message);
        }
        isBusy = this.#sendSnapshots(replica) || isBusy;
      }
    }
  }

  deliver(message: Message): void {
    this.sent.push(message);
    if (!this.cut(message)) this.replicas.get(message.to)?.node.step(message);
  }

  /** Loses whatever goes to or comes from these replicas. */
  isolate(...ids: readonly ReplicaId[]): void {
    this.cut = ({ from, to }) => ids.includes(from) || ids.includes(to);
  }

  heal(): void {
    this.cut = () => false;
  }

  /** Makes a replica leader. */
  elect(id: ReplicaId): CoreReplica {
    const replica = this.at(id);
    for (const other of this.replicas.values()) other.node.forgetLeader();
    replica.node.campaign();
    this.settle();
    return replica;
  }

  /** Lets time pass everywhere, tick by tick. */
  tick(ticks: number): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      for (const replica of this.replicas.values()) replica.node.tick();
      this.settle();
    }
  }

  /** Messages of a kind that were sent since the last call. */
  took<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>[] {
    return this.sent
      .splice(0)
      .filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
  }

  #stateAt(index: number): readonly string[] {
    for (const { state } of this.replicas.values()) {
      if (state.last.index === index) return state.commands;
    }
    throw new Error(`no state at ${index}`);
  }

  #sendSnapshots(from: CoreReplica): boolean {
    const wanted = from.snapshotsWanted.splice(0);
    for (const { to } of wanted) {
      const { term } = from.node;
      const meta = from.snapshotMeta;
      const message: Message = { kind: 'snapshot', from: from.id, to, term, meta };
      const isLost = this.cut(message) || !this.replicas.has(to);
      this.deliver(message);
      from.node.reportSnapshot(to, isLost ? 'failed' : 'finished', meta.index);
    }
    return wanted.length > 0;
  }
}
