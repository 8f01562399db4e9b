import type { Clock } from '../../base/clock.ts';
import type { GroupId, GroupWrite, LogStorage } from '../log/log-storage.ts';
import { mergeWrites } from './group-write-merge.ts';

interface Batch {
  readonly writes: Map<GroupId, GroupWrite>;
  mustSync: boolean;
  /** What to do when it is durable, in the order it was asked for. */
  whenDurable: { readonly group: GroupId; readonly tell: () => void }[];
  /** Groups whose newest request is in this batch, and how often. */
  readonly groups: Set<GroupId>;
  startedMs: number;
  isDurable: boolean;
}

export interface GroupCommitterOptions {
  readonly log: LogStorage;
  readonly clock: Clock;
  /** Batches under way at once. */
  readonly batchesMax: number;
  /** Something became durable: there is work for a turn. */
  readonly wake: () => void;
  /** The log failed, for good. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes what all groups of a node ask for in common batches: while one is under way the next one gathers, so that under load each fsync serves many groups and
 * many entries. What waits for durability is told in the order of the requests, one group's before its next ones.
 */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;
  /** The first one is written next; a second one only where a group's writes cannot be merged. */
  #gathering: Batch[] = [];
  readonly #underWay: Batch[] = [];
  readonly #writes = new Set<Promise<void>>();
  /** The batch with the newest request of a group that is not durable yet. */
  readonly #newest = new Map<GroupId, Batch>();
  #isBroken = false;
  #batches = 0;
  #groupWrites = 0;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /** Milliseconds since the oldest batch that is not durable was handed to the log; 0 where there is none. */
  get stalledMs(): number {
    const [oldest] = this.#underWay;
    return oldest === undefined ? 0 : this.#options.clock.monotonicMs() - oldest.startedMs;
  }

  /** Batches handed to the log, and writes of groups in them. */
  get handedOver(): { readonly batches: number; readonly writes: number } {
    return { batches: this.#batches, writes: this.#groupWrites };
  }

  /** Whether everything that was asked for is durable. */
  get isIdle(): boolean {
    return this.#gathering.length === 0 && this.#underWay.length === 0;
  }

  /**
   * Asks for a write, which goes out with the next {@link flush}. Without one, only waits until the group's earlier writes are durable: called back at once
   * where they are.
   */
  submit(
    group: GroupId,
    write: GroupWrite | undefined,
    mustSync: boolean,
    whenDurable: () => void,
  ): void {
    const newest = this.#newest.get(group);
    if (write === undefined) {
      if (newest === undefined) whenDurable();
      else newest.whenDurable.push({ group, tell: whenDurable });
      return;
    }
    const batch = this.#place(write, newest);
    batch.mustSync ||= mustSync;
    batch.whenDurable.push({ group, tell: whenDurable });
    batch.groups.add(group);
    this.#newest.set(group, batch);
  }

  /** Hands gathered writes to the log, as far as the bound allows. */
  flush(): void {
    while (!this.#isBroken && this.#underWay.length < this.#options.batchesMax) {
      this.#dropDamaged();
      const batch = this.#gathering.shift();
      if (batch === undefined) return;
      batch.startedMs = this.#options.clock.monotonicMs();
      this.#underWay.push(batch);
      this.#batches += 1;
      this.#groupWrites += batch.writes.size;
      const write = this.#write(batch);
      this.#writes.add(write);
      void write.finally(() => this.#writes.delete(write));
    }
  }

  /** A group's log takes nothing any more: what it asked for is not told, nor written unless it is under way. */
  drop(group: GroupId): void {
    this.#newest.delete(group);
    for (const batch of [...this.#gathering, ...this.#underWay]) {
      batch.whenDurable = batch.whenDurable.filter((each) => each.group !== group);
    }
    for (const { writes } of this.#gathering) writes.delete(group);
    this.#gathering = this.#gathering.filter(({ writes }) => writes.size > 0);
  }

  /** Nothing is written or told any more; resolves when the log is done with what it has. */
  async stop(): Promise<void> {
    this.#isBroken = true;
    this.#gathering = [];
    await Promise.all(this.#writes);
  }

  /** A log that turned out to be damaged takes nothing, and would refuse the whole batch. */
  #dropDamaged(): void {
    const [next] = this.#gathering;
    for (const [group, { destroy }] of next?.writes ?? []) {
      if (destroy !== true && this.#options.log.group(group)?.state === 'corrupt') this.drop(group);
    }
  }

  async #write(batch: Batch): Promise<void> {
    const { log, onError, wake } = this.#options;
    try {
      await log.append([...batch.writes.values()], { sync: batch.mustSync });
      if (this.#isBroken) return;
      batch.isDurable = true;
      this.#settle();
      this.flush();
    } catch (error) {
      // Nothing is known of this batch, and a second attempt would prove nothing (the pages count as clean).
      this.#isBroken = true;
      onError(error);
      return;
    }
    wake();
  }

  #settle(): void {
    for (let first = this.#underWay[0]; first?.isDurable === true; first = this.#underWay[0]) {
      this.#underWay.shift();
      for (const group of first.groups) {
        if (this.#newest.get(group) === first) this.#newest.delete(group);
      }
      for (const { tell } of first.whenDurable) tell();
    }
  }

  /** The batch that the write became a part of: not before the group's newest one. */
  #place(write: GroupWrite, newest: Batch | undefined): Batch {
    const { group } = write;
    const behind = newest === undefined ? -1 : this.#gathering.indexOf(newest);
    if (behind >= 0 && newest !== undefined) {
      const before = newest.writes.get(group);
      const merged = before === undefined ? write : mergeWrites(before, write);
      if (merged !== undefined) {
        newest.writes.set(group, merged);
        return newest;
      }
    }
    const next = this.#gathering[behind + 1] ?? emptyBatch();
    if (behind + 1 === this.#gathering.length) this.#gathering.push(next);
    next.writes.set(group, write);
    return next;
  }
}

function emptyBatch(): Batch {
  return {
    writes: new Map(),
    mustSync: false,
    whenDurable: [],
    groups: new Set(),
    startedMs: 0,
    isDurable: false,
  };
}
