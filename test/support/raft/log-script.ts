import { seededRandom } from '../../../src/base/random.ts';
import type { FileSystem } from '../../../src/raft/log/file-system.ts';
import type { GroupWrite, LogStorage } from '../../../src/raft/log/log-storage.ts';
import { SegmentedLog, type SegmentedLogOptions } from '../../../src/raft/log/segmented-log.ts';
import { HandClock } from '../hand-clock.ts';
import { logEntries, logEntry, viewLog } from './log-view.ts';

/** What every log of a test is called. */
export const LOG_FOLDER = 'log';

/** Opens a log with small files and hardly anything kept in memory, so that what it says comes from the files. Time stands still unless a clock is given. */
export function openScriptedLog(
  files: FileSystem,
  options: Partial<SegmentedLogOptions> = {},
): Promise<SegmentedLog> {
  return SegmentedLog.open({
    files,
    folder: LOG_FOLDER,
    node: 3,
    clock: new HandClock(),
    random: seededRandom(7),
    segmentBytesMax: 1200,
    cacheBytesMax: 0,
    ...options,
  });
}

/** Batches of three groups in which everything happens that can be written. */
export const LOG_SCRIPT: readonly (readonly GroupWrite[])[] = [
  [
    { group: 1, create: 11, hardState: { term: 1, vote: 11, commit: 0 } },
    { group: 2, create: 12, snapshot: { last: { term: 1, index: 1 }, generation: 0 } },
  ],
  [
    { group: 1, entries: logEntries(1, 3, 1) },
    { group: 2, hardState: { term: 2, vote: 5, commit: 1 }, entries: [logEntry(2, 2)] },
  ],
  [{ group: 1, hardState: { term: 1, vote: 11, commit: 1 }, entries: [logEntry(3, 1, '')] }],
  [{ group: 3, create: 9, entries: logEntries(1, 3, 4) }],
  [{ group: 2, snapshot: { last: { term: 3, index: 9 }, generation: 2 } }],
  [
    { group: 1, entries: [logEntry(2, 3), logEntry(3, 3), logEntry(4, 5)] },
    { group: 3, destroy: true },
  ],
  [{ group: 2, entries: logEntries(10, 13, 3), compactTo: 10 }],
  [{ group: 3, create: 10, hardState: { term: 7, vote: 2, commit: 0 } }],
  [{ group: 1, hardState: { term: 5, vote: 0, commit: 4 }, compactTo: 1 }],
  [{ group: 2, entries: [logEntry(13, 4, 'z'.repeat(90))] }],
];

/** Writes {@link LOG_SCRIPT}; gives what could be seen before it and after each batch. */
export async function writeScript(
  log: LogStorage,
): Promise<readonly ReadonlyMap<number, string>[]> {
  const views = [viewLog(log)];
  for (const batch of LOG_SCRIPT) {
    await log.append(batch, { sync: true });
    views.push(viewLog(log));
  }
  return views;
}
