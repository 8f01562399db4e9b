import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { GroupLog } from '../../../src/raft/log/log-storage.ts';
import { SegmentedLog } from '../../../src/raft/log/segmented-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { MemoryFileSystem } from './file-memory.ts';

const WRITER = fileURLToPath(new URL('log-kill-writer.ts', import.meta.url));

/** What a process said of a group. */
interface Acknowledged {
  readonly term: number;
  readonly last: number;
  readonly compacted: number;
}

/** What happened in all rounds together. */
export interface KillReport {
  readonly acknowledged: number;
  /** Entries that were read and compared. */
  readonly checked: number;
  /** Rounds after which an end was cut off. */
  readonly cuts: number;
}

/**
 * Kills a process that writes to a log on real files again and again, at any moment, and asserts each time that what it printed as acknowledged is
 * there, that no entry is another one, and that nothing is corrupt.
 */
export async function logKillRounds(rounds: number, seed: number): Promise<KillReport> {
  await using folder = await temporaryFolder();
  const random = seededRandom(seed);
  const known = new Map<number, Acknowledged>();
  let [acknowledged, checked, cuts] = [0, 0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const lines = await writeAndKill(folder.path, seed + round, 1 + random.below(400));
    acknowledged += lines.length;
    for (const line of lines) {
      const [group = 0, term = 0, last = 0, compacted = 0] = line.split(' ').map(Number);
      known.set(group, { term, last, compacted });
    }
    const log = await openCopy(folder.path);
    expect(log.recovery.damage).toEqual([]);
    if (log.recovery.cut !== undefined) cuts += 1;
    for (const [group, said] of known) checked += check(log.group(group), said);
  }
  return { acknowledged, checked, cuts };
}

/** The lines of a process that was killed after it printed some. */
async function writeAndKill(
  folder: string,
  seed: number,
  after: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, folder, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const chunks: string[] = [];
  let lines = 0;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    chunks.push(chunk);
    lines += chunk.split('\n').length - 1;
    if (lines >= after) child.kill('SIGKILL');
  });
  await ended;
  expect(lines, 'lines before the process ended').toBeGreaterThanOrEqual(after);
  // A line that has no end was not said.
  return chunks.join('').split('\n').slice(0, -1);
}

/** Opens a copy, so that the next process finds the files as the one before left them. */
async function openCopy(folder: string): Promise<SegmentedLog> {
  const names = await readdir(folder);
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(`log/${name}`, await readFile(`${folder}/${name}`));
  return SegmentedLog.open({
    files: new MemoryFileSystem(files),
    folder: 'log',
    node: 1,
    clock: systemClock,
    random: seededRandom(1),
    cacheBytesMax: 0,
  });
}

/** How many entries were compared. */
function check(log: GroupLog | undefined, said: Acknowledged): number {
  if (log === undefined) expect.fail('a group is gone');
  expect(log.state).toBe('open');
  expect(log.lastIndex).toBeGreaterThanOrEqual(said.last);
  expect(log.hardState.term).toBeGreaterThanOrEqual(said.term);
  expect(log.compacted.index).toBeGreaterThanOrEqual(said.compacted);
  const entries = log.entries(log.firstIndex, log.lastIndex + 1, Infinity);
  for (const { term, index, data } of entries) {
    const text = Buffer.from(data).toString();
    if (!text.startsWith(`${log.group}:${index}:${term}:`)) expect.fail(`entry ${index}: ${text}`);
  }
  return entries.length;
}
