import { must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { GroupId, GroupLog, GroupWrite, LogStorage } from '../log/log-storage.ts';
import type { LogEnd, NodeNumber } from '../transport/transport.ts';
import { checkBirth, firstWrite, type GroupBirth, prepareMachine } from './group-birth.ts';
import type { GroupServices } from './group-services.ts';
import type { CorruptGroupStatus, GroupStatus } from './group-status.ts';
import { RaftGroup } from './raft-group.ts';
import type { StateMachineFactory } from './state-machine.ts';

export interface GroupTableOptions {
  readonly node: NodeNumber;
  readonly log: LogStorage;
  readonly stateMachines: StateMachineFactory;
  readonly services: GroupServices;
  /** Durable when it resolves. */
  readonly write: (write: GroupWrite) => Promise<void>;
}

/** The groups on a node: those that take part, and damaged ones, which are known and silent. */
export class GroupTable {
  readonly #options: GroupTableOptions;
  readonly #open = new Map<GroupId, RaftGroup>();
  readonly #corrupt = new Map<GroupId, CorruptGroupStatus>();
  /** Groups that were found to be damaged while they were open. */
  readonly #closing = new Map<GroupId, Promise<void>>();
  /** Groups that are being made or removed: one change of a group at a time. */
  readonly #changing = new Set<GroupId>();

  constructor(options: GroupTableOptions) {
    this.#options = options;
  }

  /** Those that take part. */
  get all(): readonly RaftGroup[] {
    return [...this.#open.values()];
  }

  /** How far the logs of those go whose log is sound. */
  get logEnds(): readonly LogEnd[] {
    const sound = this.all.filter(({ damage }) => damage === undefined);
    return sound.map(({ group, replica, requests }) => ({
      group,
      replica,
      index: requests.lastIndex,
    }));
  }

  /** Tells all groups that something sent to a node was lost. */
  unreachable(node: NodeNumber): void {
    for (const group of this.all) group.unreachable(node);
  }

  /** Tells all groups that a node's process has likely ended. */
  disconnected(node: NodeNumber): void {
    for (const group of this.all) group.disconnected(node);
  }

  /** Of all groups, ascending. */
  get statuses(): readonly GroupStatus[] {
    const open = this.all.map(statusOf);
    return [...open, ...this.#corrupt.values()].toSorted((a, b) => a.group - b.group);
  }

  /** One that takes part. */
  find(group: GroupId): RaftGroup | undefined {
    return this.#open.get(group);
  }

  /** One that takes part. @throws {VectorDbError} NOT_FOUND, DATA_CORRUPT */
  get(group: GroupId): RaftGroup {
    const open = this.#open.get(group);
    const damage = open === undefined ? this.#corrupt.get(group)?.damage : open.damage;
    if (damage !== undefined) {
      throw new VectorDbError('DATA_CORRUPT', `group ${group} is damaged here: ${damage}`);
    }
    if (open === undefined) throw notHere(group);
    return open;
  }

  /** Undefined where it is not on this node. */
  status(group: GroupId): GroupStatus | undefined {
    const open = this.#open.get(group);
    return open === undefined ? this.#corrupt.get(group) : statusOf(open);
  }

  /** At start: everything that the log knows. @throws {Error} where a state machine cannot be opened for another reason than damage */
  async openAll(): Promise<void> {
    for (const log of this.#options.log.groups) await this.#openOne(log);
  }

  /** See `RaftHost.createGroup`. */
  async create(birth: GroupBirth): Promise<void> {
    const { group } = birth;
    const { node, log, stateMachines, services, write } = this.#options;
    await this.#change(group, async () => {
      checkBirth(birth, node, log.group(group));
      // What an earlier attempt, or a destroyed replica, has left is not this one's.
      await stateMachines.destroy(group);
      const machine = await stateMachines.open(group, 0);
      try {
        await prepareMachine(machine, birth);
        await write(firstWrite(birth));
        const groupLog = must(log.group(group), 'it is in the log');
        this.#open.set(group, await RaftGroup.open(services, groupLog, machine));
      } catch (error) {
        await machine[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /** See `RaftHost.removeGroup`. */
  async remove(group: GroupId): Promise<void> {
    const { write, stateMachines } = this.#options;
    await this.#change(group, async () => {
      const open = this.#open.get(group);
      if (open === undefined && !this.#corrupt.has(group)) throw notHere(group);
      this.#open.delete(group);
      this.#corrupt.delete(group);
      await open?.close('the group is removed from this node');
      await this.#closing.get(group);
      this.#closing.delete(group);
      await write({ group, destroy: true });
      await stateMachines.destroy(group);
    });
  }

  /** The group falls silent. Resolves when its state machine stands still. */
  async declareCorrupt(group: RaftGroup, damage: string): Promise<void> {
    this.#open.delete(group.group);
    this.#addCorrupt(group.group, group.replica, damage);
    const closed = group.abandon('DATA_CORRUPT', damage);
    this.#closing.set(group.group, closed);
    await closed;
  }

  async #openOne(log: GroupLog): Promise<void> {
    const { group, replica, state, damage, generation } = log;
    const { stateMachines, services } = this.#options;
    if (state === 'destroyed') return stateMachines.destroy(group);
    if (state === 'corrupt') {
      return this.#addCorrupt(group, replica, damage ?? 'its log is damaged');
    }
    try {
      const machine = await stateMachines.open(group, generation);
      try {
        this.#open.set(group, await RaftGroup.open(services, log, machine));
      } catch (error) {
        await machine[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#addCorrupt(group, replica, error.message);
    }
  }

  #addCorrupt(group: GroupId, replica: ReplicaId, damage: string): void {
    this.#corrupt.set(group, corruptStatus(group, replica, damage));
  }

  async #change(group: GroupId, change: () => Promise<void>): Promise<void> {
    if (this.#changing.has(group)) {
      throw new VectorDbError('FAILED_PRECONDITION', `group ${group} is being made or removed`);
    }
    this.#changing.add(group);
    try {
      await change();
    } finally {
      this.#changing.delete(group);
    }
  }
}

/** Whether an error says that what one group has stored is damaged. */
export function isDamage(error: unknown): error is VectorDbError {
  return error instanceof VectorDbError && error.code === 'DATA_CORRUPT';
}

function statusOf(open: RaftGroup): GroupStatus {
  const { group, replica, damage } = open;
  // A core cannot be asked once its log is damaged.
  return damage === undefined ? open.status : corruptStatus(group, replica, damage);
}

function corruptStatus(group: GroupId, replica: ReplicaId, damage: string): CorruptGroupStatus {
  return { state: 'corrupt', group, replica, damage };
}

const notHere = (group: GroupId): VectorDbError =>
  new VectorDbError('NOT_FOUND', `group ${group} is not on this node`);
