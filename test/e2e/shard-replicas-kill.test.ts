import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { FolderShardDisk } from '../../src/storage/folder-shard-disk.ts';
import { digestShard } from '../../src/storage/shard-digest.ts';
import { ShardReplicas } from '../../src/worker/shard-replicas.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SETTINGS = { compression: false, cacheBytes: 1 << 20, writeBufferBytes: 1 << 16 };
const ROUNDS = 6;

/**
 * Another process that writes a point at a time, and again and again replaces its shard by a snapshot of itself: staged in pieces, named in a file as a log would name it,
 * activated. It prints each acknowledged write.
 */
function replacer(path: string): string {
  const from = (file: string): string => new URL(`../../src/${file}`, import.meta.url).href;
  return `
    import { readFileSync, renameSync, writeFileSync } from 'node:fs';
    import { encodePointId } from '${from('base/point-id.ts')}';
    import { systemRandom } from '${from('base/random.ts')}';
    import { recordKey } from '${from('storage/keyspace.ts')}';
    import { FolderShardDisk } from '${from('storage/folder-shard-disk.ts')}';
    import { encodeRecord } from '${from('storage/record-codec.ts')}';
    import { ShardReplicas } from '${from('worker/shard-replicas.ts')}';
    const path = ${JSON.stringify(path)};
    const disk = await FolderShardDisk.open(path + '/shards', ${JSON.stringify(SETTINGS)});
    const replicas = new ShardReplicas({ disk, shardCount: 1, random: systemRandom });
    let named = 0;
    try { named = Number(readFileSync(path + '/named', 'utf8')); } catch {}
    let store = await replicas.open(0, named);
    for (;;) {
      for (let count = 0; count < 20; count += 1) {
        const index = store.appliedIndex + 1;
        const pointKey = encodePointId(index, 'id', 512);
        const key = recordKey(1, pointKey);
        const vectors = { '': new Float32Array(256).fill(index) };
        const row = encodeRecord(key, { version: index, vectors, payload: new Uint8Array(0) });
        await store.write({
          last: { term: 1, index },
          journal: [{ index, collection: 1, keys: [pointKey] }],
          records: [{ key, row }],
          countDeltas: new Map([[1, 1]]),
        });
        process.stdout.write(index + '\\n');
      }
      const { id, last } = await replicas.snapshot(0);
      const generation = await replicas.stage(0, last);
      for (let offset = 0; ; offset += 8192) {
        const piece = await replicas.readSnapshot(id, offset, 8192);
        await replicas.writeStaged(0, generation, piece);
        if (piece.length < 8192) break;
      }
      await replicas.closeSnapshot(id);
      await replicas.finishStaged(0, generation);
      writeFileSync(path + '/named.new', String(generation));
      renameSync(path + '/named.new', path + '/named');
      store = await replicas.activate(0, generation);
    }
  `;
}

test('a process killed while it stages and activates states loses none that counted', async () => {
  await using folder = await temporaryFolder();
  const random = seededRandom(5);
  let acknowledged = 0;
  let generations = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = spawn(
      process.execPath,
      ['--input-type=module-typescript', '--eval', replacer(folder.path)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'close');
    const until = acknowledged + 20 + random.below(120);
    const delayMs = random.below(40);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) acknowledged = Math.max(acknowledged, Number(line));
      if (acknowledged >= until) setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    await ended;

    const named = await readFile(join(folder.path, 'named'), 'utf8').catch(() => '0');
    const disk = await FolderShardDisk.open(join(folder.path, 'shards'), SETTINGS);
    await using replicas = new ShardReplicas({ disk, shardCount: 1, random });
    const store = await replicas.open(0, Number(named));
    expect(store.appliedIndex).toBeGreaterThanOrEqual(acknowledged);
    expect(store.appliedIndex).toBeLessThanOrEqual(acknowledged + 1);
    expect((await digestShard(store)).records).toBe(store.appliedIndex);
    const folders = await readdir(join(folder.path, 'shards'));
    expect(folders.filter((name) => !name.endsWith('.removed'))).toHaveLength(1);
    acknowledged = store.appliedIndex;
    generations = Math.max(generations, Number(named));
  }
  expect(generations).toBeGreaterThan(ROUNDS);
});
