import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { encodePointId } from '../../src/base/point-id.ts';
import { seededRandom } from '../../src/base/random.ts';
import { LevelStore } from '../../src/storage/level-store.ts';
import { digestShard } from '../../src/storage/shard-digest.ts';
import { ShardStore } from '../../src/storage/shard-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LEVEL = {
  compression: false,
  cacheBytes: 1 << 20,
  writeBufferBytes: 1 << 18,
  shared: true,
} as const;
const ROUNDS = 5;

/** Another process that writes one point after another, prints what is acknowledged, and now and then trims its journal. */
function writer(path: string): string {
  const from = (file: string): string => new URL(`../../src/${file}`, import.meta.url).href;
  return `
    import { encodePointId } from '${from('base/point-id.ts')}';
    import { recordKey } from '${from('storage/keyspace.ts')}';
    import { LevelStore } from '${from('storage/level-store.ts')}';
    import { encodeRecord } from '${from('storage/record-codec.ts')}';
    import { ShardStore } from '${from('storage/shard-store.ts')}';
    const store = await LevelStore.open({ ...${JSON.stringify(LEVEL)}, path: ${JSON.stringify(path)} });
    const shard = await ShardStore.open({ store, shard: 0, shardCount: 1 });
    for (;;) {
      const index = shard.appliedIndex + 1;
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
      process.stdout.write(index + '\\n');
      if (index % 150 === 0) await shard.trimJournal(index - 50);
    }
  `;
}

test('a process killed in the middle of its writes loses none that it acknowledged', async () => {
  await using folder = await temporaryFolder();
  const random = seededRandom(11);
  let acknowledged = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = spawn(
      process.execPath,
      ['--input-type=module-typescript', '--eval', writer(folder.path)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'close');
    const until = acknowledged + 50 + random.below(300);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) acknowledged = Math.max(acknowledged, Number(line));
      if (acknowledged >= until) child.kill('SIGKILL');
    });
    await ended;
    expect(acknowledged).toBeGreaterThanOrEqual(until);

    const store = await LevelStore.open({ ...LEVEL, path: folder.path });
    await using shard = await ShardStore.open({ store, shard: 0, shardCount: 1 });
    expect(shard.appliedIndex).toBeGreaterThanOrEqual(acknowledged);
    expect(shard.appliedIndex).toBeLessThanOrEqual(acknowledged + 1);
    expect((await digestShard(shard)).records).toBe(shard.appliedIndex);
    for (let id = 1; id <= shard.appliedIndex; id += 1) {
      expect(shard.get(1, encodePointId(id, 'id', 512))?.version).toBe(id);
    }
    acknowledged = shard.appliedIndex;
  }
});
