import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeKeyValueStore } from '../../test/contracts/key-value-store.contract.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { LevelStore, type LevelStoreOptions, storeError } from './level-store.ts';

const options = (path: string): LevelStoreOptions => ({
  path,
  compression: true,
  cacheBytes: 1 << 20,
  writeBufferBytes: 1 << 20,
  shared: true,
});

describeKeyValueStore('LevelStore', async () => {
  const folder = await temporaryFolder();
  return {
    store: await LevelStore.open(options(folder.path)),
    reopen: () => LevelStore.open(options(folder.path)),
    remove: () => folder[Symbol.asyncDispose](),
  };
});

test('a shared store may be opened twice in a process, an unshared one only once', async () => {
  await using folder = await temporaryFolder();
  const shared = join(folder.path, 'shared');
  await using first = await LevelStore.open(options(shared));
  await using second = await LevelStore.open(options(shared));
  await first.write([{ type: 'put', key: Uint8Array.of(1), value: Uint8Array.of(2) }], {
    sync: true,
  });
  expect(second.get(Uint8Array.of(1))?.[0]).toBe(2);

  const alone = { ...options(join(folder.path, 'alone')), shared: false };
  await using _ = await LevelStore.open(alone);
  await expect(LevelStore.open(alone)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});

test('a folder that cannot be opened is a storage failure', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'file');
  await writeFile(path, '');
  await expect(LevelStore.open(options(path))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});

test.each([
  ['IO error: /data/000003.log: No space left on device', 'LEVEL_IO_ERROR', 'DISK_FULL'],
  ['IO error: /data/000003.log: Disk quota exceeded', 'LEVEL_IO_ERROR', 'DISK_FULL'],
  ['IO error: /data/000003.log: Input/output error', 'LEVEL_IO_ERROR', 'STORAGE_FAILED'],
  ['Corruption: block checksum mismatch', 'LEVEL_CORRUPTION', 'DATA_CORRUPT'],
  ['lock held', 'LEVEL_LOCKED', 'FAILED_PRECONDITION'],
  ['Database is not open', 'LEVEL_DATABASE_NOT_OPEN', 'SHUTTING_DOWN'],
])('%s (%s) means %s', (message, code, expected) => {
  expect(storeError(Object.assign(new Error(message), { code }), '/data').code).toBe(expected);
});
