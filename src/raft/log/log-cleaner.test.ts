import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { openScriptedLog } from '../../../test/support/raft/log-script.ts';
import { logEntries, logEntry, viewLog } from '../../../test/support/raft/log-view.ts';

const SYNC = { sync: true };

describe('files of a log', () => {
  test('go when their entries are compacted', async () => {
    const files = new MemoryFileSystem();
    const log = await openScriptedLog(files);
    await log.append([{ group: 1, create: 1 }], SYNC);
    for (let index = 1; index <= 300; index += 1) {
      const write = { group: 1, entries: [logEntry(index, 1)], compactTo: index - 5 };
      await log.append([write], SYNC);
      expect(log.usage.files).toBeLessThan(5);
    }
    await log[Symbol.asyncDispose]();
    expect(files.files.size).toBeLessThan(6);
    expect((await openScriptedLog(files)).group(1)?.entries(296, 301, Infinity)).toHaveLength(5);
  });

  test('do not stay for the sake of a slow group, whose entries are moved', async () => {
    const files = new MemoryFileSystem();
    let log = await openScriptedLog(files, { segmentBytesMax: 4000 });
    await log.append(
      [
        { group: 1, create: 1, entries: logEntries(1, 4, 1) },
        { group: 2, create: 1, entries: logEntries(1, 40, 3) },
        { group: 3, create: 1, hardState: { term: 6, vote: 2, commit: 0 } },
        { group: 4, create: 1 },
      ],
      SYNC,
    );
    await log.append([{ group: 1, entries: [logEntry(4, 1), logEntry(5, 2)] }], SYNC);
    const slow = [...viewLog(log)].filter(([group]) => group !== 4);
    for (let index = 1; index <= 500; index += 1) {
      await log.append(
        [{ group: 4, entries: [logEntry(index, 1, 'x'.repeat(100))], compactTo: index - 3 }],
        SYNC,
      );
      expect(log.usage.bytes).toBeLessThan(40_000);
    }
    expect([...viewLog(log)].filter(([group]) => group !== 4)).toEqual(slow);
    expect([...files.files.keys()]).not.toContain('log/0000000000000001.log');
    const killed = await openScriptedLog(new MemoryFileSystem(files.files));
    expect([...viewLog(killed)].filter(([group]) => group !== 4)).toEqual(slow);
    await log[Symbol.asyncDispose]();
    log = await openScriptedLog(files);
    expect([...viewLog(log)].filter(([group]) => group !== 4)).toEqual(slow);
  });

  test('do not gather when a log is opened again and again', async () => {
    let files = new MemoryFileSystem();
    for (let round = 0; round < 60; round += 1) {
      const log = await openScriptedLog(files, { segmentBytesMax: 5000 });
      const create = round === 0 ? { create: 1 } : {};
      await log.append([{ group: 1, ...create, entries: [logEntry(round + 1, 1)] }], SYNC);
      // Half a batch, as a machine leaves it that stops.
      const path = [...files.files.keys()].findLast((name) => name.endsWith('.log')) ?? '';
      const torn = new Map(files.files);
      torn.set(path, Buffer.concat([torn.get(path) ?? new Uint8Array(), Buffer.from('GRec')]));
      files = new MemoryFileSystem(torn);
    }
    expect(files.files.size).toBeLessThan(25);
    const log = await openScriptedLog(files);
    expect(log.group(1)?.entries(1, 61, Infinity)).toEqual(logEntries(1, 61, 1));
  });
});
