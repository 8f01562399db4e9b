import { describe, expect, test } from 'vitest';
import {
  FaultyFileSystem,
  type FileCall,
  type FileFault,
} from '../../../test/support/raft/file-faults.ts';
import { fileFailure, MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { LOG_SCRIPT, openScriptedLog } from '../../../test/support/raft/log-script.ts';
import { logEntry, viewLog } from '../../../test/support/raft/log-view.ts';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { deferred } from '../../base/deferred.ts';
import type { VectorDbError } from '../../base/error.ts';
import { seededRandom } from '../../base/random.ts';
import { SegmentedLog } from './segmented-log.ts';

/** Writes the script, batch by batch, until something fails; what was acknowledged then, and what was handed over. */
async function writeUntilFailure(
  files: FaultyFileSystem,
): Promise<{ acknowledged: number; error: unknown; views: ReadonlyMap<number, string>[] }> {
  const views: ReadonlyMap<number, string>[] = [new Map()];
  let acknowledged = 0;
  let log: SegmentedLog | undefined;
  try {
    log = await openScriptedLog(files, { segmentBytesMax: 700 });
    for (const batch of LOG_SCRIPT) {
      const done = log.append(batch, { sync: true });
      views.push(viewLog(log));
      await done;
      acknowledged += 1;
    }
    await log[Symbol.asyncDispose]();
    return { acknowledged, error: undefined, views };
  } catch (error) {
    if (log === undefined) return { acknowledged, error, views };
    const later = log.append([], { sync: true });
    await expect(later).rejects.toMatchObject({ code: (error as VectorDbError).code });
    await log[Symbol.asyncDispose]();
    return { acknowledged, error, views };
  }
}

async function callsOfScript(): Promise<readonly FileCall[]> {
  const calls: FileCall[] = [];
  const files = new FaultyFileSystem(new MemoryFileSystem(), (call) => {
    calls.push(call);
    return undefined;
  });
  await writeUntilFailure(files);
  return calls;
}

describe('a failing disk', () => {
  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EIO', 'STORAGE_FAILED'],
  ])('at any call (%s) loses nothing acknowledged, and nothing is torn', async (code, expected) => {
    const calls = await callsOfScript();
    expect(calls.length).toBeGreaterThan(60);
    let failures = 0;
    for (const { number: at } of calls) {
      for (const written of [0, 1, 75, Infinity]) {
        const memory = new MemoryFileSystem();
        const fails = ({ number, path }: FileCall): FileFault | undefined =>
          number === at ? { error: fileFailure(code, path), written } : undefined;
        const { acknowledged, error, views } = await writeUntilFailure(
          new FaultyFileSystem(memory, fails),
        );
        if (error !== undefined) {
          expect(error).toMatchObject({ code: expected });
          failures += 1;
        }
        const view = await reopened(memory);
        expect(views.slice(acknowledged)).toContainEqual(view);
        if (calls[at]?.name !== 'write') break;
      }
    }
    expect(failures).toBeGreaterThan(60);
  });

  test('rejects everything that waits, and everything after it', async () => {
    let isBroken = false;
    const memory = new MemoryFileSystem();
    const files = new FaultyFileSystem(memory, ({ name, path }) =>
      isBroken && name === 'sync' ? { error: fileFailure('EIO', path) } : undefined,
    );
    const log = await openScriptedLog(files);
    await log.append([{ group: 1, create: 1 }], { sync: true });
    isBroken = true;
    const writes = [1, 2, 3].map((index) =>
      log.append([{ group: 1, entries: [logEntry(index, 1)] }], { sync: index === 1 }),
    );
    const results = await Promise.allSettled([...writes, log.append([], { sync: false })]);
    expect(results.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    isBroken = false;
    await expect(log.append([], { sync: false })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    expect(log.stalledMs).toBe(0);
    await log[Symbol.asyncDispose]();
  });

  test('that does not answer is noticed', async () => {
    const clock = new HandClock();
    const answer = deferred<void>();
    let hangs = false;
    const memory = new MemoryFileSystem();
    const files = new FaultyFileSystem(memory, () => undefined);
    const open = files.open.bind(files);
    files.open = async (path, how) => {
      const file = await open(path, how);
      const sync = file.sync.bind(file);
      file.sync = () => (hangs ? answer.promise : sync());
      return file;
    };
    const log = await SegmentedLog.open({
      files,
      folder: 'log',
      node: 1,
      clock,
      random: seededRandom(1),
    });
    expect(log.stalledMs).toBe(0);
    hangs = true;
    const write = log.append([{ group: 1, create: 1 }], { sync: true });
    await Promise.resolve();
    await Promise.resolve();
    clock.pass(700);
    expect(log.stalledMs).toBe(700);
    hangs = false;
    answer.resolve();
    await write;
    expect(log.stalledMs).toBe(0);
  });

  test('that gives back other bytes than were written makes the group corrupt', async () => {
    const memory = new MemoryFileSystem();
    const lying = new FaultyFileSystem(memory, () => undefined);
    const open = lying.open.bind(lying);
    let lies = false;
    lying.open = async (path, how) => {
      const file = await open(path, how);
      const read = file.read.bind(file);
      file.read = (position, length) => {
        const bytes = read(position, length);
        if (lies) bytes[40] = (bytes[40] ?? 0) ^ 1;
        return bytes;
      };
      return file;
    };
    const log = await openScriptedLog(lying);
    await log.append([{ group: 1, create: 1, entries: [logEntry(1, 1, 'x'.repeat(50))] }], {
      sync: true,
    });
    await log.append([{ group: 2, create: 1 }], { sync: true });
    lies = true;
    expect(() => log.group(1)?.entries(1, 2, 0)).toThrow('entries 1 to 1 cannot be read back');
    expect(log.group(1)).toMatchObject({ state: 'corrupt' });
    expect(log.group(2)).toMatchObject({ state: 'open' });
    const late = log.append([{ group: 1, compactTo: 1 }], { sync: true });
    await expect(late).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await log.append([{ group: 2, entries: [logEntry(1, 1)] }], { sync: true });
  });
});

/** What files show that nobody has open; nothing of it may be corrupt. */
async function reopened(files: MemoryFileSystem): Promise<ReadonlyMap<number, string>> {
  const log = await openScriptedLog(files, { segmentBytesMax: 700 });
  expect(log.groups.filter(({ state }) => state === 'corrupt')).toEqual([]);
  expect(log.recovery.damage).toEqual([]);
  return viewLog(log);
}
