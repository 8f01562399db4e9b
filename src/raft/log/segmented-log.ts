import { must } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { PendingRecord } from './batch-encoder.ts';
import { EntryCache } from './entry-cache.ts';
import { newRun } from './entry-runs.ts';
import type { FileSystem } from './file-system.ts';
import { groupRecordsOf } from './group-records-of.ts';
import { newSummary } from './group-summary.ts';
import { checkGroupWrites } from './group-write-check.ts';
import { LogCleaner } from './log-cleaner.ts';
import { logError } from './log-error.ts';
import { openIdentity } from './log-identity.ts';
import { type RecoveredLog, recoverLog } from './log-recovery.ts';
import type { GroupId, GroupLog, GroupWrite, LogStorage } from './log-storage.ts';
import { LogWriter } from './log-writer.ts';
import type { Roll } from './roll.ts';
import type { Segment } from './segment.ts';
import { SegmentGroupLog } from './segment-group-log.ts';

export interface SegmentedLogOptions {
  readonly files: FileSystem;
  /** Holds nothing else; made where it is missing. */
  readonly folder: string;
  /** The node whose log it is; a folder of another one is refused. */
  readonly node: number;
  readonly clock: Clock;
  /** Only names the log, once, when it begins. */
  readonly random: Random;
  /** A file of this many bytes is not continued; a batch alone may be larger. */
  readonly segmentBytesMax?: number;
  /** Bytes of entries that are kept in memory over all groups; what is not written yet is kept in any case. */
  readonly cacheBytesMax?: number;
  /** Bytes of data that one entry may have. */
  readonly entryBytesMax?: number;
}

/** What was found wrong when a log was opened; for people. */
export interface LogRecovery {
  /** Written but never acknowledged, and therefore cut off. */
  readonly cut: string | undefined;
  /** Damage that was found, also where it did no harm. Which groups it made corrupt is in their state. */
  readonly damage: readonly string[];
}

/**
 * The logs of all groups of a node in append-only files: docs/formats/raft-log.md. Every byte that is read was checked; what is damaged or
 * missing makes the groups corrupt that it may concern, and no others.
 */
export class SegmentedLog implements LogStorage {
  readonly recovery: LogRecovery;
  readonly #groups: Map<GroupId, SegmentGroupLog>;
  readonly #segments: Segment[];
  readonly #cache: EntryCache;
  readonly #writer: LogWriter;
  readonly #cleaner: LogCleaner;
  readonly #entryBytesMax: number;
  readonly #loss: string | undefined;
  #isOpen = true;

  /**
   * Opens the log of a folder, or begins one.
   *
   * @throws {VectorDbError} DATA_CORRUPT when the folder holds what this log cannot have written; FAILED_PRECONDITION when it is another node's or a newer
   *   program's; STORAGE_FAILED or DISK_FULL when the files cannot be used
   */
  static async open(options: SegmentedLogOptions): Promise<SegmentedLog> {
    const { files, folder, node, random, cacheBytesMax = 64 * 2 ** 20 } = options;
    try {
      const identity = await openIdentity({ files, folder, node, random });
      const cache = new EntryCache(cacheBytesMax);
      const recovered = await recoverLog({ files, folder, identity, cache });
      const log = new SegmentedLog(options, identity, cache, recovered);
      if (recovered.isClean && recovered.segments.length > 0) await log.#writer.resume();
      else await log.#writer.rotate();
      log.#cleaner.poke();
      return log;
    } catch (error) {
      throw logError(error);
    }
  }

  private constructor(
    options: SegmentedLogOptions,
    identity: Awaited<ReturnType<typeof openIdentity>>,
    cache: EntryCache,
    recovered: RecoveredLog,
  ) {
    const { files, folder, clock, segmentBytesMax = 64 * 2 ** 20 } = options;
    const { ledger } = recovered;
    this.recovery = { cut: recovered.cut, damage: ledger.notes };
    this.#loss = ledger.loss;
    this.#cache = cache;
    this.#entryBytesMax = options.entryBytesMax ?? 64 * 2 ** 20;
    this.#groups = new Map([...ledger.groups].map(([group, { log }]) => [group, log]));
    this.#segments = [...recovered.segments];
    const { nextRecord, nextBatch, before } = recovered;
    this.#writer = new LogWriter({
      files,
      folder,
      clock,
      cache,
      segmentBytesMax,
      identity,
      segments: this.#segments,
      position: { nextRecord, nextBatch, before, durable: 0 },
      roll: () => this.#roll(),
      onBatch: () => this.#cleaner.poke(),
    });
    this.#cleaner = new LogCleaner({
      files,
      folder,
      segmentBytesMax,
      cache,
      segments: this.#segments,
      groups: () => this.#groups.values(),
      writer: this.#writer,
    });
  }

  get groups(): readonly GroupLog[] {
    return [...this.#groups.values()].toSorted((a, b) => a.group - b.group);
  }

  /** Groups may have been here of which no trace is left, so that none can be created that is not known. */
  get mayHaveLostGroups(): boolean {
    return this.#loss !== undefined;
  }

  get usage(): { readonly bytes: number; readonly files: number } {
    const bytes = this.#segments.reduce((sum, { end }) => sum + end, 0);
    return { bytes, files: this.#segments.length };
  }

  /** For how long the disk has not answered; 0: nothing is under way. A host ends its process when this grows too long. */
  get stalledMs(): number {
    return this.#writer.stalledMs;
  }

  group(group: GroupId): GroupLog | undefined {
    return this.#groups.get(group);
  }

  /**
   * See {@link LogStorage.append}. Without any write it marks in the file that everything acknowledged so far is durable, so that later damage to the
   * newest batch cannot be taken for a torn end.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION, LIMIT_EXCEEDED: nothing was written; STORAGE_FAILED, DISK_FULL: final
   */
  async append(writes: readonly GroupWrite[], { sync }: { readonly sync: boolean }): Promise<void> {
    if (!this.#isOpen) throw new VectorDbError('SHUTTING_DOWN', 'the Raft log is closed');
    if (this.#writer.failure !== undefined) throw this.#writer.failure;
    this.#check(writes);
    // Before the first pause, so that everything can be read from the call on.
    const records = writes.flatMap((write) => this.#take(write));
    await this.#writer.write(records, sync);
  }

  /** Writes out what waits, marks it as durable, and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#cleaner.stop();
    await this.#writer.close();
  }

  #roll(): Roll {
    const logs = [...this.#groups.values()].filter(({ written }) => written.sequence > 0);
    return { groups: logs.map(({ written }) => written), loss: this.#loss };
  }

  #check(writes: readonly GroupWrite[]): void {
    checkGroupWrites(writes, (group) => this.#groups.get(group));
    for (const { group, create, entries = [] } of writes) {
      if (create !== undefined && this.#loss !== undefined && !this.#groups.has(group)) {
        throw new VectorDbError(
          'FAILED_PRECONDITION',
          `group ${group} may have been here before: ${this.#loss}`,
        );
      }
      const large = entries.find(({ data }) => data.length > this.#entryBytesMax);
      if (large !== undefined) {
        throw new VectorDbError(
          'LIMIT_EXCEEDED',
          `an entry of ${large.data.length} bytes; ${this.#entryBytesMax} are allowed`,
        );
      }
    }
  }

  /** Brings a group's state in memory up to a write. */
  #take(write: GroupWrite): readonly PendingRecord[] {
    let log = this.#groups.get(write.group);
    if (log === undefined) {
      log = new SegmentGroupLog(newSummary(write.group), this.#cache);
      this.#groups.set(write.group, log);
    }
    const taken: PendingRecord[] = [];
    for (const record of groupRecordsOf(write, must(log, 'a group'))) {
      const run = record.entries.length === 0 ? undefined : newRun(record.entries);
      log.apply(record, run);
      if (run?.isLive === true) this.#cache.add(run);
      taken.push({ record, log, run });
    }
    return taken;
  }
}
