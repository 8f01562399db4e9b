import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/base/clock.ts';
import { type Random, seededRandom, systemRandom } from '../../../src/base/random.ts';
import type { Entry } from '../../../src/raft/core/entry.ts';
import { nodeFileSystem } from '../../../src/raft/log/node-file-system.ts';
import { SegmentedLog } from '../../../src/raft/log/segmented-log.ts';

/**
 * A process that writes to the logs of many groups until it is killed, and prints what was acknowledged: a line `group term last compacted` for each
 * write. Arguments: the log's folder, a seed.
 */

const GROUPS = 9;

function entryOf(group: number, index: number, term: number, random: Random): Entry {
  const text = `${group}:${index}:${term}:${'x'.repeat(random.below(600))}`;
  return { term, index, kind: 'command', data: new Uint8Array(Buffer.from(text)) };
}

async function writeGroup(log: SegmentedLog, group: number, random: Random): Promise<void> {
  if (log.group(group) === undefined) {
    await log.append([{ group, create: group + 1 }], { sync: true });
  }
  for (;;) {
    const found = log.group(group);
    if (found === undefined) throw new Error(`group ${group} is gone`);
    const { lastIndex, hardState, compacted } = found;
    const term = hardState.term + (random.below(20) === 0 ? 1 : 0);
    const entries = Array.from({ length: 1 + random.below(8) }, (_, place) =>
      entryOf(group, lastIndex + 1 + place, term, random),
    );
    const compactTo = random.below(10) === 0 ? lastIndex - random.below(20) : 0;
    const sync = random.below(5) > 0;
    const write = {
      group,
      hardState: {
        term,
        vote: term === hardState.term ? hardState.vote : group,
        commit: lastIndex,
      },
      entries,
      ...(compactTo > compacted.index ? { compactTo } : {}),
    };
    await log.append([write], { sync });
    // What is written without sync is safe from a kill too: only a machine that stops would lose it.
    writeSync(1, `${group} ${term} ${found.lastIndex} ${found.compacted.index}\n`);
  }
}

const [folder = '', seed = '1'] = process.argv.slice(2);
const log = await SegmentedLog.open({
  files: nodeFileSystem,
  folder,
  node: 1,
  clock: systemClock,
  random: systemRandom,
  segmentBytesMax: 100_000,
  cacheBytesMax: 20_000,
});
const groups = Array.from({ length: GROUPS }, (_, group) => group);
await Promise.all(
  groups.map((group) => writeGroup(log, group, seededRandom(Number(seed) * GROUPS + group))),
);
