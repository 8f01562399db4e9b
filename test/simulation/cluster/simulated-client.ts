import { VectorDbError } from '../../../src/base/error.ts';
import type { RaftHost } from '../../../src/raft/host/raft-host.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold } from '../invariants/violation.ts';
import type { RegisterInput, RegisterOutput } from '../linearizability/register-model.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream } from '../world/random-streams.ts';
import { decodeAnswer, encodeCommand } from '../world/register-command.ts';
import type { ClusterSwarm } from './cluster-options.ts';
import type { History, RecordedOperation } from './history.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** Operations on one key; then another key takes its place, so that a history can be judged. */
const OPERATIONS_A_KEY = 60;
const SESSION_OPERATIONS_MAX = 15;

/** Errors that say for certain that a proposal has no effect. */
const REFUSALS: ReadonlySet<string> = new Set([
  'NOT_LEADER',
  'OVERLOADED',
  'NOT_FOUND',
  'DATA_CORRUPT',
  'STORAGE_FAILED',
  'SHUTTING_DOWN',
  'LIMIT_EXCEEDED',
]);

/** How an attempt ended. `lost`: nobody answered. */
type Attempt<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly code: string; readonly leader: number | undefined }
  | { readonly kind: 'lost' };

/** What a client is made from. */
export interface SimulatedClientOptions {
  readonly name: string;
  readonly group: number;
  readonly swarm: ClusterSwarm;
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly nodes: readonly SimulatedNode[];
  readonly ledger: ClusterLedger;
  readonly history: History;
  readonly count: (what: string) => void;
}

/** Does one operation after the other on a group's registers, at whatever node answers, and writes down what it saw. */
export class SimulatedClient {
  readonly #options: SimulatedClientOptions;
  #target: number;
  #operations = 0;
  #session: { id: number; sequence: number } | undefined;
  /** Whether it waits for an answer. */
  isBusy = false;
  /** Answers since it was asked last. */
  answered = 0;

  constructor(options: SimulatedClientOptions) {
    this.#options = options;
    this.#target = options.random.below(options.nodes.length);
  }

  /** Begins the next operation, unless one is under way. */
  async next(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    const { random, swarm } = this.#options;
    if (random.happens(swarm.readChance)) await this.#read();
    else if (random.happens(swarm.sessionChance)) await this.#writeInSession();
    else await this.#write();
    this.isBusy = false;
  }

  #key(): string {
    const { random, swarm, history } = this.#options;
    const era = Math.floor(history.operations.length / (OPERATIONS_A_KEY * swarm.keys));
    return `k${random.below(swarm.keys)}.${era}`;
  }

  #input(): RegisterInput {
    const { random, name } = this.#options;
    const key = this.#key();
    const value = `${name}.${this.#operations};`;
    switch (random.below(5)) {
      case 0:
        return { kind: 'append', key, value };
      case 1:
        return { kind: 'swap', key, expected: this.#guess(key), value };
      case 2:
        return { kind: 'add', key, amount: 1 + random.below(9) };
      default:
        return { kind: 'set', key, value };
    }
  }

  /** What the key may hold. */
  #guess(key: string): string | undefined {
    const { random, nodes, group } = this.#options;
    return random.pick(nodes).states.read(group, key);
  }

  #call(input: RegisterInput): RecordedOperation {
    const { name, group, queue, history, ledger } = this.#options;
    this.#operations += 1;
    return history.call({
      id: `${name}-${this.#operations}`,
      group,
      client: name,
      calledAt: queue.executed,
      input,
      commitAtCall: ledger.group(group).commitMax,
    });
  }

  #return(operation: RecordedOperation, output: RegisterOutput): void {
    operation.returned = { at: this.#options.queue.executed, output };
    this.answered += 1;
    this.#options.count(operation.input.kind);
  }

  async #read(): Promise<void> {
    const { group, nodes, ledger, random } = this.#options;
    const operation = this.#call({ kind: 'get', key: this.#key() });
    // Those that follow are where a read may be stale.
    if (random.happens(0.5)) this.#target = random.below(nodes.length);
    const node = nodes[this.#target];
    const attempt = await this.#attempt(async (host) => {
      const index = await this.#freshIndex(host);
      // In the same moment: what is applied here now is what the barrier promised.
      return { index, value: node?.states.read(group, operation.input.key) };
    });
    if (attempt.kind === 'answered') {
      const { index, value } = attempt.value;
      hold(
        index >= operation.commitAtCall,
        'readIsFresh',
        () =>
          `${operation.id} read at ${index} on node ${node?.number}; ${operation.commitAtCall} of ${ledger.group(group).commitMax} was committed before`,
      );
      this.#return(operation, { value, swapped: false });
    }
    this.#look(attempt);
  }

  /** By an exchange with a quorum, and by the leader where that is not enough; or by the leader alone. */
  async #freshIndex(host: RaftHost): Promise<number> {
    const { group, random } = this.#options;
    const open = random.happens(0.7) ? await host.unconfirmed([group]) : [group];
    if (open.length > 0) return host.readBarrier(group);
    const status = host.status(group);
    // It closed in this moment: nothing is read.
    if (status?.state !== 'open') throw new VectorDbError('DATA_CORRUPT', 'the group is damaged');
    this.#options.count('quorumRead');
    return status.raft.appliedIndex;
  }

  async #write(): Promise<void> {
    const operation = this.#call(this.#input());
    const attempt = await this.#propose(operation, undefined);
    this.#settle(operation, attempt, true);
    this.#look(attempt);
  }

  #propose(
    operation: RecordedOperation,
    session: { readonly session: number; readonly sequence: number } | undefined,
  ): Promise<Attempt<Uint8Array>> {
    const { group, random, swarm } = this.#options;
    const padding = random.below(swarm.paddingMax + 1);
    const command = encodeCommand({ id: operation.id, input: operation.input }, padding);
    const stamp =
      session === undefined ? {} : { session: { ...session, respondedUpTo: session.sequence - 1 } };
    return this.#attempt((host, signal) => host.propose(group, command, { ...stamp, signal }));
  }

  /** @param isFirst - no earlier attempt may have had an effect */
  #settle(operation: RecordedOperation, attempt: Attempt<Uint8Array>, isFirst: boolean): void {
    const { group, ledger } = this.#options;
    if (attempt.kind === 'failed') {
      operation.isRefused = isFirst && REFUSALS.has(attempt.code);
      this.#options.count(attempt.code);
    }
    if (attempt.kind !== 'answered') return;
    const index = ledger.group(group).effectOf(operation.id);
    hold(
      index !== undefined && index > operation.commitAtCall,
      'acknowledgedIsApplied',
      () =>
        `${operation.id} is acknowledged, applied at ${index}; ${operation.commitAtCall} was committed when it began`,
    );
    this.#return(operation, decodeAnswer(attempt.value));
  }

  /** Tries again until it is answered or its session is gone. */
  async #writeInSession(): Promise<void> {
    const { random, queue } = this.#options;
    const session = await this.#openSession();
    if (session === undefined) return;
    session.sequence += 1;
    const operation = this.#call(this.#input());
    const stamp = { session: session.id, sequence: session.sequence };
    let isFirst = true;
    for (let attempts = 0; attempts < 30 && operation.returned === undefined; attempts += 1) {
      const attempt = await this.#propose(operation, stamp);
      this.#settle(operation, attempt, isFirst);
      this.#look(attempt);
      if (attempt.kind === 'failed' && attempt.code === 'SESSION_EXPIRED') {
        operation.isRefused = isFirst;
        break;
      }
      operation.isRefused = false;
      if (attempt.kind === 'lost' || (attempt.kind === 'failed' && !REFUSALS.has(attempt.code))) {
        isFirst = false;
      }
      if (operation.returned === undefined) {
        await new Promise<void>((resolve) => {
          queue.schedule(random.exponential(100), 'client again', resolve);
        });
      }
    }
    if (operation.returned === undefined || session.sequence >= SESSION_OPERATIONS_MAX) {
      this.#session = undefined;
    }
    if (isFirst && operation.returned === undefined) operation.isRefused = true;
  }

  async #openSession(): Promise<{ id: number; sequence: number } | undefined> {
    if (this.#session !== undefined) return this.#session;
    const { group } = this.#options;
    const attempt = await this.#attempt((host, signal) => host.openSession(group, signal));
    this.#look(attempt);
    if (attempt.kind !== 'answered') return undefined;
    this.#session = { id: attempt.value, sequence: 0 };
    this.#options.count('session');
    return this.#session;
  }

  /** Asks the node that it believes in; its answer, its refusal, or nothing for too long. */
  #attempt<T>(ask: (host: RaftHost, signal: AbortSignal) => Promise<T>): Promise<Attempt<T>> {
    const { nodes, queue, random, name } = this.#options;
    const node = nodes[this.#target];
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const label = `${name} asks n${node?.number}`;
      const timer = queue.schedule(random.between(200, 5000), `${name} gives up`, () => {
        if (random.happens(0.5)) node?.process?.deliver(label, () => controller.abort());
        resolve({ kind: 'lost' });
      });
      const end = (attempt: Attempt<T>): void => {
        timer.cancel();
        resolve(attempt);
      };
      const host = node?.host;
      if (host === undefined) {
        end({ kind: 'failed', code: 'NOT_FOUND', leader: undefined });
        return;
      }
      node?.process?.deliver(label, () => {
        ask(host, controller.signal).then(
          (value) => end({ kind: 'answered', value }),
          (error: unknown) => {
            if (error instanceof VectorDbError) {
              end({ kind: 'failed', code: error.code, leader: error.leaderNode });
            } else reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    });
  }

  /** Who is to be asked next. */
  #look(attempt: Attempt<unknown>): void {
    const { random, nodes, group } = this.#options;
    if (attempt.kind === 'answered' && random.happens(0.9)) return;
    const leader = attempt.kind === 'failed' ? attempt.leader : undefined;
    const isLost = leader === undefined || random.happens(0.1);
    this.#target = isLost ? random.below(nodes.length) : leader - 1;
    // A map of the cluster tells most of them where the group is.
    const knows = isLost && random.happens(0.8);
    if (!knows || nodes[this.#target]?.status(group) !== undefined) return;
    const there = nodes.filter((node) => node.status(group) !== undefined);
    if (there.length > 0) this.#target = random.pick(there).number - 1;
  }
}
