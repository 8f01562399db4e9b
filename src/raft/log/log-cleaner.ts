import { VectorDbError } from '../../base/error.ts';
import type { PendingRecord } from './batch-encoder.ts';
import type { EntryCache } from './entry-cache.ts';
import { newRun } from './entry-runs.ts';
import type { FileSystem } from './file-system.ts';
import type { LogWriter } from './log-writer.ts';
import type { Segment } from './segment.ts';
import type { SegmentGroupLog } from './segment-group-log.ts';

/** Entries that are moved in one batch, in bytes of their records. */
const MOVED_BYTES_MAX = 2 ** 20;
/** Small files may be this many more than their entries need. */
const FILES_SPARE = 16;

/**
 * Removes files, oldest first, that hold no entry of any group; the head of each file has all else. While dead bytes are the greater part of the
 * log, entries of slow groups that hold the oldest file are written once more at the end.
 */
export class LogCleaner {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #segments: Segment[];
  readonly #groups: () => Iterable<SegmentGroupLog>;
  readonly #cache: EntryCache;
  readonly #writer: LogWriter;
  readonly #segmentBytesMax: number;
  #running: Promise<void> | undefined;
  #isStopped = false;

  /** @param options.segments - all files, oldest first; those removed are taken out */
  constructor(options: {
    readonly files: FileSystem;
    readonly folder: string;
    readonly segments: Segment[];
    readonly groups: () => Iterable<SegmentGroupLog>;
    readonly cache: EntryCache;
    readonly writer: LogWriter;
    readonly segmentBytesMax: number;
  }) {
    this.#files = options.files;
    this.#folder = options.folder;
    this.#segments = options.segments;
    this.#groups = options.groups;
    this.#cache = options.cache;
    this.#writer = options.writer;
    this.#segmentBytesMax = options.segmentBytesMax;
  }

  /** Something changed: begins to clean where that is worth it. */
  poke(): void {
    if (this.#isStopped || this.#running !== undefined || !this.#isDue()) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  #isDue(): boolean {
    const [oldest] = this.#segments;
    if (oldest === undefined || this.#segments.length < 2) return false;
    return oldest.liveBytes === 0 || this.#isWasteful();
  }

  /** Whether writing all entries anew would free more than half of the room, or most of the files. */
  #isWasteful(): boolean {
    let dead = 0;
    let live = 0;
    let headBytes = 0;
    for (const { start, end, liveBytes } of this.#segments) {
      dead += end - start - liveBytes;
      live += liveBytes;
      headBytes = Math.max(headBytes, start);
    }
    if (dead > live + 2 * this.#segmentBytesMax) return true;
    const room = this.#segmentBytesMax - headBytes;
    return room > headBytes && this.#segments.length > FILES_SPARE + (4 * live) / room;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isStopped && this.#writer.failure === undefined && this.#isDue()) {
        const [oldest] = this.#segments;
        if (oldest === undefined) return;
        if (oldest.liveBytes === 0) await this.#remove(oldest);
        else await this.#writer.write(this.#move(oldest), true);
      }
    } catch (error) {
      this.#writer.fail(error);
    }
  }

  async #remove(oldest: Segment): Promise<void> {
    // What made its entries superfluous must be durable, or a crash would bring back a log that needs them.
    await this.#writer.barrier();
    this.#segments.shift();
    await oldest.file.close();
    await this.#files.remove(oldest.path);
    await this.#files.syncFolder(this.#folder);
  }

  #move(oldest: Segment): readonly PendingRecord[] {
    const moved: PendingRecord[] = [];
    let bytes = 0;
    for (const log of this.#groups()) {
      for (const { from, to, place } of log.runs.runs) {
        if (place?.segment !== oldest) continue;
        if (moved.length > 0 && bytes + place.bytes > MOVED_BYTES_MAX) return moved;
        bytes += place.bytes;
        const record = movedRecord(log, from, to);
        // What cannot be read was told to the group, and holds no file.
        if (record === undefined) break;
        log.runs.insert(record.run);
        this.#cache.add(record.run);
        moved.push(record);
      }
    }
    return moved;
  }
}

function movedRecord(
  log: SegmentGroupLog,
  from: number,
  to: number,
): (Required<PendingRecord> & { readonly run: ReturnType<typeof newRun> }) | undefined {
  try {
    const entries = log.entries(from, to, Infinity);
    const record = {
      kind: 'moved' as const,
      group: log.group,
      replica: log.replica,
      create: false,
      snapshot: undefined,
      hardState: undefined,
      entries,
      compactTo: undefined,
      destroy: false,
    };
    return { record, log, run: newRun(entries) };
  } catch (error) {
    if (!(error instanceof VectorDbError)) throw error;
    log.runs.clear();
    return undefined;
  }
}
