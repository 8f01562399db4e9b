import { describeLogStorage } from '../../../test/contracts/log-storage.contract.ts';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { SegmentedLog } from './segmented-log.ts';

/** So small that files change all the time, and so little memory that entries are read from them. */
const open = (files: FileSystem, folder: string): Promise<SegmentedLog> =>
  SegmentedLog.open({
    files,
    folder,
    node: 1,
    clock: systemClock,
    random: seededRandom(1),
    segmentBytesMax: 2000,
    cacheBytesMax: 300,
  });

describeLogStorage('SegmentedLog in memory', async () => {
  let files = new MemoryFileSystem();
  return {
    log: await open(files, 'log'),
    reopen: () => {
      files = new MemoryFileSystem(files.files);
      return open(files, 'log');
    },
    remove: async () => {},
  };
});

describeLogStorage('SegmentedLog on files', async () => {
  const folder = await temporaryFolder();
  const path = `${folder.path}/a/log`;
  let log = await open(nodeFileSystem, path);
  return {
    log,
    // Without being closed, this one would go on writing behind the next one's back.
    reopen: async () => {
      await log[Symbol.asyncDispose]();
      log = await open(nodeFileSystem, path);
      return log;
    },
    remove: () => folder[Symbol.asyncDispose](),
  };
});
