import { beforeAll, describe, expect, test } from 'vitest';
import { openScriptedLog } from '../../../test/support/raft/log-script.ts';
import {
  type Files,
  judgeDamage,
  type ScriptedLog,
  scriptedLog,
  tallyDamage,
  withFile,
} from '../../../test/support/raft/log-verdict.ts';
import { viewLog } from '../../../test/support/raft/log-view.ts';
import { fileSalt, RECORD_HEADER_BYTES } from './record-header.ts';
import { segmentNumber } from './segment.ts';
import { decodeSegmentHead } from './segment-head.ts';
import { scanRecords } from './segment-scan.ts';
import { decodeLogIdentity } from './log-identity.ts';

let log: ScriptedLog;

beforeAll(async () => {
  log = await scriptedLog();
});

/** Every file with one bit flipped: those that `every` divides. */
function* flips(files: Files, every: number): Generator<Files> {
  for (const [path, { length }] of files) {
    for (let bit = 0; bit < 8 * length; bit += every) {
      yield withFile(files, path, (bytes) => {
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return bytes;
      });
    }
  }
}

/** Every file with one stretch of bytes filled. */
function* holes(files: Files, size: number, fill: number): Generator<Files> {
  for (const [path, { length }] of files) {
    for (let from = 0; from < length; from += size) {
      yield withFile(files, path, (bytes) => bytes.fill(fill, from, from + size));
    }
  }
}

/** Where each record of a log lies. */
function records(
  files: Files,
): readonly { path: string; from: number; to: number; group: number }[] {
  const [identityPath, bytes] = [...files].find(([path]) => path.endsWith('identity')) ?? [
    '',
    new Uint8Array(),
  ];
  const { stream } = decodeLogIdentity(bytes, identityPath);
  return [...files].flatMap(([path, file]) => {
    const number = segmentNumber(path.slice(path.lastIndexOf('/') + 1));
    const head = decodeSegmentHead(file);
    if (number === undefined || typeof head === 'string') return [];
    return [...scanRecords(file, head.bytes, fileSalt(stream, number))].flatMap((item) =>
      item.what === 'record'
        ? {
            path,
            from: item.position,
            to: item.position + RECORD_HEADER_BYTES + item.body.length,
            group: item.header.group,
          }
        : [],
    );
  });
}

describe('a log with damage', () => {
  test('of no kind shows everything', async () => {
    expect(log.killed.size).toBeGreaterThan(2);
    for (const files of [log.killed, log.closed]) {
      expect(await judgeDamage(files, log.last, [])).toMatchObject({ outcome: 'whole' });
    }
  });

  test('in any single bit shows nothing false, and knows whose it was', async () => {
    const tally = await tallyDamage(flips(log.killed, 1), log.last, log.views);
    expect(tally.corrupt).toBeGreaterThan(5000);
    expect(tally.attributed).toBe(tally.corrupt);
    // The newest batch alone, for which nothing vouches yet.
    expect(tally.cut).toBeLessThan(2000);
  });

  test('in a bit of any byte loses nothing unnoticed when it was closed', async () => {
    const tally = await tallyDamage(flips(log.closed, 7), log.last, [log.last]);
    expect(tally.corrupt).toBeGreaterThan(500);
    expect(tally.attributed).toBe(tally.corrupt);
  });

  test.each([16, 64, 128, 512])('in any %i bytes shows nothing false', async (size) => {
    for (const fill of [0, 0xa5]) {
      const closed = await tallyDamage(holes(log.closed, size, fill), log.last, [log.last]);
      expect(closed.corrupt).toBeGreaterThan(0);
      const killed = await tallyDamage(holes(log.killed, size, fill), log.last, log.views);
      expect(killed.corrupt).toBeGreaterThan(0);
    }
  });

  test('knows whose any record was that is gone', async () => {
    const all = records(log.closed);
    expect(all.length).toBeGreaterThan(12);
    for (const { path, from, to, group } of all) {
      const files = withFile(log.closed, path, (bytes) => bytes.fill(0, from, to));
      const { corrupt } = await judgeDamage(files, log.last, [log.last]);
      expect(corrupt.filter((each) => each !== group)).toEqual([]);
    }
  });

  test('in two records at once shows nothing false', async () => {
    const all = records(log.closed);
    for (const first of all) {
      for (const second of all) {
        const files = withFile(log.closed, first.path, (bytes) =>
          bytes.fill(0, first.from, first.from + 20),
        );
        const both = withFile(files, second.path, (bytes) =>
          bytes.fill(0, second.from, second.from + 20),
        );
        await judgeDamage(both, log.last, [log.last]);
      }
    }
  });

  test('stays damaged through any number of openings', async () => {
    for (const damaged of holes(log.closed, 64, 0)) {
      const first = await judgeDamage(damaged, log.last, [log.last]);
      if (first.outcome === 'refused') continue;
      const again = await judgeDamage(first.files.files, log.last, [log.last]);
      expect(again.corrupt).toEqual(first.corrupt);
      expect(await judgeDamage(again.files.files, log.last, [])).toMatchObject({
        corrupt: first.corrupt,
      });
    }
  });

  test('goes on with its whole groups, and with corrupt ones once they were destroyed', async () => {
    for (const damaged of holes(log.closed, 128, 0)) {
      const { outcome, corrupt, files } = await judgeDamage(damaged, log.last, [log.last]);
      if (outcome !== 'corrupt') continue;
      let opened = await openScriptedLog(files);
      for (const { group, state, lastIndex, hardState, replica } of opened.groups) {
        if (state === 'corrupt') {
          const late = opened.append([{ group, hardState }], { sync: true });
          await expect(late).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
          await opened.append([{ group, destroy: true }], { sync: true });
          await opened.append([{ group, create: replica + 100 }], { sync: true });
        } else if (state === 'open') {
          const entry = { term: 99, index: lastIndex + 1, kind: 'empty', data: new Uint8Array() };
          await opened.append([{ group, entries: [entry as never] }], { sync: true });
        }
      }
      const view = viewLog(opened);
      await opened[Symbol.asyncDispose]();
      opened = await openScriptedLog(files);
      expect(viewLog(opened)).toEqual(view);
      expect(opened.groups.filter(({ state }) => state === 'corrupt')).toEqual([]);
      expect(corrupt.length).toBeGreaterThan(0);
    }
  });
});
