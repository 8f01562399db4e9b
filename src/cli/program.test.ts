import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { MemoryDatabase } from '../../test/support/memory-database.ts';
import { createGrpcServer, type GrpcServer } from '../api/grpc/grpc-server.ts';
import { systemClock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { seededRandom } from '../base/random.ts';
import { DEFAULT_LIMITS } from '../database/limits.ts';
import { runGrape } from './program.ts';
import { openNpyFile } from './source/npy-file.ts';
import { encodeNpyHeader } from './source/npy-header.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const KEY = 'secret';
let folder: string;
let database: MemoryDatabase;
let server: GrpcServer;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grape-cli-'));
  database = new MemoryDatabase();
  server = createGrpcServer({
    database,
    limits: DEFAULT_LIMITS,
    defaultCollection: 'default',
    version: '1.2.3',
    auth: { full: KEY },
  });
  url = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Runs a command line against the server; `columns` makes the standard output a terminal. */
async function grape(
  args: readonly string[],
  options: { columns?: number; signal?: AbortSignal; env?: Record<string, string> } = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runGrape(args, {
    stdout: { columns: options.columns, write: async (text) => void (out += text) },
    stderr: { columns: undefined, write: async (text) => void (err += text) },
    env: options.env ?? { GRAPE_URL: url, GRAPE_API_KEY: KEY, HOME: folder },
    clock: systemClock,
    random: seededRandom(1),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}

/** A folder as `grape import` takes it: `rows` points of two numbers on a quarter circle. */
async function sampleFolder(rows: number, name = 'set'): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  const numbers = Float32Array.from({ length: 2 * rows }, (_, index) => {
    const angle = ((index >> 1) / rows) * (Math.PI / 2);
    return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
  const header = encodeNpyHeader({ descr: '<f4', fortranOrder: false, shape: [rows, 2] });
  await writeFile(join(path, 'vectors.npy'), Buffer.concat([header, Buffer.from(numbers.buffer)]));
  const lines = Array.from(
    { length: rows },
    (_, row) => `{"id": "p${row}", "parity": "${row % 2 === 0 ? 'even' : 'odd'}", "n": ${row}.0}`,
  );
  await writeFile(join(path, 'points.jsonl'), `${lines.join('\n')}\n`);
  return path;
}

describe('grape import', () => {
  test('brings a folder into a collection that it makes', async () => {
    const set = await sampleFolder(250);
    const { code, out, err } = await grape(['import', set, '--create', '--batch', '40']);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^imported 250 points into "default" in \S+ s \([\d,]+ points\/s\)\n$/);
    expect(await database.count({ collection: 'default' })).toBe(250);
    const [point] = await database.getPoints('default', ['p7'], { payload: true, vectors: true });
    expect(Buffer.from(point?.payload ?? []).toString()).toBe(
      '{"id": "p7", "parity": "odd", "n": 7.0}',
    );
    expect(point?.vectors?.['']?.[1]).toBeCloseTo(Math.sin((7 / 250) * (Math.PI / 2)), 6);
    expect(await readdir(folder)).toEqual(['set']);
  });

  test('refuses a collection that is not there, or of another dimension, before it writes', async () => {
    const set = await sampleFolder(5);
    const absent = await grape(['import', set]);
    expect([absent.code, absent.err]).toEqual([
      1,
      'grape: COLLECTION_NOT_FOUND: there is no collection "default"; --create makes one\n',
    ]);
    await grape(['collections', 'create', 'default', '--dimension', '3']);
    const mismatch = await grape(['import', set]);
    expect(mismatch.code).toBe(1);
    expect(mismatch.err).toBe(
      `grape: DIMENSION_MISMATCH: vector: ${set} has vectors of 2 numbers, collection "default" takes 3\n`,
    );
    const asked = await grape(['import', set, '--dimension', '4']);
    expect(asked.code).toBe(2);
    expect(await database.count({ collection: 'default' })).toBe(0);
  });

  test('goes on where it was stopped', async () => {
    const set = await sampleFolder(1000);
    const stop = new AbortController();
    const upsert = database.upsertPoints.bind(database);
    let batches = 0;
    database.upsertPoints = (...args) => {
      batches += 1;
      if (batches === 20) stop.abort();
      return upsert(...args);
    };
    const args = ['import', set, '--create', '--batch', '10'];
    const stopped = await grape(args, { signal: stop.signal });
    expect(stopped.code).toBe(1);
    expect(stopped.err).toContain('--resume goes on behind them');
    const written = await database.count({ collection: 'default' });
    expect(written).toBeGreaterThanOrEqual(200);
    expect(written).toBeLessThan(300);
    expect(await readdir(folder)).toEqual(['set', 'set.grape-progress.json']);
    batches = 1000;
    const resumed = await grape([...args, '--resume', '--json']);
    expect(resumed.code).toBe(0);
    expect(resumed.err).toContain(`going on behind point ${written}`);
    expect(JSON.parse(resumed.out)).toMatchObject({ points: 1000 - written });
    expect(await database.count({ collection: 'default' })).toBe(1000);
    expect(await readdir(folder)).toEqual(['set']);
  });

  test('does not go on after the files or the collection changed', async () => {
    const set = await sampleFolder(100);
    await grape(['import', set, '--create', '--limit', '10']);
    await sampleFolder(101);
    const changed = await grape(['import', set, '--resume']);
    expect([changed.code, changed.err]).toEqual([
      2,
      expect.stringContaining('is of files that have changed'),
    ]);
    await grape(['import', set, '--limit', '10']);
    await grape(['collections', 'drop', 'default']);
    const anew = await grape(['import', set, '--resume', '--create']);
    expect(anew.err).toContain('is of an import into collection default (number 1)');
  });

  test('with a limit can be continued', async () => {
    const set = await sampleFolder(100);
    await grape(['import', set, '--create', '--limit', '30', '--batch', '7']);
    expect(await database.count({ collection: 'default' })).toBe(30);
    const rest = await grape(['import', set, '--resume', '--json']);
    expect(JSON.parse(rest.out)).toMatchObject({ points: 70 });
  });

  test('waits through an overloaded server, and tells', async () => {
    const set = await sampleFolder(50);
    await grape(['collections', 'create', 'default', '--dimension', '2']);
    const upsert = database.upsertPoints.bind(database);
    let refusals = 2;
    database.upsertPoints = (...args) => {
      refusals -= 1;
      if (refusals >= 0) throw new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 5 });
      return upsert(...args);
    };
    const { code, err } = await grape(['import', set, '--batch', '25', '--concurrency', '1']);
    expect(code).toBe(0);
    expect(err.match(/waiting \S+ s: OVERLOADED: full\n/g)).toHaveLength(2);
    expect(await database.count({ collection: 'default' })).toBe(50);
  });

  test('tells the line at fault and keeps what came before', async () => {
    const set = await sampleFolder(100);
    const lines = (await readFile(join(set, 'points.jsonl'), 'utf8')).split('\n');
    lines[60] = '{"id": true}';
    await writeFile(join(set, 'points.jsonl'), lines.join('\n'));
    const { code, err } = await grape(['import', set, '--create', '--batch', '10']);
    expect(code).toBe(1);
    expect(err).toContain('points.jsonl:61');
    expect(err).toContain('stopped: the first 60 points are written');
  });

  test('needs one source that is there', async () => {
    for (const args of [
      ['import'],
      ['import', 'a', '--vectors', 'b'],
      ['import', 'a', '--batch', '0'],
    ]) {
      expect((await grape(args)).code).toBe(2);
    }
    expect((await grape(['import', join(folder, 'absent.npy')])).code).toBe(1);
  });
});

describe('grape search', () => {
  beforeEach(async () => {
    await grape(['import', await sampleFolder(90), '--create']);
  });

  test('shows the nearest points as a table that fits the terminal', async () => {
    const { code, out } = await grape(['search', '--vector', '[1, 0]', '--limit', '2'], {
      columns: 40,
    });
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'rank  id   score  parity  n',
        '────  ──  ──────  ──────  ─',
        '   1  p0  1.0000  even    0',
        '   2  p1  0.9998  odd     1',
        '',
      ].join('\n'),
    );
  });

  test('takes the vector of a point and leaves the point out', async () => {
    const { out } = await grape(['search', '--like', 'p10', '--limit', '2', '--json']);
    const points = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    expect(points.map(({ id }) => id).toSorted()).toEqual(['p11', 'p9']);
    expect(out).toContain('"n": 11.0');
    const absent = await grape(['search', '--like', 'p1000']);
    expect([absent.code, absent.err]).toEqual([
      1,
      'grape: POINT_NOT_FOUND: like: there is no point "p1000"\n',
    ]);
  });

  test('takes a row of a file, a filter, a threshold and fields', async () => {
    const file = join(folder, 'set', 'vectors.npy');
    const filter = '{"must":{"key":"parity","match":{"value":"odd"}}}';
    const args = ['search', '--vector-file', file, '--row', '4', '--filter', filter];
    const { out } = await grape([...args, '--limit', '2', '--fields', 'parity']);
    expect(
      out
        .split('\n')
        .slice(2, 4)
        .map((line) => line.trim().split(/\s+/)),
    ).toEqual([
      ['1', expect.stringMatching(/^p[35]$/), '0.9998', 'odd'],
      ['2', expect.stringMatching(/^p[35]$/), '0.9998', 'odd'],
    ]);
    const none = await grape([...args, '--score-threshold', '1.5']);
    expect(none.out).toBe('nothing found\n');
    await writeFile(join(folder, 'v.json'), '[0, 1]');
    const json = await grape(['search', '--vector-file', join(folder, 'v.json'), '-n', '1']);
    expect(json.out).toContain('p89');
  });

  test.each([
    [['search'], 'one of --vector'],
    [['search', '--vector', '[1,0]', '--like', 'a'], 'one of --vector'],
    [['search', '--vector', '[]'], 'list of numbers'],
    [['search', '--vector', '[1'], 'not JSON'],
    [['search', '--vector', '[1,0]', '--limit', '0'], 'at least 1'],
    [['search', '--vector', '[1,0]', '--limit', '4294967297'], 'at most 4294967295'],
    [['search', '--vector', '[1,0]', '--filter', '{'], 'not JSON'],
    [['search', '--vector', '[1,0]', '--filter', '{"muts":[]}'], 'muts'],
    [['search', '--vector', '[1,0]', '--what'], 'unknown option'],
    [['serach'], 'unknown command'],
    [['export', '--out', '/no/such/folder/x'], '/no/such/folder/x.partial cannot be written'],
    [['cluster', 'nodse'], "unknown command 'nodse'"],
  ])('refuses %j as wrong usage', async (args, reason) => {
    const { code, err } = await grape(args);
    expect(code).toBe(2);
    expect(err).toContain(reason);
  });
});

test('an id that needs more than 64 bits is refused, and no other point is meant', async () => {
  await grape(['import', await sampleFolder(9), '--create']);
  const deleted = await grape(['delete', '18446744073709551616']);
  expect(deleted).toMatchObject({ code: 1, err: expect.stringContaining('2^64-1') });
  const file = join(folder, 'large.jsonl');
  await writeFile(file, '{"id":18446744073709551621,"vector":[1,0]}\n');
  const imported = await grape(['import', file]);
  expect(imported).toMatchObject({ code: 1, err: expect.stringContaining('at most 2^64-1') });
  expect((await grape(['count'])).out).toMatch(/^9\b/);
});

describe('grape export', () => {
  beforeEach(async () => {
    await grape(['import', await sampleFolder(90), '--create']);
  });

  test('writes what an import reads', async () => {
    const file = join(folder, 'out.jsonl');
    const { code, err } = await grape(['export', '--with-vectors', '--out', file, '--page', '7']);
    expect(code).toBe(0);
    expect(err).toMatch(/^exported 90 points in/);
    expect((await readdir(folder)).toSorted()).toEqual(['out.jsonl', 'set']);
    await grape(['import', file, '--create', '-c', 'copy']);
    const dump = async (collection: string): Promise<string> =>
      (await grape(['export', '--with-vectors', '-c', collection])).out;
    expect(await dump('copy')).toBe(await dump('default'));
    expect((await dump('copy')).split('\n')).toHaveLength(91);
  });

  test('writes vectors as an .npy file', async () => {
    const file = join(folder, 'out.npy');
    const { out } = await grape(['export', '--vectors-out', file, '--page', '40']);
    const ids = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    await using vectors = await openNpyFile(file);
    expect([vectors.rows, vectors.dimension]).toEqual([90, 2]);
    const row = await vectors.row(ids.indexOf('p30'));
    expect(row[0]).toBeCloseTo(Math.cos(Math.PI / 6), 6);
    const none = await grape(['export', '--vectors-out', join(folder, 'no.npy'), '--using', 'x']);
    expect([none.code, await readdir(folder)]).toEqual([2, ['out.npy', 'set']]);
  });
});

describe('points by id and filter', () => {
  test('are shown, counted and deleted', async () => {
    await grape(['import', await sampleFolder(10), '--create']);
    const got = await grape(['get', 'p7', 'p8', '--with-vectors']);
    expect(got.out.split('\n')).toHaveLength(3);
    expect(got.out).toContain('"vector":[');
    expect((await grape(['get', 'p7', 'nobody'])).err).toContain('1 of the points is not there');
    const odd = '{"must":{"key":"parity","match":{"value":"odd"}}}';
    expect((await grape(['count'])).out).toBe('10\n');
    expect((await grape(['count', '--filter', odd, '--json'])).out).toBe('{"count":5}\n');
    expect((await grape(['delete', 'p1', 'p2', 'p2000'])).out).toBe('deleted 2 points\n');
    expect((await grape(['delete', '--filter', odd])).out).toBe('deleted 4 points\n');
    expect((await grape(['count'])).out).toBe('4\n');
    expect((await grape(['delete'])).code).toBe(2);
    expect((await grape(['delete', 'a', '--filter', '{}'])).code).toBe(2);
  });

  test('tell integers from strings, and keep all their digits', async () => {
    const file = join(folder, 'ids.jsonl');
    const line = (id: string): string => `{"id":${id},"vector":[1,0]}\n`;
    await writeFile(file, line('42') + line('"42"') + line('18446744073709551615'));
    await grape(['import', file, '--create']);
    const { out } = await grape(['get', '42', '"42"', '18446744073709551615']);
    expect(out.match(/"id":[^,}]+/g)).toEqual([
      '"id":42',
      '"id":"42"',
      '"id":18446744073709551615',
    ]);
  });
});

describe('grape collections', () => {
  test('are made, told, given aliases and indexes, and dropped', async () => {
    const text = async (...args: readonly string[]): Promise<string> => {
      const ran = await grape(['collections', ...args]);
      expect(ran.err).toBe('');
      return ran.out;
    };
    expect(await text('create', 'a', '--dimension', '4', '--distance', 'dot')).toBe(
      'created "a"\n',
    );
    await text('create', 'b', '--vector', 't:3:cosine', '--vector', 'u:5:euclid', '--m', '8');
    await text('alias', 'create', 'now', 'a');
    await text('index', 'create', 'x.y', '--kind', 'keyword', '-c', 'a');
    expect(await text()).toMatch(/^a +0 +ready +4 dot +now$/m);
    expect(await text('list')).toMatch(/^b +0 +ready +t: 3 cosine, u: 5 euclid$/m);
    expect(await text('alias')).toMatch(/^now +a$/m);
    const described = await text('describe', 'now');
    expect(described).toMatch(/^\(unnamed\) +4 +dot/m);
    expect(described).toMatch(/^x\.y +keyword$/m);
    expect(JSON.parse(await text('describe', 'b', '--json'))).toMatchObject({
      vectors: { t: { m: 8 }, u: { dimension: 5 } },
    });
    await text('alias', 'rename', 'now', 'then');
    expect(await text('index', 'drop', 'x.y', '-c', 'then')).toBe('dropped the index of "x.y"\n');
    await text('alias', 'delete', 'then');
    expect(await text('optimize', 'a')).toBe('optimized\n');
    expect(await text('drop', 'a', '--json')).toBe('{"dropped":true}\n');
    expect(await text('drop', 'a')).toBe('there was no collection "a"\n');
    expect((await grape(['collections', 'create', 'c'])).code).toBe(2);
    expect((await grape(['collections', 'create', 'c', '--vector', 't:3:far'])).code).toBe(2);
    expect((await grape(['collections', 'create', 'b', '--dimension', '1'])).err).toMatch(
      /^grape: ALREADY_EXISTS: /,
    );
  });
});

describe('the command line', () => {
  test('tells of the server', async () => {
    const { out } = await grape(['info']);
    expect(out).toContain(`${url}, version 1.2.3`);
    expect(out).toMatch(/^ready +yes$/m);
    const json = JSON.parse((await grape(['info', '--json'])).out) as { limits: object };
    expect(json.limits).toMatchObject({ limitMax: '10000' });
  });

  test('says in one line what failed, and more with --verbose', async () => {
    const env = { GRAPE_URL: '127.0.0.1:1', HOME: folder };
    const gone = await grape(['info'], { env });
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(/^grape: NOT_READY: no server answers at 127\.0\.0\.1:1: .*\n$/);
    expect((await grape(['info', '--verbose'], { env })).err).toContain('caused by');
    const stranger = await grape(['info', '--url', url, '--api-key', 'wrong'], { env });
    expect(stranger.err).toMatch(/^grape: UNAUTHENTICATED: /);
    const missing = await grape(['info', '--ca', join(folder, 'absent.pem')]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('--ca')]);
  });

  test('explains every command with examples', async () => {
    for (const command of [
      'import',
      'search',
      'export',
      'get',
      'count',
      'delete',
      'collections',
      'info',
    ]) {
      const { code, out } = await grape([command, '--help']);
      expect([command, code]).toEqual([command, 0]);
      expect(out).toContain('Examples:\n  $ grape');
      expect(out).toContain('--url');
    }
    expect((await grape(['--help'])).out).toContain('import');
  });

  test('stops a request when asked to', async () => {
    const stop = new AbortController();
    stop.abort();
    const { code, err } = await grape(['count'], { signal: stop.signal });
    expect([code, err]).toEqual([1, 'grape: CANCELLED: given up\n']);
  });
});
