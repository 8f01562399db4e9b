import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { Grape } from '../../src/index.ts';
import { restCall } from '../support/crash/change-writer.ts';
import { crashRun } from '../support/crash/crash-run.ts';
import { startServer, temporaryFolder } from '../support/server-process.ts';

const POINTS = 600;
/** So many that no shard is brought into an index by one step. */
const LARGE_POINTS = 8_000;
const COLLECTION = 'kept';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const random = seededRandom(3);
const vectorOf = (): Float32Array => Float32Array.from({ length: 16 }, () => random.next());

interface Event {
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

async function open(path: string, growingRows = 128): Promise<{ grape: Grape; events: Event[] }> {
  const events: Event[] = [];
  const grape = await Grape.open(path, {
    searchThreads: 1,
    growingRows,
    idleOptimizeMs: 0,
    log: ({ event, fields }) => void events.push({ event, fields }),
  });
  return { grape, events };
}

/** Everything a search can tell: over the index, filtered, and over the stores. */
async function answers(grape: Grape): Promise<unknown> {
  const select = { payload: true, vectors: true } as const;
  const vector = new Float32Array(16).fill(0.5);
  const search = { collection: COLLECTION, vector, limit: POINTS, exact: true, select };
  const filter = {
    must: [{ kind: 'field', key: 'tag', test: { kind: 'value', value: 'a' } }],
  } as const;
  const all = await grape.search(search);
  const tagged = await grape.search({ ...search, filter });
  const stored = await grape.scroll({ collection: COLLECTION, limit: POINTS, select });
  return structuredClone([all.points, tagged.points, stored.points]);
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let before: unknown;

beforeAll(async () => {
  folder = await temporaryFolder('grape-restart');
  const { grape } = await open(folder.path);
  await grape.createCollection({
    name: COLLECTION,
    vectors: { '': { dimension: 16, distance: 'euclid', quantization: 'int8' } },
  });
  await grape.createPayloadIndex(COLLECTION, 'tag', { kind: 'keyword' });
  for (let first = 0; first < POINTS; first += 100) {
    const points = Array.from({ length: 100 }, (_, i) => ({
      id: first + i,
      vectors: { '': vectorOf() },
      payload: new Uint8Array(Buffer.from(JSON.stringify({ tag: i % 3 === 0 ? 'a' : 'b' }))),
    }));
    await grape.upsertPoints(COLLECTION, points);
  }
  await grape.optimizeCollection(COLLECTION);
  await grape.deletePoints(COLLECTION, { kind: 'ids', ids: [1, 2, 3] });
  await grape.upsertPoints(COLLECTION, [
    { id: 4, vectors: { '': vectorOf() }, payload: new Uint8Array(0) },
  ]);
  before = await answers(grape);
  await grape.close();
});

afterAll(() => folder[Symbol.asyncDispose]());

/** A copy of the folder that a test may do anything to. */
async function copied(): Promise<Awaited<ReturnType<typeof temporaryFolder>>> {
  const copy = await temporaryFolder('grape-restart');
  cpSync(folder.path, copy.path, { recursive: true });
  return copy;
}

const indexFolder = (path: string): string => {
  const [collection] = readdirSync(join(path, 'index'));
  return join(path, 'index', collection as string);
};

const segmentFolder = (path: string): string => {
  const parent = indexFolder(path);
  const segments = readdirSync(parent).filter((name) => name.startsWith('segment-'));
  expect(segments).toHaveLength(1);
  return join(parent, segments[0] as string);
};

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  missing: (path) => rmSync(path),
  'cut short': (path) => truncateSync(path, readFileSync(path).length >>> 1),
  'changed by one bit': (path) => {
    const bytes = readFileSync(path);
    const place = bytes.length >>> 1;
    bytes[place] = (bytes[place] as number) ^ 1;
    writeFileSync(path, bytes);
  },
};

describe('an index on disk', () => {
  test('is used as it is after an orderly end, and holds the same', async () => {
    await using copy = await copied();
    const { grape, events } = await open(copy.path);
    expect(await answers(grape)).toEqual(before);
    const { segments } = await grape.describeCollection(COLLECTION);
    expect(segments.find(({ kind }) => kind === 'sealed')?.rows).toBe(POINTS);
    await grape.close();
    // What had not been sealed is read again: one point.
    const recovered = events.filter(({ event }) => event === 'index_recovered');
    expect(recovered.map(({ fields }) => [fields['how'], fields['changed']])).toEqual([
      ['journal', 1],
    ]);
  });

  test.each(Object.entries(DAMAGES))(
    'is made again when a file of it is %s, and answers as before',
    async (_, harm) => {
      const names = readdirSync(segmentFolder(folder.path));
      expect(names.length).toBeGreaterThanOrEqual(4);
      for (const name of names) {
        await using copy = await copied();
        harm(join(segmentFolder(copy.path), name));
        const { grape, events } = await open(copy.path);
        expect(await answers(grape), name).toEqual(before);
        await grape.close();
        const isField = name.startsWith('field-');
        const told = isField ? 'index_field_damaged' : 'index_segment_damaged';
        const damaged = events.find(({ event }) => event === told);
        expect(JSON.stringify(damaged), name).toContain(name);
        // A payload index is built again from its segment, everything else from the store.
        if (!isField) expect(events.map(({ event }) => event)).toContain('index_recovered');
      }
    },
  );

  test.each(Object.entries(DAMAGES))(
    'is made again when its manifest is %s, and answers as before',
    async (_, harm) => {
      await using copy = await copied();
      harm(join(indexFolder(copy.path), 'manifest'));
      const { grape, events } = await open(copy.path);
      expect(await answers(grape)).toEqual(before);
      await grape.close();
      const how = events.flatMap(({ event, fields }) =>
        event === 'index_recovered' ? [fields['how']] : [],
      );
      expect(new Set(how)).toEqual(new Set(['scan']));
    },
  );

  test('that takes time to be made again is there when the database is open', async () => {
    await using large = await temporaryFolder('grape-restart');
    const { grape } = await open(large.path, LARGE_POINTS);
    await grape.createCollection({
      name: COLLECTION,
      vectors: { '': { dimension: 2, distance: 'euclid', quantization: 'none' } },
    });
    for (let first = 0; first < LARGE_POINTS; first += 1_000) {
      const points = Array.from({ length: 1_000 }, (_, i) => ({
        id: first + i,
        vectors: { '': Float32Array.of(first, i) },
        payload: new Uint8Array(0),
      }));
      await grape.upsertPoints(COLLECTION, points);
    }
    await grape.close();
    rmSync(join(indexFolder(large.path), 'manifest'));
    const { grape: again, events } = await open(large.path, LARGE_POINTS);
    const recovered = events.filter(({ event }) => event === 'index_recovered');
    expect(new Set(recovered.map(({ fields }) => fields['shard'])).size).toBe(16);
    const { points } = await again.status();
    expect(points).toBe(LARGE_POINTS);
    await again.close();
  });

  test('that a newer version wrote is not touched', async () => {
    await using copy = await copied();
    const path = join(indexFolder(copy.path), 'manifest');
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(3, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(24), crc32(bytes.subarray(0, 20))), 20);
    writeFileSync(path, bytes);
    await expect(open(copy.path)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('version 3'),
    });
    expect(readFileSync(path)).toEqual(bytes);
  });
});

/** Runs the server to its end. */
function endOf(path: string): { readonly status: number | null; readonly output: string } {
  const flags = ['--server.rest_port=0', '--server.grpc_port=0', '--monitoring.prometheus_port=0'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, ...flags, `--server.data_dir=${path}`],
    { encoding: 'utf8', timeout: 180_000, env: { ...process.env, NO_COLOR: '1' } },
  );
  return { status, output: stdout + stderr };
}

describe('a folder', () => {
  test('of a newer format is refused with the reason', async () => {
    await using copy = await copied();
    writeFileSync(join(copy.path, 'format.json'), '{"format":99,"shardCount":16}\n');
    const { status, output } = endOf(copy.path);
    expect(status).toBe(1);
    expect(output).toContain('format 99, written by a newer version');
  });

  test('serves one process; a second one is refused and the first goes on', async () => {
    await using copy = await copied();
    const server = await startServer({ dataDir: copy.path });
    const { status, output } = endOf(copy.path);
    expect(status).toBe(1);
    expect(output).toContain(`in use by process ${server.pid}`);
    const { count } = await restCall<{ count: number }>(server.restUrl, '/vectors/count', {
      collection: COLLECTION,
    });
    expect(count).toBe(POINTS - 3);
    expect(await server.stop()).toBe(0);
  });

  test('loses nothing when the server is told to end under load', async () => {
    const { acknowledged } = await crashRun({ rounds: 2, seed: 77, signal: 'SIGTERM' });
    expect(acknowledged).toBeGreaterThan(2);
  });
});
