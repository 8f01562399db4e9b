import { expect } from 'vitest';
import { VectorDbError } from '../../../src/base/error.ts';
import type { SegmentedLog } from '../../../src/raft/log/segmented-log.ts';
import { MemoryFileSystem } from './file-memory.ts';
import { openScriptedLog, writeScript } from './log-script.ts';
import { viewLog } from './log-view.ts';

/** Bytes by path. */
export type Files = ReadonlyMap<string, Uint8Array>;
/** What can be seen of each group. */
export type View = ReadonlyMap<number, string>;

/** The log of the script: as a process that was killed left it, and as one left it that closed it. */
export interface ScriptedLog {
  readonly killed: Files;
  readonly closed: Files;
  /** What could be seen before the script and after each batch; all of them were acknowledged. */
  readonly views: readonly View[];
  readonly last: View;
}

/** Writes the script to files in memory. */
export async function scriptedLog(): Promise<ScriptedLog> {
  const files = new MemoryFileSystem();
  const log = await openScriptedLog(files);
  const views = await writeScript(log);
  const killed = files.files;
  await log[Symbol.asyncDispose]();
  return { killed, closed: files.files, views, last: views.at(-1) ?? new Map() };
}

/** What opening damaged files led to: nothing is missing, and the files say nothing or tell of harmless damage; an end was cut off; groups are corrupt; no log at all. */
export type Outcome = 'whole' | 'cut' | 'corrupt' | 'refused';

/** How damaged files were judged. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The groups that are corrupt. */
  readonly corrupt: readonly number[];
  readonly files: MemoryFileSystem;
}

/**
 * Opens damaged files and asserts that nothing false is shown: each group is corrupt, or as it was acknowledged; and if an end was cut off, all are as
 * in one of the states that are allowed then.
 */
export async function judgeDamage(
  bytes: Files,
  acknowledged: View,
  whenCut: readonly View[],
): Promise<Verdict> {
  const files = new MemoryFileSystem(bytes);
  let log: SegmentedLog;
  try {
    log = await openScriptedLog(files);
  } catch (error) {
    expect(error).toBeInstanceOf(VectorDbError);
    expect(['DATA_CORRUPT', 'FAILED_PRECONDITION']).toContain((error as VectorDbError).code);
    return { outcome: 'refused', corrupt: [], files };
  }
  const view = viewLog(log);
  const groups = log.groups.filter(({ state }) => state === 'corrupt');
  for (const { damage = '' } of groups) expect(damage).not.toBe('');
  const { cut, damage } = log.recovery;
  const allowed = cut === undefined ? [acknowledged] : whenCut;
  if (!allowed.some((state) => isShown(view, state, log))) {
    expect.fail(`shown: ${[...view.values()].join('\n')}\nfound: ${cut} ${damage.join('\n')}`);
  }
  const outcome = groups.length > 0 ? 'corrupt' : cut === undefined ? 'whole' : 'cut';
  return { outcome, corrupt: groups.map(({ group }) => group), files };
}

/** Whether all groups of a state are shown, as they were or as corrupt ones, and no others. */
function isShown(view: View, state: View, log: SegmentedLog): boolean {
  // Where no trace of a group is left, no group may be created that is not known.
  const isComplete = [...state.keys()].every((group) => view.has(group) || log.mayHaveLostGroups);
  const isTrue = [...view].every(
    ([group, shown]) => log.group(group)?.state === 'corrupt' || shown === state.get(group),
  );
  return isComplete && isTrue;
}

/** How many cases came out which way. */
export interface Tally extends Record<Outcome, number> {
  /** How often one group alone was corrupt. */
  attributed: number;
}

/** Judges many damaged logs. */
export async function tallyDamage(
  cases: Iterable<Files>,
  acknowledged: View,
  whenCut: readonly View[],
): Promise<Tally> {
  const tally = { whole: 0, cut: 0, corrupt: 0, refused: 0, attributed: 0 };
  for (const files of cases) {
    const { outcome, corrupt } = await judgeDamage(files, acknowledged, whenCut);
    tally[outcome] += 1;
    if (corrupt.length === 1) tally.attributed += 1;
  }
  return tally;
}

/** A copy of some files with one of them changed. */
export function withFile(
  files: Files,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Files {
  return new Map(files).set(path, change(files.get(path)?.slice() ?? new Uint8Array()));
}
