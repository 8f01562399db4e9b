import { VectorDbError } from '../../base/error.ts';
import type { EntryCache } from './entry-cache.ts';
import type { DataFile, FileSystem } from './file-system.ts';
import type { LogIdentity } from './log-identity.ts';
import { LogReplay } from './log-replay.ts';
import { LossLedger } from './loss-ledger.ts';
import type { GroupId } from './log-storage.ts';
import { fileSalt } from './record-header.ts';
import { Segment, segmentName, segmentNumber } from './segment.ts';
import {
  decodeSegmentHead,
  type HeadFault,
  SEGMENT_HEAD_FIXED_BYTES,
  type SegmentHead,
  segmentHeadBytes,
} from './segment-head.ts';
import { type ScanItem, scanRecords } from './segment-scan.ts';

/** What the files of a log were found to hold. */
export interface RecoveredLog {
  readonly ledger: LossLedger;
  /** Open, ascending. */
  readonly segments: readonly Segment[];
  readonly nextRecord: number;
  readonly nextBatch: number;
  /** What was cut off the end because it was never acknowledged, for people. */
  readonly cut: string | undefined;
  /** Nothing was cut and nothing is wrong: the last file may be continued. */
  readonly isClean: boolean;
  /** The group of the newest record. */
  readonly before: GroupId;
}

interface ReadHead {
  readonly head: SegmentHead | undefined;
  readonly bytes: number;
}

/** A file that is open, with its head; undefined where that is damaged. */
interface OpenedSegment {
  readonly segment: Segment;
  readonly head: SegmentHead | undefined;
}

interface RecoveryOptions {
  readonly files: FileSystem;
  readonly folder: string;
  readonly identity: LogIdentity;
  readonly cache: EntryCache;
}

/**
 * Reads all files of a log, finds out what they hold for sure, and cuts off a torn end.
 *
 * @throws {VectorDbError} DATA_CORRUPT when there are files that the log cannot have written; FAILED_PRECONDITION when one is of another log or a newer program
 */
export async function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  const opened: OpenedSegment[] = [];
  try {
    await openSegments(options, opened);
    return await readSegments(options, opened);
  } catch (error) {
    for (const { segment } of opened) await segment.file.close();
    throw error;
  }
}

async function openSegments(
  { files, folder, identity }: RecoveryOptions,
  opened: OpenedSegment[],
): Promise<void> {
  const names = await files.list(folder);
  for (const number of names.map(segmentNumber)) {
    if (number === undefined) continue;
    const path = `${folder}/${segmentName(number)}`;
    if (number > identity.newest + 1) {
      throw corrupt(`${path} is newer than the log, which ends with ${identity.newest}`);
    }
    const file = await files.open(path, 'existing');
    const salt = fileSalt(identity.stream, number);
    try {
      const { head, bytes } = readHead(file, path, number, identity);
      const segment = new Segment({ number, path, file, salt, start: bytes, end: file.size });
      opened.push({ segment, head });
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

async function readSegments(
  { identity, cache }: RecoveryOptions,
  opened: readonly OpenedSegment[],
): Promise<RecoveredLog> {
  const ledger = new LossLedger(cache);
  const replay = new LogReplay(ledger);
  const newest = opened.at(-1)?.segment.number ?? 0;
  let cut: string | undefined;
  for (const [place, { segment, head }] of opened.entries()) {
    const next = opened[place + 1];
    noteMissing(opened[place - 1]?.segment, segment, ledger);
    if (head === undefined) replay.beginWithoutHead(segment.path);
    else replay.begin(head, segment.path);
    if (next?.head !== undefined && next.segment.number === segment.number + 1) {
      segment.end = Math.min(segment.end, next.head.previousEnd);
    }
    // Only the newest file has batches that may never have been acknowledged; of one without a head, nothing can be told from damage.
    const mayBeTorn = next === undefined && newest >= identity.newest && head !== undefined;
    const found = scan(segment);
    const items = mayBeTorn ? [...found] : found;
    const durable = mayBeTorn ? durableBatch(items, head, identity) : Infinity;
    const end = replay.run(items, segment, durable);
    if (end === undefined) continue;
    cut = `${segment.end - end} bytes at the end of ${segment.path} were never acknowledged`;
    await segment.file.truncate(end);
    segment.end = end;
  }
  if (newest < identity.newest)
    replay.endIsMissing(`the files behind segment ${newest} are missing`);
  else if (replay.nextBatch <= identity.durable) {
    replay.endIsMissing(`batches ${replay.nextBatch} to ${identity.durable} are missing`);
  }
  replay.end();
  return {
    ledger,
    segments: opened.map(({ segment }) => segment),
    nextRecord: replay.nextRecord,
    nextBatch: replay.nextBatch,
    cut,
    before: replay.before,
    isClean: cut === undefined && ledger.notes.length === 0,
  };
}

function noteMissing(previous: Segment | undefined, segment: Segment, ledger: LossLedger): void {
  const missing = segment.number - 1 - (previous?.number ?? segment.number - 1);
  if (missing > 0) ledger.notes.push(`${missing} files before ${segment.path} are missing`);
}

/** Reads no more than the head of a file. */
function readHead(file: DataFile, path: string, number: number, identity: LogIdentity): ReadHead {
  const found = readSegmentHead(file);
  if (found === 'newer') {
    throw new VectorDbError('FAILED_PRECONDITION', `${path} was written by a newer program`);
  }
  if (found === 'damaged') return { head: undefined, bytes: 0 };
  const { head } = found;
  if (head.node !== identity.node || head.stream !== identity.stream) {
    throw new VectorDbError('FAILED_PRECONDITION', `${path} belongs to another log`);
  }
  if (head.segment !== number) throw corrupt(`${path} holds segment ${head.segment}`);
  return found;
}

function readSegmentHead(file: DataFile): { head: SegmentHead; bytes: number } | HeadFault {
  const bytes = segmentHeadBytes(file.read(0, SEGMENT_HEAD_FIXED_BYTES));
  return bytes > file.size ? 'damaged' : decodeSegmentHead(file.read(0, bytes));
}

function* scan(segment: Segment): Generator<ScanItem> {
  yield* scanRecords(segment.file.read(0, segment.end), segment.start, segment.salt);
}

/** The newest batch that something vouches for. */
function durableBatch(items: Iterable<ScanItem>, head: SegmentHead, identity: LogIdentity): number {
  let durable = Math.max(head.nextBatch - 1, identity.durable);
  for (const item of items) {
    if (item.what !== 'damagedBytes') durable = Math.max(durable, item.header.durable);
  }
  return durable;
}

const corrupt = (text: string): VectorDbError => new VectorDbError('DATA_CORRUPT', text);
