import { must } from '../../base/assert.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { type Deferred, deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';
import {
  BatchEncoder,
  type LogPosition,
  type PendingRecord,
  pendingBytes,
} from './batch-encoder.ts';
import type { EntryCache } from './entry-cache.ts';
import type { FileSystem } from './file-system.ts';
import { logError } from './log-error.ts';
import { encodeLogIdentity, IDENTITY_NAME, type LogIdentity, placeFile } from './log-identity.ts';
import { fileSalt, NO_GROUP } from './record-header.ts';
import { encodeRoll, type Roll } from './roll.ts';
import { Segment, segmentName } from './segment.ts';
import { encodeSegmentHead } from './segment-head.ts';

/** What one call hands over: it is in one batch as a whole. */
interface PendingWrite {
  readonly records: readonly PendingRecord[];
  readonly bytes: number;
  readonly sync: boolean;
  readonly done: Deferred<void>;
}

/** A batch takes in what waits up to this many bytes, so that nobody waits for a very long write. */
const BATCH_BYTES_MAX = 8 * 2 ** 20;
/** After this time without another batch, the newest one is vouched for by a mark: one more sync where little is written, none where much is. */
const MARK_AFTER_MS = 100;

/**
 * Writes batches to the newest segment, one at a time: everything that is handed over while one is written and synced becomes the next, with one write
 * and one sync for all. A segment that is full is synced, and the next one is there for good before anything counts in it.
 */
export class LogWriter {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #cache: EntryCache;
  readonly #segmentBytesMax: number;
  readonly #roll: () => Roll;
  readonly #onBatch: () => void;
  readonly #encoder = new BatchEncoder();
  readonly #segments: Segment[];
  readonly #position: LogPosition;
  #identity: LogIdentity;
  readonly #queue: PendingWrite[] = [];
  #running: Promise<void> | undefined;
  /** When the write or sync that is under way began; undefined: there is none. */
  #busySinceMs: number | undefined;
  #failure: VectorDbError | undefined;
  /** The newest batch that the file says to be durable; a mark itself needs nobody to say so. */
  #vouchedFor = 0;
  #markTimer: Timer | undefined;

  /**
   * @param options.segments - all files, oldest first; new ones are added here
   * @param options.roll - the states of all groups as written
   * @param options.onBatch - called after each batch
   */
  constructor(options: {
    readonly files: FileSystem;
    readonly folder: string;
    readonly clock: Clock;
    readonly cache: EntryCache;
    readonly segmentBytesMax: number;
    readonly roll: () => Roll;
    readonly onBatch: () => void;
    readonly segments: Segment[];
    readonly position: LogPosition;
    readonly identity: LogIdentity;
  }) {
    this.#files = options.files;
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#cache = options.cache;
    this.#segmentBytesMax = options.segmentBytesMax;
    this.#roll = options.roll;
    this.#onBatch = options.onBatch;
    this.#segments = options.segments;
    this.#position = options.position;
    this.#identity = options.identity;
  }

  /** Why nothing can be written any more. */
  get failure(): VectorDbError | undefined {
    return this.#failure;
  }

  /** For how long the write or sync that is under way has been; 0: there is none. */
  get stalledMs(): number {
    return this.#busySinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#busySinceMs;
  }

  /** Resolves when the records are durable, or without `sync`, when they are handed to the system. */
  write(records: readonly PendingRecord[], sync: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = records.reduce((sum, pending) => sum + pendingBytes(pending), 0);
    const done = deferred<void>();
    this.#queue.push({ records, bytes, sync, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Resolves when all that was handed over is durable. */
  barrier(): Promise<void> {
    const isDurable =
      this.#queue.length === 0 &&
      this.#busySinceMs === undefined &&
      this.#position.durable === this.#position.nextBatch - 1;
    return isDurable ? Promise.resolve() : this.write([], true);
  }

  /** Begins a new segment behind everything that is written. */
  async rotate(): Promise<void> {
    const tail = this.#segments.at(-1);
    await tail?.file.sync();
    this.#position.durable = this.#position.nextBatch - 1;
    const number = (tail?.number ?? 0) + 1;
    const name = segmentName(number);
    const head = encodeSegmentHead({
      node: this.#identity.node,
      stream: this.#identity.stream,
      segment: number,
      previousEnd: tail?.end ?? 0,
      nextRecord: this.#position.nextRecord,
      nextBatch: this.#position.nextBatch,
      roll: this.#roll(),
    });
    await placeFile(this.#files, this.#folder, name, head);
    await this.#nameNewest(number);
    const path = `${this.#folder}/${name}`;
    const file = await this.#files.open(path, 'existing');
    const salt = fileSalt(this.#identity.stream, number);
    this.#segments.push(
      new Segment({ number, path, file, salt, start: head.length, end: head.length }),
    );
    this.#position.before = NO_GROUP;
  }

  /** Goes on in the newest segment, which was read and found whole. */
  async resume(): Promise<void> {
    const tail = must(this.#segments.at(-1), 'there is a segment');
    await tail.file.sync();
    this.#position.durable = this.#position.nextBatch - 1;
    if (this.#identity.newest < tail.number) await this.#nameNewest(tail.number);
  }

  /**
   * Writes out what waits, says in another file how far the log goes, and closes with a roll that proves of each group that nothing of it is missing. A
   * log that failed has said so to those who wrote, and closes as it is.
   */
  async close(): Promise<void> {
    try {
      await this.barrier();
      const tail = must(this.#segments.at(-1), 'there is a segment');
      await this.#nameNewest(tail.number);
      await this.write([], true);
    } catch (error) {
      if (this.#failure === undefined) this.fail(error);
    }
    while (this.#running !== undefined) await this.#running;
    this.#markTimer?.cancel();
    this.#failure ??= new VectorDbError('SHUTTING_DOWN', 'the Raft log is closed');
    for (const { file } of this.#segments) await file.close();
  }

  async #nameNewest(newest: number): Promise<void> {
    this.#identity = { ...this.#identity, newest, durable: this.#position.durable };
    await placeFile(this.#files, this.#folder, IDENTITY_NAME, encodeLogIdentity(this.#identity));
  }

  async #run(): Promise<void> {
    try {
      // What else is handed over in this turn goes along.
      await Promise.resolve();
      while (this.#queue.length > 0 && this.#failure === undefined) {
        const writes = this.#take();
        try {
          await this.#writeBatch(writes);
          for (const { done } of writes) done.resolve();
          this.#onBatch();
        } catch (error) {
          this.fail(error, writes);
        }
      }
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * When nothing else was written since, says durably in the file that the newest batch is durable: without that, damage to it could not be told from a write
   * that was never finished.
   */
  #mark(): void {
    this.#markTimer = undefined;
    if (this.#failure !== undefined || this.#vouchedFor === this.#position.durable) return;
    if (this.#running !== undefined) return;
    // What fails here is told to whoever writes next.
    this.write([], true).catch(() => undefined);
  }

  #take(): readonly PendingWrite[] {
    let bytes = 0;
    const end = this.#queue.findIndex((write, place) => {
      bytes += write.bytes;
      return place > 0 && bytes > BATCH_BYTES_MAX;
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  async #writeBatch(writes: readonly PendingWrite[]): Promise<void> {
    this.#busySinceMs = this.#clock.monotonicMs();
    const records = writes.flatMap((write) => write.records);
    const bytes = writes.reduce((sum, write) => sum + write.bytes, 0);
    const full = must(this.#segments.at(-1), 'there is a segment');
    if (full.end + bytes > this.#segmentBytesMax && full.end > full.start) {
      await this.rotate();
    }
    const segment = must(this.#segments.at(-1), 'there is a segment');
    const batch = this.#position.nextBatch;
    this.#vouchedFor = this.#position.durable;
    const encoded = this.#encoder.encode(
      records,
      () => encodeRoll(this.#roll()),
      segment,
      this.#position,
    );
    await segment.file.write(segment.end, encoded.bytes);
    segment.end += encoded.bytes.length;
    for (const [{ run, log }, place] of encoded.places) {
      if (run !== undefined) log.runs.settle(run, place);
    }
    this.#cache.trim();
    if (writes.some(({ sync }) => sync)) {
      await segment.file.sync();
      this.#position.durable = batch;
      if (records.length === 0) this.#vouchedFor = batch;
      this.#markTimer ??= this.#clock.after(MARK_AFTER_MS, () => this.#mark());
    }
    this.#busySinceMs = undefined;
  }

  /** Nothing is written after an error: nobody knows what of it reached the disk. */
  fail(error: unknown, writes: readonly PendingWrite[] = []): void {
    this.#busySinceMs = undefined;
    this.#failure ??= logError(error);
    for (const { done } of [...writes, ...this.#queue.splice(0)]) done.reject(this.#failure);
  }
}
