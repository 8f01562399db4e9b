import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { DataDirectory } from './data-directory.ts';
import { LevelStore } from './level-store.ts';

const lock = (path: string): Promise<LevelStore> =>
  LevelStore.open({
    path,
    compression: false,
    cacheBytes: 0,
    writeBufferBytes: 1 << 16,
    shared: false,
  });
const open = (path: string, owner = '1@a', shardCount = 3) =>
  DataDirectory.open({ path, shardCount, lock, owner });

describe('a data directory', () => {
  test('is made with its folders', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'new', 'data');
    await using directory = await open(path);
    expect((await readdir(path)).sort()).toEqual(
      ['catalog', 'format.json', 'index', 'lock', 'owner', 'raft', 'shards'].sort(),
    );
    expect(directory.catalogPath).toBe(join(path, 'catalog'));
    expect(directory.raftPath).toBe(join(path, 'raft'));
    expect(directory.shardsPath).toBe(join(path, 'shards'));
    expect(directory.indexPath).toBe(join(path, 'index'));
    expect(JSON.parse(await readFile(join(path, 'format.json'), 'utf8'))).toEqual({
      format: 2,
      shardCount: 3,
    });
  });

  test('has one owner at a time, in other processes and in this one', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path, '17@a');
    for (const owner of ['17@a', '18@b']) {
      await expect(open(folder.path, owner)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining('in use by process 17'),
      });
    }
    await first[Symbol.asyncDispose]();
    await using _ = await open(folder.path, '18@b');
  });

  test('is taken over from an owner that died', async () => {
    await using folder = await temporaryFolder();
    await (await open(folder.path))[Symbol.asyncDispose]();
    await writeFile(join(folder.path, 'owner'), '1@before');
    await using _ = await open(folder.path, '1@now');
    expect(await readFile(join(folder.path, 'owner'), 'utf8')).toBe('1@now');
  });

  test('is refused when a newer version wrote it', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'format.json'), '{"format":3,"somethingNew":[]}');
    await expect(open(folder.path)).rejects.toThrow('has format 3, written by a newer version');
    await writeFile(join(folder.path, 'format.json'), '{"format":1,"shardCount":3}');
    await expect(open(folder.path)).rejects.toThrow('from before writes were kept in a log');
    await writeFile(join(folder.path, 'format.json'), '{"format":2,"shardCount":3}');
    await using _ = await open(folder.path);
  });

  test('is refused with another shard count', async () => {
    await using folder = await temporaryFolder();
    await (await open(folder.path))[Symbol.asyncDispose]();
    await expect(open(folder.path, '1@a', 4)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      field: 'sharding.shard_count',
    });
  });

  test.each(['', '{', '{}', '[1]', '{"format":"1"}', '{"format":2}', 'null'])(
    'is refused when format.json holds %j',
    async (text) => {
      await using folder = await temporaryFolder();
      await writeFile(join(folder.path, 'format.json'), text);
      await expect(open(folder.path)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    },
  );

  test('that cannot be made is a storage failure', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await expect(open(join(folder.path, 'file', 'data'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });
});
