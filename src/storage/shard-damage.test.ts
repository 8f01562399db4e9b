import { cp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { encodePointId } from '../base/point-id.ts';
import { recordKey } from './keyspace.ts';
import { LevelStore } from './level-store.ts';
import { encodeRecord } from './record-codec.ts';
import { digestShard } from './shard-digest.ts';
import { ShardStore } from './shard-store.ts';

/** Damage to LevelDB's own files, which LevelDB passes over in silence. */

const WRITES = 100;

const open = async (path: string): Promise<ShardStore> => {
  const store = await LevelStore.open({
    path,
    compression: false,
    cacheBytes: 1 << 20,
    writeBufferBytes: 4 << 20,
    shared: true,
  });
  try {
    return await ShardStore.open({ store, shard: 0, shardCount: 1 });
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
};

async function fill(shard: ShardStore): Promise<void> {
  for (let index = 1; index <= WRITES; index += 1) {
    const pointKey = encodePointId(index, 'id', 512);
    const key = recordKey(1, pointKey);
    const vectors = { '': new Float32Array(256).fill(index) };
    const row = encodeRecord(key, { version: index, vectors, payload: new Uint8Array(0) });
    await shard.write({
      last: { term: 1, index },
      journal: [{ index, collection: 1, keys: [pointKey] }],
      records: [{ key, row }],
      countDeltas: new Map([[1, 1]]),
    });
  }
}

/** The largest file of a kind. */
async function largest(path: string, suffix: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => name.endsWith(suffix));
  const files = names.map((name) => join(path, name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return files[sizes.indexOf(Math.max(...sizes))] as string;
}

describe('a shard whose files were damaged', () => {
  let folder: TemporaryFolder;
  /** As it lies on disk after a crash: everything in LevelDB's log. */
  let crashed: string;
  /** As it lies on disk after the log became tables. */
  let settled: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const live = join(folder.path, 'live');
    crashed = join(folder.path, 'crashed');
    settled = join(folder.path, 'settled');
    const shard = await open(live);
    await fill(shard);
    await cp(live, crashed, { recursive: true });
    await shard.trimJournal(WRITES / 2);
    await shard[Symbol.asyncDispose]();
    await cp(live, settled, { recursive: true });
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  /** A copy with a change in the largest file of a kind. */
  async function damaged(
    source: string,
    suffix: string,
    damage: (bytes: Buffer) => Buffer,
  ): Promise<string> {
    const path = join(folder.path, `copy-${(await readdir(folder.path)).length}`);
    await cp(source, path, { recursive: true });
    const file = await largest(path, suffix);
    await writeFile(file, damage(await readFile(file)));
    return path;
  }

  test('opens when nothing was damaged', async () => {
    for (const source of [crashed, settled]) {
      await using shard = await open(await damaged(source, '.log', (bytes) => bytes));
      expect(shard.appliedIndex).toBe(WRITES);
      expect((await digestShard(shard)).records).toBe(WRITES);
    }
  });

  test.each([0.05, 0.3, 0.5, 0.7])(
    'refuses to open after one bit flipped at %f of the log',
    async (part) => {
      const path = await damaged(crashed, '.log', (bytes) => {
        const at = Math.floor(bytes.length * part);
        bytes[at] = (bytes[at] as number) ^ 4;
        return bytes;
      });
      await expect(open(path)).rejects.toMatchObject({
        code: 'DATA_CORRUPT',
        message: expect.stringContaining('missing'),
      });
    },
  );

  test('refuses to open after a sector of the log was zeroed', async () => {
    const path = await damaged(crashed, '.log', (bytes) => bytes.fill(0, 40_960, 45_056));
    await expect(open(path)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('loses nothing but the end when the log is torn there, as by a crash in a write', async () => {
    const path = await damaged(crashed, '.log', (bytes) => bytes.subarray(0, bytes.length - 10));
    await using shard = await open(path);
    expect(shard.appliedIndex).toBe(WRITES - 1);
    expect((await digestShard(shard)).records).toBe(WRITES - 1);
  });

  test('never gives a wrong record when a table was damaged', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const path = await damaged(settled, '.ldb', (bytes) => {
        const at = Math.floor((bytes.length * seed) / 7);
        bytes[at] = (bytes[at] as number) ^ 16;
        return bytes;
      });
      const checked = open(path).then(async (shard) => {
        try {
          await digestShard(shard);
        } finally {
          await shard[Symbol.asyncDispose]();
        }
      });
      await expect(checked, `damage ${seed}`).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    }
  });
});
