import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { LOG_FOLDER, openScriptedLog } from '../../../test/support/raft/log-script.ts';
import {
  type Files,
  judgeDamage,
  type ScriptedLog,
  scriptedLog,
  withFile,
} from '../../../test/support/raft/log-verdict.ts';
import { logEntries, viewLog } from '../../../test/support/raft/log-view.ts';
import { crc32c } from './crc32c.ts';
import { decodeSegmentHead } from './segment-head.ts';
import type { SegmentedLog } from './segmented-log.ts';
import { segmentName } from './segment.ts';

let log: ScriptedLog;
let segments: readonly string[];
const identity = `${LOG_FOLDER}/identity`;

beforeAll(async () => {
  log = await scriptedLog();
  segments = [...log.closed.keys()].filter((path) => path.endsWith('.log'));
});

const without = (files: Files, path: string): Files => {
  const left = new Map(files);
  left.delete(path);
  return left;
};
/** Of the head of a file. */
const headBytes = (path: string): number => {
  const found = decodeSegmentHead(log.killed.get(path) ?? new Uint8Array());
  return typeof found === 'string' ? 0 : found.bytes;
};
const last = (): string => segments.at(-1) ?? '';
const judge = (files: Files) => judgeDamage(files, log.last, [log.last]);
const open = (files: Files, node?: number) =>
  openScriptedLog(new MemoryFileSystem(files), node === undefined ? {} : { node });

describe('the end of a log', () => {
  test('torn at any byte is cut to the last whole batch', async () => {
    const path = last();
    const { length = 0 } = log.killed.get(path) ?? {};
    let states = 0;
    let previous: ReadonlyMap<number, string> | undefined;
    for (let size = headBytes(path); size <= length; size += 1) {
      const files = new MemoryFileSystem(
        withFile(log.killed, path, (bytes) => bytes.subarray(0, size)),
      );
      const opened = await openScriptedLog(files);
      const view = viewLog(opened);
      expect(log.views).toContainEqual(view);
      expect(opened.recovery.damage).toEqual([]);
      if (JSON.stringify([...view]) !== JSON.stringify([...(previous ?? [])])) {
        states += 1;
        expect(opened.recovery.cut).toBeUndefined();
      } else {
        expect(opened.recovery.cut).toMatch(/were never acknowledged/);
      }
      previous = view;
      await opened[Symbol.asyncDispose]();
      const again = await openScriptedLog(files);
      expect(viewLog(again)).toEqual(view);
      expect(again.recovery).toEqual({ cut: undefined, damage: [] });
    }
    expect(states).toBeGreaterThan(1);
    expect(previous).toEqual(log.last);
  });

  test('with a batch that was never synced before one that reached the disk is cut before both', async () => {
    const files = new MemoryFileSystem(log.killed);
    const opened = await openScriptedLog(files, { segmentBytesMax: 100_000 });
    const before = viewLog(opened);
    const start = files.files.get(last())?.length ?? 0;
    const entries = logEntries(5, 6, 5);
    await opened.append([{ group: 1, entries }], { sync: false });
    const middle = files.files.get(last())?.length ?? 0;
    await opened.append([{ group: 1, entries: logEntries(6, 7, 5) }], { sync: false });
    const torn = withFile(files.files, last(), (bytes) => bytes.fill(0, start + 80, middle));
    const again = await open(torn);
    expect(viewLog(again)).toEqual(before);
    expect(again.recovery.cut).toBeDefined();
    expect(again.recovery.damage).toEqual([]);
  });

  test('that was cut does not come back when the head behind it is damaged', async () => {
    const files = new MemoryFileSystem();
    let opened = await openScriptedLog(files, { segmentBytesMax: 100_000 });
    await opened.append([{ group: 1, create: 7, entries: logEntries(1, 3, 1) }], { sync: true });
    const path = `${LOG_FOLDER}/${segmentName(1)}`;
    const { length: start = 0 } = files.files.get(path) ?? {};
    await opened.append([{ group: 1, entries: logEntries(3, 4, 1) }], { sync: false });
    await opened.append([{ group: 1, entries: logEntries(4, 6, 1) }], { sync: false });
    // The first of the two batches is torn, the second is whole.
    const torn = new MemoryFileSystem(
      withFile(files.files, path, (bytes) => bytes.fill(0, start, start + 80)),
    );
    opened = await openScriptedLog(torn);
    expect(opened.group(1)?.lastIndex).toBe(2);
    await opened.append([{ group: 1, entries: logEntries(3, 5, 2) }], { sync: true });
    const acknowledged = viewLog(opened);
    const headless = withFile(torn.files, `${LOG_FOLDER}/${segmentName(2)}`, (bytes) =>
      bytes.fill(0, 0, 20),
    );
    const again = await open(headless);
    expect(again.recovery.damage).toHaveLength(1);
    expect(viewLog(again)).toEqual(acknowledged);
  });

  test('is vouched for by a mark once nothing came for a while', async () => {
    const files = new MemoryFileSystem();
    const clock = new HandClock();
    const opened = await openScriptedLog(files, { clock });
    await opened.append([{ group: 1, create: 7, entries: logEntries(1, 3, 1) }], { sync: true });
    const path = [...files.files.keys()].findLast((name) => name.endsWith('.log')) ?? '';
    const { length = 0 } = files.files.get(path) ?? {};
    const damaged = (): Promise<SegmentedLog> =>
      open(withFile(files.files, path, (bytes) => bytes.fill(0, length - 10, length)));
    expect((await damaged()).group(1)).toBeUndefined();
    clock.pass(100);
    await opened.append([], { sync: true });
    expect((await damaged()).group(1)).toMatchObject({ state: 'corrupt', replica: 7 });
    const bytes = opened.usage;
    clock.pass(10_000);
    await opened.append([], { sync: false });
    expect(opened.usage.bytes).toBeLessThan(bytes.bytes + 400);
    await opened[Symbol.asyncDispose]();
    const closed = files.files;
    clock.pass(10_000);
    expect(files.files).toEqual(closed);
  });

  test('that is missing in a log that was closed makes groups corrupt', async () => {
    const { length = 0 } = log.closed.get(last()) ?? {};
    for (let size = 0; size < length - 400; size += 23) {
      const { outcome } = await judge(
        withFile(log.closed, last(), (bytes) => bytes.subarray(0, size)),
      );
      expect(outcome).toBe('corrupt');
    }
  });
});

describe('the files of a log', () => {
  test.each([0, 1, 2])('without number %i show nothing false', async (place) => {
    const path = segments.at(place === 2 ? -1 : place) ?? '';
    const { corrupt } = await judge(without(log.closed, path));
    if (place === 2) expect(corrupt).toEqual([1, 2, 3]);
    await judgeDamage(without(log.killed, path), log.last, log.views);
  });

  test('of which none is left but the identity let nobody be created', async () => {
    const bytes = log.closed.get(identity) ?? new Uint8Array();
    const opened = await open(new Map([[identity, bytes]]));
    expect(opened.groups).toEqual([]);
    const create = opened.append([{ group: 1, create: 99 }], { sync: true });
    await expect(create).rejects.toThrow('may have been here');
  });

  test('without identity are refused', async () => {
    await expect(open(without(log.closed, identity))).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: 'log/identity is missing, but files of the log are there',
    });
  });

  test('of another node are refused', async () => {
    await expect(open(log.closed, 4)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'log holds the log of node 3, not of node 4',
    });
  });

  test('that were renamed or copied are refused', async () => {
    const [first = '', second = ''] = segments;
    const bytes = log.closed.get(first) ?? new Uint8Array();
    const swapped = new Map(log.closed)
      .set(first, log.closed.get(second) ?? bytes)
      .set(second, bytes);
    await expect(open(swapped)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    const copied = new Map(log.closed).set(`${LOG_FOLDER}/${segmentName(99)}`, bytes);
    await expect(open(copied)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('that come from another log are refused', async () => {
    const files = new MemoryFileSystem();
    const other = await openScriptedLog(files, { node: 5 });
    await other[Symbol.asyncDispose]();
    const strange = files.files.get(`${LOG_FOLDER}/${segmentName(1)}`) ?? new Uint8Array();
    await expect(open(new Map(log.closed).set(segments[0] ?? '', strange))).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });

  test('of a newer format are refused', async () => {
    for (const path of [identity, last()]) {
      const newer = withFile(log.closed, path, (bytes) => {
        const checked = bytes.subarray(0, path === identity ? bytes.length : headBytes(path));
        checked[8] = 2;
        const crc = crc32c(checked.subarray(16), crc32c(checked.subarray(0, 12)));
        new DataView(bytes.buffer).setUint32(12, crc, true);
        return bytes;
      });
      await expect(open(newer)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    }
  });

  test('that were never finished, or are none of the log, do not matter', async () => {
    const more = new Map(log.closed)
      .set(`${LOG_FOLDER}/${segmentName(7)}.new`, Uint8Array.of(1, 2, 3))
      .set(`${LOG_FOLDER}/notes.txt`, Uint8Array.of(1));
    const { outcome, files } = await judge(more);
    expect(outcome).toBe('whole');
    expect([...files.files.keys()]).toContain(`${LOG_FOLDER}/notes.txt`);
    expect([...files.files.keys()]).not.toContain(`${LOG_FOLDER}/${segmentName(7)}.new`);
  });

  test('go on where they ended when nothing was wrong', async () => {
    const files = new MemoryFileSystem(log.closed);
    for (let round = 0; round < 5; round += 1) {
      const opened = await openScriptedLog(files, { segmentBytesMax: 100_000 });
      await opened[Symbol.asyncDispose]();
    }
    expect(files.files.size).toBe(log.closed.size);
  });
});
