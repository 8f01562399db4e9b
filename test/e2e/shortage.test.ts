import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pause, systemClock } from '../../src/base/clock.ts';
import { restCall } from '../support/crash/change-writer.ts';
import { type ServerProcess, startServer, temporaryFolder } from '../support/server-process.ts';
import { smallDisk, takeRoom } from '../support/small-disk.ts';

const DIMENSION = 256;
const POINTS = 20;
const POLL_MS = 200;
const POLLS_MAX = 600;

/** Status, and the code of an error. */
async function tryWrite(
  { restUrl }: ServerProcess,
  first: number,
): Promise<{ readonly status: number; readonly code?: string }> {
  const points = Array.from({ length: POINTS }, (_, i) => ({
    id: first + i,
    // Numbers that do not compress.
    vector: Array.from({ length: DIMENSION }, () => Math.random()),
    payload: { n: first + i },
  }));
  const response = await fetch(`${restUrl}/vectors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ points }),
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return { status: response.status, ...(error && { code: error.code }) };
}

async function ids({ restUrl }: ServerProcess, path: '/scroll' | '/search'): Promise<Set<number>> {
  const body =
    path === '/scroll'
      ? { limit: 10_000, with_payload: false }
      : { limit: 10_000, exact: true, vector: Array.from({ length: DIMENSION }, () => 0.1) };
  const answer = await restCall<Record<string, { id: number }[]>>(restUrl, `/vectors${path}`, body);
  return new Set((answer['points'] ?? answer['results'] ?? []).map(({ id }) => id));
}

async function writeUntil(
  server: ServerProcess,
  next: { id: number },
  acknowledged: Set<number>,
  isEnough: (status: number) => boolean,
): Promise<{ readonly status: number; readonly code?: string }> {
  for (let i = 0; i < POLLS_MAX; i += 1) {
    const outcome = await tryWrite(server, next.id);
    if (outcome.status === 200) {
      for (let id = next.id; id < next.id + POINTS; id += 1) acknowledged.add(id);
    }
    next.id += POINTS;
    if (isEnough(outcome.status)) return outcome;
    if (outcome.status !== 200) await pause(systemClock, POLL_MS);
  }
  throw new Error(`nothing changed in ${POLLS_MAX} tries:\n${server.output.slice(-20).join('\n')}`);
}

const isTaken = (status: number): boolean => status === 200;
const isFull = (status: number): boolean => status === 507;

test.each([
  ['that writes run into', 0],
  ['that is seen before', 8 * 1024 * 1024],
])(
  'a full disk %s refuses writes until there is room again, and loses nothing',
  async (_, minFree) => {
    await using folder = await temporaryFolder('grape-disk');
    const mounted = smallDisk(folder.path, 96);
    if (typeof mounted === 'string') {
      process.stdout.write(`skipped: ${mounted}\n`);
      return;
    }
    using _disk = mounted;
    const dataDir = join(folder.path, 'data');
    const flags = [
      `--vector.dimension=${DIMENSION}`,
      `--storage.min_free_disk_bytes=${minFree}`,
      '--storage.write_buffer_size_mb=16',
      '--index.growing_rows=128',
      '--index.idle_optimize_ms=50',
      '--server.worker_threads=2',
    ];
    const server = await startServer({ dataDir, flags });
    const acknowledged = new Set<number>();
    const next = { id: 0 };
    for (let i = 0; i < 20; i += 1) await writeUntil(server, next, acknowledged, isTaken);
    for (let shortage = 0; shortage < 2; shortage += 1) {
      const giveBack = takeRoom(folder.path, shortage === 0 ? 1_000_000 : 100_000);
      expect(await writeUntil(server, next, acknowledged, isFull)).toEqual({
        status: 507,
        code: 'DISK_FULL',
      });
      for (const path of ['/scroll', '/search'] as const) {
        const found = await ids(server, path);
        expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
      }
      giveBack();
      await writeUntil(server, next, acknowledged, isTaken);
      await writeUntil(server, next, acknowledged, isTaken);
      const [stored, indexed] = [await ids(server, '/scroll'), await ids(server, '/search')];
      expect(indexed).toEqual(stored);
      expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    }
    await server.stop('SIGKILL');
    const again = await startServer({ dataDir, flags });
    const [stored, indexed] = [await ids(again, '/scroll'), await ids(again, '/search')];
    expect(indexed).toEqual(stored);
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    expect(await again.stop()).toBe(0);
  },
);

test('memory above its limit refuses writes, and reads go on', async () => {
  await using folder = await temporaryFolder('grape-memory');
  const flags = [`--vector.dimension=${DIMENSION}`];
  const roomy = await startServer({ dataDir: folder.path, flags });
  expect(await tryWrite(roomy, 0)).toEqual({ status: 200 });
  await roomy.stop();
  const server = await startServer({
    dataDir: folder.path,
    flags: [...flags, '--storage.memory_limit_bytes=10000000'],
  });
  expect(await tryWrite(server, POINTS)).toEqual({ status: 503, code: 'MEMORY_LIMIT' });
  expect((await ids(server, '/search')).size).toBe(POINTS);
  expect((await ids(server, '/scroll')).size).toBe(POINTS);
  expect(await server.stop()).toBe(0);
});
