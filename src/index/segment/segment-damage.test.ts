import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
} from '../../../test/support/local-index.ts';
import { MemoryRecoverySource } from '../../../test/support/memory-recovery-source.ts';
import { must } from '../../base/assert.ts';
import { decodePointId } from '../../base/point-id.ts';
import { seededRandom } from '../../base/random.ts';
import { recoverIndex } from './recovery.ts';
import { MANIFEST_FILE } from './segment-manifest.ts';

const ROWS = 300;

const schema = collectionSchema({ payloadIndexes: { n: { kind: 'integer' } } });

interface Filled {
  readonly local: LocalIndex;
  readonly stores: ReadonlyMap<number, MemoryRecoverySource>;
}

/** An index with one sealed segment that was closed, with the store it can be recovered from. */
async function filled(): Promise<Filled> {
  const local = await LocalIndex.open(schema, { growingRows: 128, shards: [] });
  local.index.completeShard(0, local.index.admitShard(0, 0));
  const store = new MemoryRecoverySource(1);
  const random = seededRandom(5);
  for (let id = 0; id < ROWS; id += 1) {
    const vectors = { '': Float32Array.from({ length: 4 }, () => random.next()) };
    const payload = Buffer.from(JSON.stringify({ n: id }));
    const version = store.write(keyOf(id), { vectors, payload });
    local.index.upsert({ key: keyOf(id), shard: 0, version, vectors, payload });
  }
  local.index.commit([[0, store.appliedIndex]]);
  await local.index.optimize();
  return { local, stores: new Map([[0, store]]) };
}

const answers = ({ local }: Filled): unknown =>
  local.searcher
    .search(local.view, vectorQuery([0.5, 0.5, 0.5, 0.5], { exact: true }))
    .hits.map((hit) => [decodePointId(hit.key), hit.score, Buffer.from(hit.payload).toString()]);

const segmentFolder = (local: LocalIndex): string => {
  const names = readdirSync(local.directory).filter((name) => name.startsWith('segment-'));
  expect(names).toHaveLength(1);
  return join(local.directory, names[0] as string);
};

const isField = (name: string): boolean => name.startsWith('field-');

const DAMAGES: readonly (readonly [string, (path: string) => void])[] = [
  ['missing', (path) => rmSync(path)],
  ['cut short', (path) => truncateSync(path, readFileSync(path).length - 1)],
  ['longer', (path) => appendFileSync(path, 'x')],
  [
    'changed by one bit',
    (path) => {
      const bytes = readFileSync(path);
      const place = Math.floor(bytes.length / 2);
      bytes[place] = (bytes[place] as number) ^ 4;
      writeFileSync(path, bytes);
    },
  ],
];

describe('an index whose files were damaged', () => {
  test.each(DAMAGES)(
    'each file that is %s is noticed, and the points come back',
    async (_, harm) => {
      const probe = await filled();
      const files = readdirSync(segmentFolder(probe.local)).filter((name) => !isField(name));
      await probe.local[Symbol.asyncDispose]();
      expect(files).toHaveLength(4);
      for (const file of files) {
        const state = await filled();
        await using local = state.local;
        const before = answers(state);
        await local.reopen();
        harm(join(segmentFolder(local), file));
        await local.reopen('crash');
        expect(local.index.damage.join()).toContain(file);
        expect(local.events.map((event) => event.event)).toContain('index_segment_damaged');
        expect(local.index.watermark(0)).toBe(0);
        expect(readdirSync(local.directory).filter((name) => name.startsWith('segment-'))).toEqual(
          [],
        );
        await recoverIndex({ index: local.index, stores: state.stores });
        expect(answers(state)).toEqual(before);
      }
    },
  );

  test.each(DAMAGES)(
    'a payload index that is %s is built again, and the rest of its segment stays',
    async (_, harm) => {
      const state = await filled();
      await using local = state.local;
      const before = answers(state);
      const folder = segmentFolder(local);
      const file = must(readdirSync(folder).find(isField), 'the segment has a payload index');
      const whole = readFileSync(join(folder, file));
      const watermark = local.index.watermark(0);
      await local.reopen();
      harm(join(folder, file));
      await local.reopen('crash');
      expect(local.events.filter(({ level }) => level === 'error')).toEqual([
        expect.objectContaining({
          event: 'index_field_damaged',
          fields: expect.objectContaining({ field: 'n', damage: expect.stringContaining(file) }),
        }),
      ]);
      expect(local.index.damage).toEqual([]);
      expect(local.index.watermark(0)).toBe(watermark);
      expect(answers(state)).toEqual(before);
      await recoverIndex({ index: local.index, stores: state.stores });
      await local.index.optimize();
      expect(segmentFolder(local)).toBe(folder);
      expect(readFileSync(join(folder, file))).toEqual(whole);
      local.events.length = 0;
      await local.reopen();
      expect(local.events).toEqual([]);
    },
  );

  test.each(DAMAGES)(
    'a manifest that is %s is noticed, and the points come back',
    async (how, harm) => {
      const state = await filled();
      await using local = state.local;
      const before = answers(state);
      await local.reopen();
      harm(join(local.directory, MANIFEST_FILE));
      await local.reopen('crash');
      expect(local.events.map(({ event }) => event)).toEqual([
        how === 'missing' ? 'index_manifest_missing' : 'index_segment_damaged',
      ]);
      expect(local.index.watermark(0)).toBe(0);
      await recoverIndex({ index: local.index, stores: state.stores });
      expect(answers(state)).toEqual(before);
    },
  );

  test('what no manifest lists is removed', async () => {
    const { local } = await filled();
    await using _ = local;
    await local.reopen();
    mkdirSync(join(local.directory, 'segment-77.tmp'));
    mkdirSync(join(local.directory, 'segment-78'));
    writeFileSync(join(local.directory, 'manifest.tmp'), 'half');
    await local.reopen('crash');
    const names = readdirSync(local.directory);
    expect(names.filter((name) => /77|78|tmp/.test(name))).toEqual([]);
    expect(local.index.damage).toEqual([]);
  });
});
