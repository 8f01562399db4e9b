import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { UnsyncedFileSystem } from '../../../test/support/raft/file-unsynced.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (found: Uint8Array): string => Buffer.from(found).toString();

describe.each<[string, () => FileSystem]>([
  ['the machine', () => nodeFileSystem],
  ['memory', () => new MemoryFileSystem()],
  ['memory that forgets', () => new UnsyncedFileSystem()],
])('files of %s', (_name, create) => {
  const inFolder = async (use: (files: FileSystem, path: string) => Promise<void>) => {
    await using folder = await temporaryFolder();
    const files = create();
    const path = `${folder.path}/a/b`;
    await files.makeFolder(path);
    await use(files, path);
  };

  test('are written and read at any place', () =>
    inFolder(async (files, folder) => {
      const file = await files.open(`${folder}/x`, 'create');
      expect(file.size).toBe(0);
      await file.write(0, bytes('hello'));
      await file.write(5, bytes(' world'));
      await file.write(0, bytes('J'));
      await file.sync();
      expect(file.size).toBe(11);
      expect(text(file.read(0, 11))).toBe('Jello world');
      expect(text(file.read(6, 99))).toBe('world');
      expect(text(file.read(11, 5))).toBe('');
      await file.truncate(5);
      expect(file.size).toBe(5);
      await file.close();
      const again = await files.open(`${folder}/x`, 'existing');
      expect(text(again.read(0, again.size))).toBe('Jello');
      await again.close();
    }));

  test('may use the bytes of a write again when it is done', () =>
    inFolder(async (files, folder) => {
      const file = await files.open(`${folder}/x`, 'create');
      const buffer = bytes('one');
      await file.write(0, buffer);
      buffer.fill(0);
      expect(text(file.read(0, 3))).toBe('one');
      await file.close();
    }));

  test('are there or are not', () =>
    inFolder(async (files, folder) => {
      const missing = files.open(`${folder}/x`, 'existing');
      await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
      await (await files.open(`${folder}/x`, 'create')).close();
      const present = files.open(`${folder}/x`, 'create');
      await expect(present).rejects.toMatchObject({ code: 'EEXIST' });
    }));

  test('are listed in order, renamed over others, and removed', () =>
    inFolder(async (files, folder) => {
      for (const name of ['c', 'a', 'b']) {
        const file = await files.open(`${folder}/${name}`, 'create');
        await file.write(0, bytes(name));
        await file.close();
      }
      expect(await files.list(folder)).toEqual(['a', 'b', 'c']);
      await files.rename(`${folder}/c`, `${folder}/a`);
      await files.remove(`${folder}/b`);
      await files.syncFolder(folder);
      expect(await files.list(folder)).toEqual(['a']);
      const file = await files.open(`${folder}/a`, 'existing');
      expect(text(file.read(0, 1))).toBe('c');
      await file.close();
    }));

  test('of a folder that is there are kept when it is made again', () =>
    inFolder(async (files, folder) => {
      await (await files.open(`${folder}/x`, 'create')).close();
      await files.makeFolder(folder);
      expect(await files.list(folder)).toEqual(['x']);
    }));
});
