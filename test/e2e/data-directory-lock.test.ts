import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { DataDirectory } from '../../src/storage/data-directory.ts';
import { LevelStore } from '../../src/storage/level-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LEVEL = {
  compression: false,
  cacheBytes: 0,
  writeBufferBytes: 1 << 16,
  shared: false,
} as const;

/** Another process that takes the folder and keeps it. */
async function otherOwner(path: string): Promise<ChildProcess> {
  const source = `
    import { DataDirectory } from ${JSON.stringify(new URL('../../src/storage/data-directory.ts', import.meta.url).href)};
    import { LevelStore } from ${JSON.stringify(new URL('../../src/storage/level-store.ts', import.meta.url).href)};
    await DataDirectory.open({
      path: ${JSON.stringify(path)},
      shardCount: 1,
      owner: process.pid + '@other',
      lock: (lockPath) => LevelStore.open({ ...${JSON.stringify(LEVEL)}, path: lockPath }),
    });
    process.stdout.write('ready');
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a folder belongs to one process until that ends, even by SIGKILL', async () => {
  await using folder = await temporaryFolder();
  const open = (): Promise<DataDirectory> =>
    DataDirectory.open({
      path: folder.path,
      shardCount: 1,
      owner: 'this@test',
      lock: (path) => LevelStore.open({ ...LEVEL, path }),
    });
  const other = await otherOwner(folder.path);
  await expect(open()).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringContaining(`in use by process ${other.pid}`),
  });
  const ended = once(other, 'exit');
  other.kill('SIGKILL');
  await ended;
  await using directory = await open();
  expect(directory.path).toBe(folder.path);
});
