import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { indexFolderOf, removeIndexFolders } from './index-folders.ts';

test('folders of indexes go, but for those kept, later ones, and what has other names', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'grape-folders-'));
  for (const collection of [1, 2, 3, 12]) {
    await mkdir(indexFolderOf(folder.path, collection));
    await writeFile(join(indexFolderOf(folder.path, collection), 'manifest'), 'x');
  }
  await mkdir(join(folder.path, 'notes'));
  await mkdir(join(folder.path, '02'));
  await removeIndexFolders(folder.path, 12, new Set([2]));
  expect((await readdir(folder.path)).toSorted()).toEqual(['02', '12', '2', 'notes']);
});
